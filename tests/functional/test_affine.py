"""Rotations: closed forms first, then the definition by Fourier transform and zero-stuffing, then the masks."""

import math
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
import scipy.ndimage
import scipy.signal
import torch
from numpy.typing import NDArray

from ganbench.errors import BadInputError
from ganbench.functional import affine_lowpass_filter, affine_transform, pseudo_rotate, rotate, rotation_matrix

Array = NDArray[np.float64]

SHEAR = torch.tensor([[1.1, 0.2, 0.05], [-0.1, 0.8, -0.02], [0, 0, 1.0]])


def noise(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(seed).standard_normal(shape))


def blob(x: float, y: float, size: int = 64) -> torch.Tensor:
    """Return a Gaussian of deviation 5 pixels at ``(x, y)`` from the centre: nothing above a tenth of Nyquist."""
    axis = torch.arange(size).double() + 0.5 - size / 2
    return torch.exp(-((axis - x) ** 2 + (axis[:, None] - y) ** 2) / 50)[None, None]


def filter_by_fft(m: Array, a: int, amax: int, aflt: int, up: int, cut_in: float, cut_out: float) -> Array:
    """Return the filter as its definition reads: two periodic convolutions on the whole grid, by Fourier transform."""

    def lanczos(x: Array) -> Array:
        return np.where(np.abs(x) < a, np.sinc(x / a), 0)

    reach = aflt * up - 1
    t = np.arange(-reach, reach + 1) / up
    y, x = np.meshgrid(t, t, indexing="ij")
    out_x, out_y = m[0, 0] * x + m[0, 1] * y, m[1, 0] * x + m[1, 1] * y
    ideal = (np.sinc(x * cut_in) * np.sinc(y * cut_in), np.sinc(out_x * cut_out) * np.sinc(out_y * cut_out))
    window = (lanczos(x) * lanczos(y), lanczos(out_x) * lanczos(out_y))

    def convolved(f: Array, g: Array) -> Array:
        f, g = np.fft.fft2(np.fft.ifftshift(f)), np.fft.fft2(np.fft.ifftshift(g))
        return np.fft.fftshift(np.fft.ifft2(f * g).real)

    kept = slice(reach - amax * up + 1, reach + amax * up)
    taps = (convolved(*ideal) * convolved(*window))[kept, kept]
    for row in range(up):
        for column in range(up):
            taps[row::up, column::up] /= taps[row::up, column::up].sum() * up**2
    return taps


def test_rotation_matrix_is_orthogonal_and_counter_clockwise() -> None:
    quarter = rotation_matrix(math.pi / 2)
    right = torch.tensor([1.0, 0, 1]).double()
    torch.testing.assert_close(quarter @ right, torch.tensor([0.0, -1, 1]).double())  # up: rows point down
    torch.testing.assert_close(rotation_matrix(0.4) @ rotation_matrix(0.5), rotation_matrix(0.9), rtol=0, atol=1e-15)
    angles = torch.tensor([0.1, 2.0, -3.0])
    assert torch.equal(rotation_matrix(angles), torch.stack([rotation_matrix(angle) for angle in angles]))


@pytest.mark.parametrize("angle", [0.0, 0.3, 0.8, 2.0, -1.1, math.pi])
def test_rotates_a_blob(angle: float) -> None:
    """Linear interpolation on the fine grid errs by (1/4)^2 / 8 of the second derivative, 1/25, an axis."""
    image, _ = rotate(blob(8, 5), angle)
    c, s = math.cos(angle), math.sin(angle)
    assert (image - blob(c * 8 + s * 5, c * 5 - s * 8)).abs().max() < 2 / 16 / 8 / 25


def test_rotations_add() -> None:
    twice = rotate(rotate(blob(8, 5), 0.4)[0], 0.5)[0]
    assert (twice - rotate(blob(8, 5), 0.9)[0]).abs().max() < 2 * 2 / 16 / 8 / 25


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_quarter_turns_turn_the_pixels(quarters: int) -> None:
    """Both grids coincide, so the result is that of no rotation, turned; mask included."""
    x = noise(1, 2, 40, 40)
    still, turned = rotate(x, 0.0), rotate(x, quarters * math.pi / 2)
    for a, b in zip(still, turned, strict=True):
        torch.testing.assert_close(torch.rot90(a, quarters, (2, 3)), b, rtol=0, atol=1e-12)


