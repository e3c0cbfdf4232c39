import pytest
import torch

from baselines.errors import TrainingError
from baselines.pix2pix.data import Paired

DRAWS = torch.Generator().manual_seed(0)
SOURCES = torch.randint(256, [5, 1, 12, 12], dtype=torch.uint8, generator=DRAWS)
TRUTHS = torch.cat([255 - SOURCES, SOURCES // 2, SOURCES], 1)  # [5, 3, 12, 12]


def test_pairs_stay_pairs_whatever_is_cropped_and_flipped():
    batches = Paired(SOURCES, None, 4, seed=1, truths=TRUTHS, mirror=True, crop_size=8)
    seen = set()
    for step in range(5):
        images, labels = batches.draw(step)
        assert labels is None
        assert images.shape == (4, 4, 8, 8)
        assert torch.allclose(images[:, 1], -images[:, 0], atol=1e-6)
        assert torch.equal(images[:, 3], images[:, 0])
        seen |= {row.numpy().tobytes() for row in images}
    assert len(seen) > 10, "crops and flips differ"


def test_an_epoch_shows_every_pair_once_in_an_order_of_seed_and_position_alone():
    batches = Paired(SOURCES, None, 1, seed=1, truths=TRUTHS)
    shown = [batches.draw(step)[0][0, 0] for step in range(10)]
    whole = (SOURCES[:, 0].float() / 127.5 - 1).flatten(1)
    for epoch in (shown[:5], shown[5:]):
        found = [int((whole - image.flatten()).abs().sum(1).argmin()) for image in epoch]
        assert sorted(found) == [0, 1, 2, 3, 4]
    assert torch.equal(Paired(SOURCES, None, 1, seed=1, truths=TRUTHS).draw(7)[0][0, 0], shown[7])
    assert not torch.equal(Paired(SOURCES, None, 5, seed=2, truths=TRUTHS).draw(0)[0][:, 0], torch.stack(shown[:5]))


def test_images_are_resized_before_they_are_cropped():
    flat = torch.full([2, 1, 12, 12], 100, dtype=torch.uint8)
    images, _ = Paired(flat, None, 2, seed=0, truths=flat, load_size=20, crop_size=16).draw(0)
    assert images.shape == (2, 2, 16, 16)
    assert images.unique().tolist() == pytest.approx([100 / 127.5 - 1])


@pytest.mark.parametrize(
    ("truths", "changes", "words"),
    [
        (TRUTHS[:4], {}, "one ground truth for each of 5 source images, found 4"),
        (TRUTHS[..., :8], {}, r"pairs of one size and dtype, found \[1, 12, 12\] torch.uint8 and \[3, 12, 8\]"),
        (TRUTHS, {"crop_size": 13}, "crop of at most 12x12 pixels, found 13"),
        (TRUTHS, {"load_size": 10, "crop_size": 12}, "crop of at most 10x10 pixels, found 12"),
    ],
)
def test_pairs_that_cannot_be_trained_on_are_refused(truths, changes, words):
    with pytest.raises(TrainingError, match=words):
        Paired(SOURCES, None, 2, seed=0, truths=truths, **changes)
