import pytest
import torch

from baselines.training.data import Batches, BatchSegment, fingerprint, to_float

IMAGES = torch.arange(10, dtype=torch.uint8).reshape(10, 1, 1, 1).expand(10, 1, 2, 2) * 20


def shown(batches, steps):
    images = torch.cat([batches.draw(step)[0] for step in steps])
    return ((images[:, 0, 0, 0] + 1) * 127.5 / 20).round().int().tolist()


def test_every_epoch_shows_every_image_once_in_another_order():
    order = shown(Batches(IMAGES, None, 5, seed=1), range(8))
    epochs = [order[i : i + 10] for i in range(0, 40, 10)]
    assert all(sorted(epoch) == list(range(10)) for epoch in epochs)
    assert len({tuple(epoch) for epoch in epochs}) == 4


def test_a_batch_depends_on_seed_and_step_alone():
    forwards, backwards = Batches(IMAGES, None, 3, seed=1), Batches(IMAGES, None, 3, seed=1)
    order = shown(forwards, range(9))
    assert shown(backwards, reversed(range(9))) == [x for i in reversed(range(9)) for x in order[3 * i : 3 * i + 3]]
    assert shown(Batches(IMAGES, None, 3, seed=2), range(9)) != order


def test_batch_sizes_may_change_and_no_image_is_left_out():
    batches = Batches(
        IMAGES, None, 1, seed=1, segments=(BatchSegment(0, 0, 4), BatchSegment(2, 8, 2), BatchSegment(3, 10, 5))
    )
    assert [batches.shown(step) for step in range(6)] == [0, 4, 8, 10, 15, 20]
    assert [batches.steps(nimg) for nimg in (0, 4, 8, 9, 10, 14, 20)] == [0, 1, 2, 2, 3, 4, 5]
    assert [len(batches.draw(step)[0]) for step in range(5)] == [4, 4, 2, 5, 5]
    assert shown(batches, range(5)) == shown(Batches(IMAGES, None, 5, seed=1), range(4))


def test_a_batch_larger_than_the_data_wraps_around():
    assert sorted(shown(Batches(IMAGES[:3], None, 6, seed=0), [0])) == [0, 0, 1, 1, 2, 2]


def test_pixels_span_minus_one_to_one():
    images = torch.tensor([0, 255], dtype=torch.uint8).reshape(2, 1, 1, 1)
    assert sorted(Batches(images, None, 2, seed=0).draw(0)[0].flatten().tolist()) == [-1.0, 1.0]


def test_numbers_are_those_of_the_formula_and_the_argument_stays():
    images = torch.arange(256, dtype=torch.uint8)
    assert torch.equal(to_float(images), images.float() / 127.5 - 1)
    numbers = images.float()
    to_float(numbers)
    assert torch.equal(numbers, images.float())


def test_labels_stay_with_their_images():
    labels = torch.eye(10)
    images, drawn = Batches(IMAGES, labels, 5, seed=4).draw(3)
    assert torch.equal(drawn.argmax(1) * 20, ((images[:, 0, 0, 0] + 1) * 127.5).round().long())


def test_mirror_flips_about_half_and_nothing_else():
    images = torch.tensor([[0, 255]], dtype=torch.uint8).expand(64, 1, 1, 2)
    left = Batches(images, None, 64, seed=0, mirror=True).draw(0)[0][:, 0, 0, 0]
    assert 16 < (left > 0).sum() < 48
    assert set(left.tolist()) == {-1.0, 1.0}


@pytest.mark.parametrize(
    ("images", "labels", "words"),
    [
        (IMAGES[:0], None, "expected images to train on, found none"),
        (IMAGES.float(), None, "uint8"),
        (IMAGES[:, 0], None, r"\[C, H, W\]"),
        (IMAGES, torch.eye(9), "expected one label for each of 10 images, found 9"),
        (IMAGES.numpy(), None, r"expected training images as tensors \[C, H, W\] uint8, found ndarray"),
        (IMAGES, [0] * 10, r"expected labels as a tensor \[N, c_dim\]"),
    ],
)
def test_bad_data_are_refused_in_a_sentence(images, labels, words):
    with pytest.raises(ValueError, match=words):
        Batches(images, labels, 4, seed=0)


def test_the_fingerprint_sees_content_order_and_labels():
    base = fingerprint(IMAGES, None)
    assert base == fingerprint(IMAGES.clone(), None)
    changed = IMAGES.clone()
    changed[3, 0, 1, 1] += 1
    others = [fingerprint(changed, None), fingerprint(IMAGES.flip(0), None), fingerprint(IMAGES, torch.eye(10))]
    assert len({base, *others}) == 4
