"""Every preprocess mode against Pillow by hand, and what a run makes of it."""

import dataclasses

import numpy as np
import pytest
import torch
from PIL import Image

from baselines.cyclegan.data import Unpaired
from baselines.errors import TrainingError
from baselines.pix2pix.data import Paired
from baselines.training.streams import stream
from baselines.translation.preprocessing import Preprocessing

WIDE = torch.randint(256, [3, 18, 30], dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


def by_hand(image, width, height):
    colour = Image.fromarray(image.permute(1, 2, 0).numpy())
    return torch.from_numpy(np.array(colour.resize((width, height), Image.Resampling.BICUBIC))).permute(2, 0, 1)


@pytest.mark.parametrize(
    ("mode", "image", "width", "height"),
    [
        ("resize_and_crop", WIDE, 20, 20),
        ("scale_width", WIDE, 20, 12),  # 20 * 18 / 30
        ("scale_width_and_crop", WIDE, 20, 12),
        ("scale_width", WIDE[:, :9], 20, 10),  # no lower than a crop of 10
        ("crop", WIDE, 30, 18),
        ("none", WIDE, 32, 16),  # 7.5 and 4.5 times four, to the even of two neighbours
        ("none", WIDE[:, :15, :17], 16, 16),
    ],
)
def test_images_are_resized_as_pillow_does(mode, image, width, height):
    views = Preprocessing(mode, load_size=20, crop_size=10)
    assert torch.equal(views.resized(image), by_hand(image, width, height))


def test_an_image_of_the_right_width_stays_as_it_is():
    assert torch.equal(Preprocessing("scale_width", 30, 10).resized(WIDE), WIDE)
    assert Preprocessing("scale_width", 30, 24).resized(WIDE).shape == (3, 24, 30)


@pytest.mark.parametrize("mode", ["crop", "resize_and_crop", "scale_width_and_crop"])
def test_crops_are_uniform_parts_of_the_resized_image(mode):
    image = torch.arange(12 * 20, dtype=torch.uint8).view(1, 12, 20)
    views = Preprocessing(mode, load_size=0, crop_size=10)
    found = {int(views.view(image, *views.drawn(12, 20, stream(0, i, "x")))[0, 0, 0]) for i in range(600)}
    assert found == {top * 20 + left for top in range(3) for left in range(11)}


@pytest.mark.parametrize("mode", ["scale_width", "none"])
def test_modes_without_a_crop_show_the_whole_image(mode):
    views = Preprocessing(mode, load_size=32, crop_size=8)
    assert views.view(WIDE, *views.drawn(18, 30, stream(0, 0, "x"))).shape[2] == 32
    assert views.drawn(18, 30, stream(0, 0, "x"))[:2] == (0, 0)


def test_half_of_the_images_are_mirrored():
    views = Preprocessing("none", mirror=True)
    flips = [views.drawn(16, 16, stream(0, i, "x"))[2] for i in range(1000)]
    assert abs(sum(flips) - 500) < 80
    image = WIDE[:, :16, :16]
    assert torch.equal(views.view(image, 0, 0, True), image.flip(2))


def test_the_sheet_of_samples_shows_the_middle_where_resizing_does_not_reach():
    views = Preprocessing("crop", crop_size=10)
    assert torch.equal(views.shown(WIDE), WIDE[:, 4:14, 10:20])
    assert torch.equal(Preprocessing("resize_and_crop", 20, 10).shown(WIDE), by_hand(WIDE, 10, 10))


@pytest.mark.parametrize("mode", ["crop", "scale_width_and_crop"])
def test_a_crop_larger_than_the_images_is_refused_before_anything_starts(mode):
    with pytest.raises(TrainingError, match="expected a crop of at most 30x18 pixels, found 24"):
        Unpaired(WIDE[None], None, 1, 0, others=WIDE[None], preprocess=mode, crop_size=24)
    with pytest.raises(TrainingError, match="expected a crop of at most 30x18 pixels, found 24"):
        Paired(WIDE[None], None, 1, 0, truths=WIDE[None], preprocess=mode, crop_size=24)


def test_both_images_of_a_pair_get_the_same_view():
    images = WIDE[None, :, :16, :24]
    batches = Paired(images, None, 1, 0, truths=images, preprocess="scale_width_and_crop", load_size=18, crop_size=8)
    batches = dataclasses.replace(batches, mirror=True)
    source, truth = batches.draw(3)[0].chunk(2, dim=1)
    assert source.shape == (1, 3, 8, 8)
    assert torch.equal(source, truth)