def test_no_rotation_keeps_the_image() -> None:
    """The ideal filter is cut off at 64 pixels, which leaves 0.5 % of ripple in white noise."""
    x = noise(1, 1, 40, 40)
    image, mask = rotate(x, 0.0)
    assert ((image - x) * mask).abs().max() < 0.005 * x.abs().max()
    assert mask.sum() == 28**2
    torch.testing.assert_close(rotate(x, 2 * math.pi)[0], image, rtol=0, atol=1e-12)


def test_a_constant_stays_constant_where_it_is_known() -> None:
    for operator in (rotate, pseudo_rotate):
        image, mask = operator(torch.full((1, 1, 48, 48), 0.7), 0.6)
        torch.testing.assert_close(image * mask, 0.7 * mask)
        assert mask.mean() > 0.2


def test_pseudo_rotation_moves_nothing_and_removes_what_a_rotation_would() -> None:
    assert (pseudo_rotate(blob(8, 5), 0.6)[0] - blob(8, 5)).abs().max() < 5e-4
    x = noise(1, 1, 40, 40)
    torch.testing.assert_close(pseudo_rotate(x, 0.0)[0], x, rtol=0, atol=1e-12)
    checkers = ((torch.arange(40)[:, None] + torch.arange(40)) % 2 * 2.0 - 1)[None, None]
    image, mask = pseudo_rotate(checkers, math.pi / 4)  # the corner of the spectrum, outside of the turned square
    assert (image * mask).abs().max() < 0.05


@pytest.mark.parametrize(
    ("matrix", "settings"),
    [
        (rotation_matrix(0.7), {"a": 3, "amax": 6, "aflt": 64, "up": 4, "cutoff_in": 1, "cutoff_out": 1}),
        (rotation_matrix(-2.1), {"a": 3, "amax": 6, "aflt": 64, "up": 1, "cutoff_in": 1, "cutoff_out": 1}),
        (SHEAR, {"a": 2, "amax": 5, "aflt": 32, "up": 3, "cutoff_in": 0.8, "cutoff_out": 0.9}),
        (SHEAR / 3, {"a": 3, "amax": 5, "aflt": 6, "up": 2, "cutoff_in": 1, "cutoff_out": 1}),  # windows wrap around
    ],
)
def test_filter_is_its_definition_by_fourier_transform(matrix: torch.Tensor, settings: dict[str, float]) -> None:
    got = affine_lowpass_filter(matrix, **settings)  # type: ignore[arg-type]
    expected = filter_by_fft(matrix.double().numpy(), *settings.values())  # type: ignore[arg-type]
    np.testing.assert_allclose(got.numpy(), expected, rtol=0, atol=1e-12)
    assert got.dtype == torch.float64


def test_filter_is_symmetric_and_its_phases_sum_alike() -> None:
    f = affine_lowpass_filter(SHEAR, amax=7, up=4)
    assert f.shape == (55, 55)
    torch.testing.assert_close(f, f.flip(0, 1), rtol=0, atol=1e-16)
    for row in range(4):
        for column in range(4):
            assert f[row::4, column::4].sum().item() == pytest.approx(1 / 16, rel=1e-12)


def test_rotation_is_its_definition_by_zero_stuffing() -> None:
    """Zeros between the pixels, a plain two-dimensional convolution, and SciPy's linear interpolation."""
    x, angle, up = noise(1, 1, 24, 24, seed=1), 0.7, 4
    f = affine_lowpass_filter(rotation_matrix(angle), amax=6).numpy()
    stuffed = np.zeros((24 * up, 24 * up))
    stuffed[::up, ::up] = x[0, 0].numpy()
    fine = np.pad(scipy.signal.convolve2d(stuffed, f * up**2, mode="full"), 1)
    centred = np.stack(np.meshgrid(np.arange(24) - 11.5, np.arange(24) - 11.5))  # x, then y
    back = np.einsum("ij,jhw->ihw", rotation_matrix(-angle).numpy()[:2, :2], centred)
    middle = f.shape[0] // 2 + 1  # of the filter, and the padding
    sampled = scipy.ndimage.map_coordinates(fine, (back[::-1] + 11.5) * up + middle, order=1, mode="constant")
    np.testing.assert_allclose(rotate(x, angle)[0][0, 0].numpy(), sampled, rtol=0, atol=1e-12)


