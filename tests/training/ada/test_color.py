"""Colours of images in closed form, and how often they change."""

import math

import pytest
import torch

from baselines.training.ada.color import colors, recolor, turn_about_luma


def draws(seed=0):
    return torch.Generator().manual_seed(seed)


def test_a_third_of_a_turn_about_grey_permutes_the_channels():
    C = turn_about_luma(torch.tensor([2 * math.pi / 3], dtype=torch.float64))
    images = torch.randn(1, 3, 2, 2, generator=draws(), dtype=torch.float64)
    torch.testing.assert_close(recolor(images, C), images.roll(1, dims=1))


def test_grey_images_are_coloured_as_if_in_three_channels():
    grey = torch.randn(4, 1, 2, 2, generator=draws(), dtype=torch.float64)
    C = colors(4, 1.0, draws(1))
    coloured = recolor(grey.expand(-1, 3, -1, -1), C)
    torch.testing.assert_close(recolor(grey, C), coloured.mean(1, keepdim=True))


def test_colours_in_closed_form():
    C = colors(20000, 1.0, draws())
    brightness = (C[:, :3].sum((1, 2)) - C[:, :3, :3].sum((1, 2))) / 3  # grey that black becomes
    contrast = C[:, :3, :3].sum((1, 2)) / 3  # of grey, with its sign
    flipped = contrast < 0
    assert flipped.double().mean().item() == pytest.approx(0.5, abs=0.02)
    assert contrast.abs().log2().std().item() == pytest.approx(0.5, rel=0.03)
    assert (brightness / contrast).std().item() == pytest.approx(0.2, rel=0.03)
    saturation = (C[:, :3, :3].det().abs() / contrast.abs() ** 3).sqrt()
    assert saturation.log2().std().item() == pytest.approx(1.0, rel=0.03)
    # Opposite hues are as likely as any: the turned axis of red points everywhere about the axis of grey.
    red = C[:, :3, 0] - C[:, :3, 0].mean(1, keepdim=True)
    angle = torch.atan2((red[:, 1] - red[:, 2]) / math.sqrt(2), red @ torch.tensor([2.0, -1, -1]).double() / 6**0.5)
    quarters = torch.histc(angle, bins=4, min=-math.pi, max=math.pi) / 20000
    assert quarters.tolist() == pytest.approx([0.25] * 4, abs=0.02)


@pytest.mark.parametrize("p", [0.0, 0.3, 1.0])
def test_how_often_colours_change(p):
    C = colors(20000, p, draws())
    assert (C[:, :3, 3].abs().sum(1) > 0).double().mean().item() == pytest.approx(p, abs=0.015)
    assert (C[:, :3, :3].det() < 0).double().mean().item() == pytest.approx(p / 2, abs=0.015)


def test_colours_of_two_channels_are_refused():
    with pytest.raises(ValueError, match="for the augmentation color, found 2"):
        recolor(torch.zeros(1, 2, 8, 8), colors(1, 1.0, draws()))
