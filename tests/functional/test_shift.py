"""Translations: whole pixels exactly, fractions against the sum of their definition, masks against a larger image."""

import math

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from ganbench.errors import BadInputError
from ganbench.functional import translate_fractional, translate_integer


def noise(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(seed).standard_normal(shape))


def lanczos_sum(image: NDArray[np.float64], shift: float, a: int) -> NDArray[np.float64]:
    """Return rows moved right by ``shift`` pixels: at each pixel, the Lanczos kernel around where it came from."""
    width = image.shape[1]
    result = np.zeros_like(image)
    first = math.floor(-shift) - a
    weight_of = {m: float(np.sinc(-shift - m) * np.sinc((-shift - m) / a)) for m in range(first, first + 2 * a + 2)}
    weight_of = {m: w for m, w in weight_of.items() if abs(-shift - m) < a}
    total = sum(weight_of.values())
    for n in range(width):
        for m, weight in weight_of.items():
            if 0 <= n + m < width:
                result[:, n] += image[:, n + m] * weight / total
    return result


@pytest.mark.parametrize(("dx", "dy"), [(0, 0), (3, 0), (0, -2), (-5, 4), (15, 11), (-15, -11)])
def test_whole_pixels_roll(dx: int, dy: int) -> None:
    x = noise(2, 3, 12, 16)
    image, mask = translate_integer(x, dx / 16, dy / 12)
    rows, columns = torch.arange(12)[:, None] - dy, torch.arange(16) - dx
    known = ((rows >= 0) & (rows < 12) & (columns >= 0) & (columns < 16)).double().expand(x.shape)
    assert torch.equal(mask, known)
    assert torch.equal(image, torch.roll(x, (dy, dx), dims=(2, 3)) * known)


def test_positive_is_right_and_down() -> None:
    x = torch.zeros(1, 1, 8, 8)
    x[0, 0, 2, 3] = 1
    assert translate_integer(x, 1 / 8, 2 / 8)[0].nonzero().tolist() == [[0, 0, 4, 4]]


@pytest.mark.parametrize("t", [1.0, -1.0, 7.3])
def test_nothing_is_left_of_an_image_moved_out(t: float) -> None:
    x = torch.ones(1, 1, 8, 8)
    for image, mask in (
        translate_integer(x, t, 0.0),
        translate_integer(x, 0.0, t),
        translate_fractional(x, 3 * t, 0.0),
    ):
        assert not image.any()
        assert not mask.any()


def test_integer_takes_the_nearest_and_halves_to_even() -> None:
    x = noise(1, 1, 4, 8)
    for pixels, nearest in ((0.4, 0), (0.6, 1), (0.5, 0), (1.5, 2), (-0.5, 0), (-1.5, -2)):
        assert torch.equal(translate_integer(x, pixels / 8, 0.0)[0], translate_integer(x, nearest / 8, 0.0)[0])


@pytest.mark.parametrize("a", [2, 3])
@pytest.mark.parametrize(("dx", "dy"), [(0.3, 0.0), (-2.75, 1.5), (0.0, -0.01), (4.999, -3.5)])
def test_fraction_is_the_lanczos_sum(dx: float, dy: float, a: int) -> None:
    x = noise(1, 2, 12, 16, seed=1)
    image, _ = translate_fractional(x, dx / 16, dy / 12, a)
    for plane, moved in zip(x[0].numpy(), image[0].numpy(), strict=True):
        expected = lanczos_sum(lanczos_sum(plane, dx, a).T, dy, a).T
        np.testing.assert_allclose(moved, expected, atol=1e-6)  # positions are rounded to float32


@pytest.mark.parametrize("size", [32, 49, 60, 103])
def test_whole_pixels_are_whole_for_every_size(size: int) -> None:
    """``k / size * size`` is not ``k`` in floating point; the mask would be one pixel off where it came out below."""
    x = noise(1, 1, size, size, seed=2)
    for k in range(-5, 6):
        image, mask = translate_fractional(x, k / size, 0.0)
        torch.testing.assert_close(image, translate_integer(x, k / size, 0.0)[0], rtol=0, atol=1e-14)
        assert mask[0, 0, size // 2].nonzero().flatten().tolist() == list(range(max(k + 3, 0), size + min(k - 2, 0)))


@pytest.mark.parametrize(("frequency", "error"), [(1 / 32, 0.0025), (1 / 16, 0.004), (1 / 8, 0.008)])
def test_fraction_moves_a_sinusoid(frequency: float, error: float) -> None:
    """The error is the ripple of the Lanczos window, 0.2 % where it is flat; a wrong sign or pixel is off by 30 %."""
    position = torch.arange(64).double()
    x = torch.sin(2 * math.pi * frequency * position).expand(1, 1, 64, 64)
    image, mask = translate_fractional(x, 2.4 / 64, 0.0)
    expected = torch.sin(2 * math.pi * frequency * (position - 2.4)).expand_as(x)
    assert ((image - expected) * mask).abs().max() < error


def test_a_constant_stays_constant_where_it_is_known() -> None:
    image, mask = translate_fractional(torch.full((1, 1, 32, 32), 0.7), 0.033, -0.071)
    torch.testing.assert_close(image * mask, 0.7 * mask)
    assert mask.mean() > 0.5


@pytest.mark.parametrize(("dx", "dy"), [(0.3, -0.6), (5.5, 2.25), (-4.5, -1.5)])
def test_mask_is_where_the_outside_does_not_matter(dx: float, dy: float) -> None:
    """The image cut out of a larger one moves alike exactly inside the mask."""
    large = noise(1, 1, 48, 48, seed=3)
    image, mask = translate_fractional(large[:, :, 8:-8, 8:-8], dx / 32, dy / 32)
    truth = translate_fractional(large, dx / 48, dy / 48)[0][:, :, 8:-8, 8:-8]
    assert torch.equal((image - truth).abs() < 1e-9, mask == 1)


@pytest.mark.parametrize("operator", [translate_integer, translate_fractional])
def test_one_translation_an_image(operator) -> None:  # type: ignore[no-untyped-def]
    x = noise(3, 2, 16, 16, seed=4).float()
    tx, ty = torch.tensor([0.1, -0.05, 0.02]), torch.tensor([0.0, 0.11, -0.03])
    image, mask = operator(x, tx, ty)
    for i in range(3):
        alone = operator(x[i : i + 1], tx[i], ty[i].item())
        assert torch.equal(image[i : i + 1], alone[0])
        assert torch.equal(mask[i : i + 1], alone[1])
    assert image.dtype == mask.dtype == torch.float32
    assert torch.equal(operator(x, tx, 0.25)[0], operator(x, tx, torch.full((3,), 0.25))[0])


def test_refuses_other_images_and_numbers_of_parameters() -> None:
    with pytest.raises(BadInputError, match=r"for tx, or one for each of 3 images, found shape \[2\]"):
        translate_integer(noise(3, 1, 8, 8), torch.zeros(2), 0.0)
    with pytest.raises(BadInputError, match=r"torch.uint8 of shape \[3, 8, 8\]"):
        translate_fractional(torch.zeros(3, 8, 8, dtype=torch.uint8), 0.0, 0.0)
