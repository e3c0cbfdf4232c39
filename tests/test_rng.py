"""One stream an image."""

from typing import Any

import numpy as np
import pytest
import torch
from scipy import stats

from ganbench.errors import BadInputError
from ganbench.rng import Streams, checked_seed, generator


def test_a_draw_depends_on_seed_index_and_purpose_alone() -> None:
    together = Streams(7, (3, 4, 5)).normal("z", (16,))
    assert torch.equal(together[1], Streams(7, (4,)).normal("z", (16,))[0])
    assert torch.equal(together.flip(0), Streams(7, (5, 4, 3)).normal("z", (16,)))
    for other in (Streams(8, (4,)).normal("z", (16,)), Streams(7, (4,)).normal("w", (16,)), together[:1]):
        assert not torch.equal(together[1], other[0])


@pytest.mark.parametrize("shape", [(), (3,), (64,), (5, 7)])
def test_streams_are_the_generators_of_their_images(shape: tuple[int, ...]) -> None:
    """Each from its beginning, however much was drawn of the one before, and half a word of it left over."""
    streams = Streams(3, (5, 6, 0, 2**40 + 1, 2**62, 6, 6))

    def drawn(draw: Any) -> torch.Tensor:
        return torch.from_numpy(np.stack([np.asarray(draw(generator(3, index, "z"))) for index in streams.indices]))

    assert torch.equal(streams.normal("z", shape), drawn(lambda own: own.standard_normal(shape, dtype=np.float32)))
    assert torch.equal(streams.uniform("z", shape), drawn(lambda own: own.random(shape, dtype=np.float32)))
    assert torch.equal(streams.integers("z", 10), drawn(lambda own: own.integers(10)))


def test_draws_have_their_distributions_across_images() -> None:
    streams = Streams(0, tuple(range(4000)))
    assert stats.kstest(streams.normal("a").numpy(), "norm").pvalue > 1e-3
    assert stats.kstest(streams.uniform("b").numpy(), "uniform").pvalue > 1e-3
    counts = np.bincount(streams.integers("c", 10).numpy(), minlength=10)
    assert stats.chisquare(counts).pvalue > 1e-3
    assert counts.sum() == 4000


def test_neighbouring_images_are_uncorrelated() -> None:
    draws = Streams(0, tuple(range(2000))).normal("z", (8,)).numpy()
    lagged = (draws[1:] * draws[:-1]).mean(0)
    assert np.abs(lagged).max() < 4 / np.sqrt(2000)


def test_uniform_draws_stay_below_one_and_reach_down_to_zero() -> None:
    draws = Streams(1, tuple(range(300))).uniform("t", (100,))
    assert 0 <= draws.min() < 1e-3
    assert 1 - 1e-3 < draws.max() < 1


@pytest.mark.parametrize("seed", [1.5, True, -1, 2**63, "1", None])
def test_another_kind_of_seed_is_refused(seed: Any) -> None:
    with pytest.raises(BadInputError, match="whole number from 0 to 2"):
        Streams(seed, (0,)).normal("z", (2,))
    assert checked_seed(np.int64(7)) == 7
