"""Moves of images: exact ones, where a bump goes, and how often and how far they happen."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch.autograd import gradcheck, gradgradcheck

from baselines.ops.upfirdn2d import setup_filter
from baselines.training.ada import geometry
from baselines.training.ada.geometry import SYM6, scaling, translation, warp

WAVELET = setup_filter(SYM6)
EYE = torch.eye(3, dtype=torch.float64)[None]


def draws(seed=0):
    return torch.Generator().manual_seed(seed)


def smooth(count=1, height=16, width=16, channels=1):
    """Noise without the finest detail, which no resampling keeps."""
    coarse = torch.randn(count, channels, height // 4, width // 4, generator=draws(), dtype=torch.float64)
    return F.interpolate(coarse, size=(height, width), mode="bicubic", align_corners=False)


def bump(x, y, width=2.0, size=32):
    """A bell centred at (x, y) pixels from the middle."""
    at = torch.arange(size, dtype=torch.float64) - (size - 1) / 2
    return torch.exp(-((at[None, :] - x) ** 2 + (at[:, None] - y) ** 2) / (2 * width**2))[None, None]


def moments(image):
    """Total, centre of mass (x, y) in pixels from the middle, and mean square distance from it."""
    at = torch.arange(image.shape[-1], dtype=torch.float64) - (image.shape[-1] - 1) / 2
    total = image.sum()
    x, y = (image * at[None, :]).sum() / total, (image * at[:, None]).sum() / total
    spread = (image * ((at[None, :] - x) ** 2 + (at[:, None] - y) ** 2)).sum() / total
    return [float(value) for value in (total, x, y, spread)]


def test_the_wavelet_is_orthogonal_to_its_even_shifts():
    h = torch.tensor(SYM6, dtype=torch.float64)
    products = [float(h[2 * k :] @ h[: len(h) - 2 * k]) for k in range(6)]
    assert products == pytest.approx([1, 0, 0, 0, 0, 0], abs=1e-11)
    assert h.sum().item() == pytest.approx(math.sqrt(2))


@pytest.mark.parametrize(("height", "width"), [(16, 16), (8, 20)])
def test_nothing_done_is_nothing_changed(height, width):
    images = torch.randn(2, 3, height, width, generator=draws(), dtype=torch.float64)
    torch.testing.assert_close(warp(images, EYE.expand(2, 3, 3), WAVELET), images, rtol=0, atol=1e-6)


def test_whole_shifts_are_exact_and_reflect_at_the_border():
    images = torch.randn(1, 2, 12, 16, generator=draws(), dtype=torch.float64)
    moved = warp(images, translation(3.0, -2.0), WAVELET)
    torch.testing.assert_close(moved, F.pad(images, [3, 0, 0, 2], mode="reflect")[:, :, 2:, :16], rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    ("G", "expected"),
    [
        (scaling(-1.0, 1.0), lambda x: x.flip(3)),
        (geometry.rotation(torch.tensor([math.pi])), lambda x: x.flip([2, 3])),
        (geometry.rotation(torch.tensor([math.pi / 2], dtype=torch.float64)), lambda x: x.rot90(-1, [2, 3])),
    ],
    ids=["flip", "half turn", "quarter turn"],
)
def test_flips_and_quarter_turns_of_smooth_images(G, expected):
    # The wavelet is not quite symmetric: its centre of mass is a tenth of a sample off, which turning doubles.
    images = bump(4, 2, width=4)
    torch.testing.assert_close(warp(images, G.double(), WAVELET), expected(images), rtol=0, atol=0.02)


def test_each_image_has_its_own_transformation():
    images = smooth().expand(2, -1, -1, -1)
    moved = warp(images, torch.cat([EYE, translation(2.0, 0.0)]), WAVELET)
    torch.testing.assert_close(moved[:1], images[:1], rtol=0, atol=1e-6)
    torch.testing.assert_close(moved[1, :, :, 2:], images[1, :, :, :-2], rtol=0, atol=1e-6)


def test_a_bump_goes_where_the_matrix_says():
    total, *_, spread = moments(bump(4, 2))
    angle = torch.tensor([0.6], dtype=torch.float64)
    G = translation(1.3, -2.6) @ geometry.rotation(angle) @ scaling(1.25, 1.25)
    moved = moments(warp(bump(4, 2), G, WAVELET))
    x, y = 5 * math.cos(0.6) - 2.5 * math.sin(0.6) + 1.3, 5 * math.sin(0.6) + 2.5 * math.cos(0.6) - 2.6
    assert moved[1:3] == pytest.approx([x, y], abs=0.05)
    assert moved[0] == pytest.approx(total * 1.25**2, rel=0.01)
    assert moved[3] == pytest.approx(spread * 1.25**2, rel=0.05)


def test_warping_is_linear_and_differentiable_twice():
    images = torch.randn(1, 1, 5, 5, generator=draws(), dtype=torch.float64, requires_grad=True)
    G = translation(0.3, 0.4) @ geometry.rotation(torch.tensor([0.5], dtype=torch.float64))

    def square_of_warped(x):
        return warp(x, G, WAVELET) ** 2

    assert gradcheck(square_of_warped, images)
    assert gradgradcheck(square_of_warped, images)


def share(condition):
    return condition.double().mean().item()


@pytest.mark.parametrize("p", [0.0, 0.3, 1.0])
def test_how_often_each_transformation_happens(p):
    count, size, near = 20000, (16, 32), {"abs": 0.015}
    G = geometry.blits(count, size, p, draws())
    assert share(G[:, :2, :2].det() < 0) == pytest.approx(p / 2, **near)
    turned = G[:, 0, 1].abs() > 0.5  # by one or three quarters
    assert share(turned) == pytest.approx(p / 2, **near)
    assert share(G[:, 0, 2] != 0) == pytest.approx(p * 0.75, **near)  # 2 of 16 pixels at most: rounds to 0 for 1 in 4
    assert share(G[:, 1, 2] != 0) == pytest.approx(p * 0.875, **near)
    assert torch.equal(G[:, :2, 2], G[:, :2, 2].round())
    assert G[:, :2, 2].abs().amax(0).tolist() == ([2, 4] if p else [0, 0])
    G = geometry.geometry(count, size, p, draws())
    scale = G[:, :2, :2].det().sqrt()
    assert share((scale - 1).abs() > 1e-12) == pytest.approx(p, **near)
    assert share(G[:, 0, 1] != 0) == pytest.approx(p, **near)  # by either rotation
    stretched = (G[:, :2, :2] / scale[:, None, None]).norm(dim=(1, 2)) > math.sqrt(2) + 1e-9
    assert share(stretched) == pytest.approx(p, **near)
    assert share(G[:, 0, 2] != 0) == pytest.approx(p, **near)


def test_how_far_the_geometry_goes():
    G = geometry.geometry(20000, (16, 32), 1.0, draws())
    assert G[:, :2, :2].det().sqrt().log2().std().item() == pytest.approx(0.2, rel=0.03)
    assert G[:, :2, 2].std(0).tolist() == pytest.approx([2, 4], rel=0.03)
    singular = torch.linalg.svdvals(G[:, :2, :2])
    stretch = (singular[:, 0] / singular[:, 1]).log2() / 2
    assert stretch.square().mean().sqrt().item() == pytest.approx(0.2, rel=0.03)
