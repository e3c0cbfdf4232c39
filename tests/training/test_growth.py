"""The schedule of progressive growing, by hand."""

import pytest

from baselines.training.data import BatchSegment
from baselines.training.growth import Growth

SMALL = Growth(32, 8, training_kimg=2, transition_kimg=1, batch=10, batches={8: 40, 16: 20}, g_lr=1.0, g_lrs={32: 2.0})


def test_levels_are_trained_and_faded_in_turn() -> None:
    kimg_and_lod = [(0, 2), (2, 2), (2.5, 1.5), (3, 1), (5, 1), (5.25, 0.75), (6, 0), (100, 0)]
    assert [SMALL.at(round(kimg * 1000)).lod for kimg, _ in kimg_and_lod] == pytest.approx(
        [lod for _, lod in kimg_and_lod]
    )


def test_what_fades_in_counts_as_there() -> None:
    at = SMALL.at(2001)
    assert (at.resolution, at.batch, at.g_lr, at.d_lr) == (16, 20, 1.0, 0.001)
    assert (SMALL.at(2000).resolution, SMALL.at(2000).batch) == (8, 40)
    assert (SMALL.at(5001).resolution, SMALL.at(5001).batch, SMALL.at(5001).g_lr) == (32, 10, 2.0)


def test_segments_hold_one_batch_size_and_leave_no_image_out() -> None:
    assert SMALL.segments(7000) == (BatchSegment(0, 0, 40), BatchSegment(51, 2040, 20), BatchSegment(200, 5020, 10))
    assert SMALL.segments(1000) == (BatchSegment(0, 0, 40),)
    assert SMALL.segments(0) == (BatchSegment(0, 0, 40),)


def test_without_fading_levels_change_at_once_and_without_phases_there_is_one() -> None:
    sudden = Growth(16, 8, training_kimg=2, transition_kimg=0)
    assert [sudden.at(nimg).lod for nimg in (0, 1999, 2000)] == [1, 1, 0]
    assert Growth(16, 8, training_kimg=0, transition_kimg=0).at(0).lod == 0
    assert Growth(16, 16).at(0).lod == 0


def stepwise(growth, nimg):
    """The segments by looking at every step."""
    found, step, shown = [], 0, 0
    while shown < nimg or not found:
        batch = growth.at(shown).batch
        if not found or batch != found[-1].batch:
            found.append(BatchSegment(step, shown, batch))
        step, shown = step + 1, shown + batch
    return tuple(found)


@pytest.mark.parametrize("training_kimg", [0, 0.013, 1, 2.7])
@pytest.mark.parametrize("transition_kimg", [0, 0.1, 1.1])
@pytest.mark.parametrize("batches", [{}, {8: 7, 16: 5}, {4: 64, 8: 32, 16: 16, 32: 8}])
def test_segments_are_those_of_looking_at_every_step(training_kimg, transition_kimg, batches):
    growth = Growth(32, 4, training_kimg, transition_kimg, 3, batches)
    for nimg in (0, 1, 500, 9000):
        assert growth.segments(nimg) == stepwise(growth, nimg)


def test_the_longest_run_is_planned_at_once():
    segments = Growth(1024, 8, 1e6, 1e6, 32, {8: 256, 16: 128}).segments(10**12)
    assert [segment.batch for segment in segments] == [256, 128, 32]
