"""Edits of images."""

import io

import numpy as np
import pytest
import torch
from PIL import Image

from ganbench.explain.edits import EDITS, jpeg, unrounded
from ganbench.images import to_uint8
from tests.explain.sets import noise


@pytest.mark.parametrize("channels", [1, 3])
def test_jpeg_is_what_pillow_saves_and_reads(channels: int) -> None:
    images = noise(3, 0, channels)
    for image, found in zip(images, jpeg(images, 75), strict=True):
        file = io.BytesIO()
        Image.fromarray(image.permute(1, 2, 0).numpy().squeeze()).save(file, "JPEG", quality=75)
        expected = np.array(Image.open(file)).reshape(32, 32, channels)
        assert (found.permute(1, 2, 0).numpy() == expected).all()


@pytest.mark.parametrize("edit", EDITS)
def test_edits_keep_shape_and_kind_and_change_something(edit: str) -> None:
    images = noise(3, 0, 3)
    before = images.clone()
    found = EDITS[edit](images)
    assert found.shape == images.shape
    assert found.dtype == torch.uint8
    assert (found != images).any()
    assert torch.equal(images, before)


def test_images_that_are_not_rounded_are_within_a_level_of_those_that_are() -> None:
    images = torch.linspace(-1.5, 1.5, 64).reshape(1, 1, 8, 8)
    found = unrounded(images)
    assert (found.min(), found.max()) == (0, 255)
    assert (found - to_uint8(images).float()).abs().max() <= 0.5