def test_pseudo_rotation_is_a_plain_convolution() -> None:
    x = noise(1, 1, 20, 30, seed=2)
    f = affine_lowpass_filter(rotation_matrix(-0.9), amax=6, up=1).numpy()
    expected = scipy.signal.convolve2d(x[0, 0].numpy(), f, mode="same")
    np.testing.assert_allclose(pseudo_rotate(x, 0.9)[0][0, 0].numpy(), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("angle", [0.4, 0.8, 2.5, -1.7])
def test_inside_the_mask_the_outside_does_not_matter(angle: float) -> None:
    large = noise(1, 1, 64, 64, seed=3)
    for operator in (rotate, pseudo_rotate):
        image, mask = operator(large[:, :, 12:-12, 12:-12], angle)
        truth = operator(large, angle)[0][:, :, 12:-12, 12:-12]
        assert ((image - truth) * mask).abs().max() < 1e-12
        assert (image - truth).abs().max() > 1e-3
        assert set(mask.unique().tolist()) == {0, 1}


def test_an_image_smaller_than_the_filter_has_nothing_known() -> None:
    for operator in (rotate, pseudo_rotate):
        assert not operator(noise(1, 1, 8, 8), 0.3)[1].any()


def test_affine_translation_is_in_image_widths_to_the_right_and_down() -> None:
    matrix = torch.eye(3)
    matrix[0, 2], matrix[1, 2] = 4 / 64, -6 / 64
    image, _ = affine_transform(blob(0, 0), matrix, amax=6)
    assert (image - blob(4, -6)).abs().max() < 2 / 16 / 8 / 25


def test_affine_of_an_oblong_image_acts_on_the_square_it_is_stretched_to() -> None:
    """The inverse maps normalised positions, so a quarter turn of 32x64 takes the pixel at (1/4, 0) to (0, -1/4)."""
    x = torch.zeros(1, 1, 32, 64).double()
    x[0, 0, 14:18, 46:50] = 1
    image, _ = rotate(x, math.pi / 2)
    rows, columns = (image[0, 0] > 0.5).nonzero(as_tuple=True)
    assert rows.double().mean() == pytest.approx(7.5, abs=0.51)
    assert columns.double().mean() == pytest.approx(31.5, abs=0.51)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("operator", [rotate, pseudo_rotate])
def test_one_angle_an_image_from_several_threads(operator, dtype: torch.dtype) -> None:  # type: ignore[no-untyped-def]
    x, angles = noise(6, 2, 24, 24, seed=4).to(dtype), torch.linspace(-3, 3, 6)
    image, mask = operator(x, angles)
    with ThreadPoolExecutor(3) as threads:
        alone = list(threads.map(lambda i: operator(x[i : i + 1], angles[i].item()), range(6)))
    assert torch.equal(image, torch.cat([z for z, _ in alone]))
    assert torch.equal(mask, torch.cat([m for _, m in alone]))
    assert image.dtype == mask.dtype == dtype


@pytest.mark.parametrize("operator", [rotate, pseudo_rotate])
def test_float32_is_within_rounding_of_float64(operator) -> None:  # type: ignore[no-untyped-def]
    x = noise(1, 3, 32, 32, seed=5)
    assert (operator(x.float(), 0.9)[0] - operator(x, 0.9)[0]).abs().max() < 2e-5


@pytest.mark.parametrize("operator", [rotate, pseudo_rotate])
def test_an_angle_that_is_no_number_is_refused(operator: Any) -> None:
    with pytest.raises(BadInputError, match="finite numbers for angle, found nan"):
        operator(torch.zeros(1, 1, 8, 8), float("nan"))
