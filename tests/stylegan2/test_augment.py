"""Adaptive augmentation: exact moves, closed forms of colours, probabilities, and the controller."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch.autograd import gradcheck, gradgradcheck

from baselines.ops.upfirdn2d import setup_filter
from baselines.stylegan2 import augment
from baselines.stylegan2.augment import SYM6, AugmentPipe, scaling, translation, warp

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
        (augment.rotation(torch.tensor([math.pi])), lambda x: x.flip([2, 3])),
        (augment.rotation(torch.tensor([math.pi / 2], dtype=torch.float64)), lambda x: x.rot90(-1, [2, 3])),
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
    G = translation(1.3, -2.6) @ augment.rotation(angle) @ scaling(1.25, 1.25)
    moved = moments(warp(bump(4, 2), G, WAVELET))
    x, y = 5 * math.cos(0.6) - 2.5 * math.sin(0.6) + 1.3, 5 * math.sin(0.6) + 2.5 * math.cos(0.6) - 2.6
    assert moved[1:3] == pytest.approx([x, y], abs=0.05)
    assert moved[0] == pytest.approx(total * 1.25**2, rel=0.01)
    assert moved[3] == pytest.approx(spread * 1.25**2, rel=0.05)


def test_warping_is_linear_and_differentiable_twice():
    images = torch.randn(1, 1, 5, 5, generator=draws(), dtype=torch.float64, requires_grad=True)
    G = translation(0.3, 0.4) @ augment.rotation(torch.tensor([0.5], dtype=torch.float64))

    def square_of_warped(x):
        return warp(x, G, WAVELET) ** 2

    assert gradcheck(square_of_warped, images)
    assert gradgradcheck(square_of_warped, images)


def test_a_third_of_a_turn_about_grey_permutes_the_channels():
    C = augment.turn_about_luma(torch.tensor([2 * math.pi / 3], dtype=torch.float64))
    images = torch.randn(1, 3, 2, 2, generator=draws(), dtype=torch.float64)
    torch.testing.assert_close(augment.recolour(images, C), images.roll(1, dims=1))


def test_grey_images_are_coloured_as_if_in_three_channels():
    grey = torch.randn(4, 1, 2, 2, generator=draws(), dtype=torch.float64)
    C = augment.colours(4, 1.0, draws(1))
    coloured = augment.recolour(grey.expand(-1, 3, -1, -1), C)
    torch.testing.assert_close(augment.recolour(grey, C), coloured.mean(1, keepdim=True))


def test_colours_in_closed_form():
    C = augment.colours(20000, 1.0, draws())
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


def share(condition):
    return condition.double().mean().item()


@pytest.mark.parametrize("p", [0.0, 0.3, 1.0])
def test_how_often_each_transformation_happens(p):
    count, size, near = 20000, (16, 32), {"abs": 0.015}
    G = augment.blits(count, size, p, draws())
    assert share(G[:, :2, :2].det() < 0) == pytest.approx(p / 2, **near)
    turned = G[:, 0, 1].abs() > 0.5  # by one or three quarters
    assert share(turned) == pytest.approx(p / 2, **near)
    assert share(G[:, 0, 2] != 0) == pytest.approx(p * 0.75, **near)  # 2 of 16 pixels at most: rounds to 0 for 1 in 4
    assert share(G[:, 1, 2] != 0) == pytest.approx(p * 0.875, **near)
    assert torch.equal(G[:, :2, 2], G[:, :2, 2].round())
    assert G[:, :2, 2].abs().amax(0).tolist() == ([2, 4] if p else [0, 0])
    G = augment.geometry(count, size, p, draws())
    scale = G[:, :2, :2].det().sqrt()
    assert share((scale - 1).abs() > 1e-12) == pytest.approx(p, **near)
    assert share(G[:, 0, 1] != 0) == pytest.approx(p, **near)  # by either rotation
    stretched = (G[:, :2, :2] / scale[:, None, None]).norm(dim=(1, 2)) > math.sqrt(2) + 1e-9
    assert share(stretched) == pytest.approx(p, **near)
    assert share(G[:, 0, 2] != 0) == pytest.approx(p, **near)
    C = augment.colours(count, p, draws())
    assert share(C[:, :3, 3].abs().sum(1) > 0) == pytest.approx(p, **near)
    assert share(C[:, :3, :3].det() < 0) == pytest.approx(p / 2, **near)


def test_how_far_the_geometry_goes():
    G = augment.geometry(20000, (16, 32), 1.0, draws())
    assert G[:, :2, :2].det().sqrt().log2().std().item() == pytest.approx(0.2, rel=0.03)
    assert G[:, :2, 2].std(0).tolist() == pytest.approx([2, 4], rel=0.03)
    singular = torch.linalg.svdvals(G[:, :2, :2])
    stretch = (singular[:, 0] / singular[:, 1]).log2() / 2
    assert stretch.square().mean().sqrt().item() == pytest.approx(0.2, rel=0.03)


def test_switched_off_it_does_nothing():
    images = torch.randn(2, 3, 8, 8)
    assert AugmentPipe()(images, draws()) is images


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("groups", ["b", "g", "c", "bg", "bgc"])
@pytest.mark.usefixtures("untouched_random_state")
def test_the_same_draws_give_the_same_images(groups, channels):
    pipe, images = AugmentPipe(groups, p=0.8), smooth(4, channels=channels).float()
    first = pipe(images, draws())
    assert first.shape == images.shape
    assert first.dtype == torch.float32
    assert torch.equal(first, pipe(images, draws()))
    assert not torch.allclose(first, pipe(images, draws(1)))
    assert not torch.allclose(first, images)


def test_only_the_groups_asked_for():
    flat = torch.full([64, 3, 8, 8], 0.5)
    moved = AugmentPipe("b", p=1.0)(flat, draws())
    torch.testing.assert_close(moved, flat)
    coloured = AugmentPipe("c", p=1.0)(smooth(64, channels=3), draws())
    assert AugmentPipe("c", p=1.0)(flat, draws()).flatten(2).std(2).max() < 1e-6  # every pixel alike
    assert coloured.shape == (64, 3, 16, 16)


@pytest.mark.parametrize("groups", ["", "x", "bgf"])
def test_unknown_groups_are_refused(groups):
    with pytest.raises(ValueError, match="bgc"):
        AugmentPipe(groups)


def test_colours_of_two_channels_are_refused():
    with pytest.raises(ValueError, match="for colour augmentation, found 2"):
        AugmentPipe("c", p=1.0)(torch.zeros(1, 2, 8, 8), draws())


def test_the_probability_follows_the_sign_of_the_scores():
    pipe = AugmentPipe(p=0.5)
    pipe.adapt(0.6, 1.0)
    assert pipe.p.item() == 0.5, "nothing seen, nothing learned"
    pipe.observe(torch.tensor([[3.0], [0.1], [2.0], [5.0]]))  # all above zero: overfitting
    pipe.observe(torch.tensor([[1.0]] * 4))
    assert pipe.state_dict().keys() == {"p", "signs", "count"}
    pipe.adapt(0.6, 1.0)
    assert pipe.p.item() == pytest.approx(0.5 + 8 / 1000)
    pipe.observe(torch.tensor([[1.0], [-1.0]]))  # mean sign 0, below the target
    pipe.adapt(0.6, 1.0)
    assert pipe.p.item() == pytest.approx(0.5 + 6 / 1000)
    pipe.observe(-torch.ones(800, 1))
    pipe.adapt(0.6, 1.0)
    assert pipe.p.item() == 0, "never below zero"


def test_beyond_one_the_probability_is_one():
    images = smooth(2).float()
    assert torch.equal(AugmentPipe(p=1.7)(images, draws()), AugmentPipe(p=1.0)(images, draws()))
