"""Rotation and other affine transformations of band-limited images, and the filter that keeps them band-limited."""

import functools
import math
from collections.abc import Callable
from typing import SupportsIndex

import torch
import torch.nn.functional as F
from torch import Tensor

from ganbench.errors import BadInputError
from ganbench.functional.per_image import as_images, per_image, within_range
from ganbench.functional.rows import ArrayLike, as_integer, as_number, as_tensor, unrounded

FINEST = 64  # largest refinement of the grid, and largest half-width of a window
AFFINE = 1e-6  # that rounding may leave in the last row of a matrix


def rotation_matrix(angle: Tensor | float) -> Tensor:
    """Return the ``[3, 3]`` float64 matrix of a rotation that looks counter-clockwise, rows of an image pointing down.

    Args:
        angle: in radians, finite; of ``[N]`` angles the matrices are ``[N, 3, 3]``.
    """
    angle = as_tensor(angle, "angle").double()
    if not bool(angle.isfinite().all()):
        raise BadInputError("expected finite angles, found a NaN or an infinity: give radians.")
    c, s, zero = angle.cos(), angle.sin(), torch.zeros_like(angle)
    return torch.stack([c, s, zero, -s, c, zero, zero, zero, zero + 1], dim=-1).reshape(*angle.shape, 3, 3)


def rotate(x: ArrayLike, angle: Tensor | float, a: SupportsIndex = 3, up: SupportsIndex = 4) -> tuple[Tensor, Tensor]:
    """Return ``(image, mask)``: images rotated about their centre, low-pass filtered for input and output grid.

    Args:
        x: ``[N, C, H, W]`` floating point; half precision is computed and returned in float32.
        angle: counter-clockwise, in radians; a number for all images or ``[N]``.
        a: half-width of the Lanczos windows, in pixels, 1 to 31.
        up: the filtered image is held on a grid this many times finer and interpolated linearly.

    The mask is 1 where the result is known and 0 elsewhere, shaped like ``x`` (a view; do not write into it).

    Raises:
        BadInputError: if ``x`` is not images, an angle is neither a finite number nor one for each image, or ``a`` or
            ``up`` is not a whole number in bounds.
        NonFiniteError: naming the first image with a NaN or an infinity.

    Source: Karras et al., Alias-free generative adversarial networks (NeurIPS 2021), appendix E.3, operator R.
    """
    window, finer = as_integer(a, "a", minimum=1, maximum=31), as_integer(up, "up", minimum=1, maximum=FINEST)
    return per_image(_rotate, x, {"angle": angle}, a=window, up=finer)


def pseudo_rotate(x: ArrayLike, angle: Tensor | float, a: SupportsIndex = 3) -> tuple[Tensor, Tensor]:
    """Return ``(image, mask)``: images filtered as if they had been rotated by ``angle``, but left where they are.

    Arguments, mask and errors are as for ``rotate``.

    Source: Karras et al., Alias-free generative adversarial networks (NeurIPS 2021), appendix E.3, operator R*.
    """
    return per_image(_pseudo_rotate, x, {"angle": angle}, a=as_integer(a, "a", minimum=1, maximum=31))


def affine_transform(
    x: ArrayLike,
    matrix: ArrayLike,
    a: SupportsIndex = 3,
    up: SupportsIndex = 4,
    amax: SupportsIndex = 16,
    cutoff_in: float = 1,
    cutoff_out: float = 1,
) -> tuple[Tensor, Tensor]:
    """Return ``(image, mask)``: images under an affine map, low-pass filtered for input and output grid.

    Args:
        x: ``[N, C, H, W]`` floating point; half precision is computed and returned in float32.
        matrix: ``[3, 3]``, from input to output positions, in image widths and heights about the centre; so a rotation
            of an image that is not square is one of the square that it is stretched to. It must be invertible, and its
            last row 0 0 1.
        a: half-width of the Lanczos windows, in pixels.
        up: the filtered image is held on a grid this many times finer and interpolated linearly.
        amax: half-width of the filter, in pixels.
        cutoff_in: of the input grid's low-pass, 1 being its Nyquist frequency.
        cutoff_out: likewise of the output grid.

    The mask is 1 where the result is known and 0 elsewhere, shaped like ``x`` (a view; do not write into it).

    Raises:
        BadInputError: if ``x`` is not images, the matrix is not affine or has no inverse, or the numbers do not fit
            together.
        NonFiniteError: naming the first image with a NaN or an infinity, or that the result exceeds the dtype.

    Source: Karras et al., Alias-free generative adversarial networks (NeurIPS 2021), appendix E.3.
    """
    images, finer, reach = (
        as_images(x, "x"),
        as_integer(up, "up", minimum=1, maximum=FINEST),
        as_integer(amax, "amax", minimum=1),
    )
    m = _matrix(matrix, (3,))
    if not torch.linalg.cond(m) < 1 / torch.finfo(m.dtype).eps:
        raise BadInputError(f"expected a matrix that has an inverse, found {m.tolist()}: check how it was composed.")
    if not torch.allclose(m[2], m.new_tensor([0, 0, 1]), rtol=0, atol=AFFINE):
        raise BadInputError(f"expected 0 0 1 for the last row of matrix, found {m[2].tolist()}: give an affine map.")
    weights = affine_lowpass_filter(m, a=a, amax=reach, up=finer, cutoff_in=cutoff_in, cutoff_out=cutoff_out)
    fine = _upsampled(images, weights.to(images), finer)
    height, width = images.shape[2:]
    rows, columns = _positions_in_fine(m, height, width, finer, reach)
    grid = torch.stack([_normalised(columns, fine.shape[3]), _normalised(rows, fine.shape[2])], dim=-1).to(images)
    with unrounded(images.device):
        image = F.grid_sample(fine, grid.expand(len(images), -1, -1, -1), "bilinear", "zeros", align_corners=False)
    known = _known(rows, height, finer, reach) & _known(columns, width, finer, reach)
    return within_range(image), known.to(images).expand(images.shape)


def affine_lowpass_filter(
    matrix: ArrayLike,
    a: SupportsIndex = 3,
    amax: SupportsIndex = 16,
    aflt: SupportsIndex = 64,
    up: SupportsIndex = 4,
    cutoff_in: float = 1,
    cutoff_out: float = 1,
) -> Tensor:
    """Return the taps ``[2 amax up - 1, 2 amax up - 1]`` float64 of a filter that both pixel grids can represent.

    It is the convolution of the ideal low-pass of the input grid with that of the output grid, times the convolution
    of their Lanczos windows; each of its ``up * up`` phases sums to ``1 / up**2``.

    Args:
        matrix: ``[3, 3]`` or ``[2, 2]``, of the transformation, from input to output.
        a: half-width of the Lanczos windows, in pixels.
        amax: half-width of the filter, in pixels.
        aflt: half-width of the grid on which the ideal filters are cut off and convolved, periodically, in pixels.
        up: taps a pixel.
        cutoff_in: of the input grid's low-pass, 1 being its Nyquist frequency.
        cutoff_out: likewise of the output grid.

    Raises:
        BadInputError: unless ``1 <= a <= amax < aflt``, cutoffs are above 0, and the matrix is finite and leaves the
            filter something to pass.

    Source: Karras et al., Alias-free generative adversarial networks (NeurIPS 2021), appendix E.3.
    """
    up = as_integer(up, "up", minimum=1, maximum=FINEST)
    aflt = as_integer(aflt, "aflt", minimum=2, maximum=4 * FINEST)
    amax = as_integer(amax, "amax", minimum=1, maximum=aflt - 1)
    a = as_integer(a, "a", minimum=1, maximum=amax)
    cutoff_in, cutoff_out = as_number(cutoff_in, "cutoff_in", above=0), as_number(cutoff_out, "cutoff_out", above=0)
    m = _matrix(matrix, (2, 3))
    ideal = _convolved(functools.partial(_ideal, cutoff=cutoff_out), m, _ideal_circulant(amax, aflt, up, cutoff_in), up)
    window = _convolved(functools.partial(_lanczos, a=a), m, _window_circulant(amax, aflt, up, a), up)
    taps = F.pad(ideal * window, (0, 1, 0, 1)).reshape(2 * amax, up, 2 * amax, up)
    taps = taps / taps.sum(dim=(0, 2), keepdim=True) / up**2
    if not bool(torch.isfinite(taps).all()):
        raise BadInputError(f"expected a matrix near a rotation, found {m.tolist()}: its filter passes nothing.")
    return taps.reshape(2 * amax * up, 2 * amax * up)[:-1, :-1]


def _matrix(matrix: ArrayLike, sizes: tuple[int, ...]) -> Tensor:
    """Return a square matrix of one of the sizes, float64 on the CPU."""
    m = as_tensor(matrix, "matrix").detach().double().cpu()
    if m.shape not in [(size, size) for size in sizes] or not bool(m.isfinite().all()):
        raise BadInputError(
            f"expected finite numbers [{sizes[-1]}, {sizes[-1]}] for matrix, found {list(m.shape)} {m.tolist()!s:.60}: "
            "check how it was composed."
        )
    return m


def _rotate(x: Tensor, angle: float, a: int, up: int) -> tuple[Tensor, Tensor]:
    return affine_transform(x, rotation_matrix(angle), a=a, up=up, amax=2 * a)


def _pseudo_rotate(x: Tensor, angle: float, a: int) -> tuple[Tensor, Tensor]:
    weights = affine_lowpass_filter(rotation_matrix(-angle), a=a, amax=2 * a, up=1).to(x)
    margin = 2 * a - 1
    planes = x.reshape(-1, 1, *x.shape[2:])
    with unrounded(x.device):
        image = F.conv2d(planes, weights.flip(0, 1)[None, None], padding=margin).reshape(x.shape)
    mask = x.new_zeros(x.shape[2:])
    mask[margin:-margin, margin:-margin] = 1
    return within_range(image), mask.expand(x.shape)


def _upsampled(x: Tensor, weights: Tensor, up: int) -> Tensor:
    """Return images on the finer grid, in full: pixel ``n`` is at ``up n + p``, where ``p`` is the filter's middle.

    Each of the ``up * up`` phases of the finer grid is an ordinary convolution with its own part of the filter, so
    nothing is multiplied with the zeros that upsampling would stuff in.
    """
    width = (len(weights) + 1) // up
    phases = F.pad(weights, (0, 1, 0, 1)).reshape(width, up, width, up).permute(1, 3, 0, 2)
    kernels = phases.flip(2, 3).reshape(up * up, 1, width, width) * up**2
    with unrounded(x.device):
        planes = F.conv2d(x.reshape(-1, 1, *x.shape[2:]), kernels, padding=width - 1)
    fine = F.pixel_shuffle(planes, up)
    return fine.reshape(*x.shape[:2], *fine.shape[2:])


def _positions_in_fine(matrix: Tensor, height: int, width: int, up: int, amax: int) -> tuple[Tensor, Tensor]:
    """Return row and column on the finer grid that each output pixel comes from, ``[H, W]`` float64 each."""
    inverse = torch.linalg.inv(matrix)
    y, x = (((torch.arange(size, dtype=torch.float64, device="cpu") + 0.5) / size - 0.5) for size in (height, width))
    source_x = inverse[0, 0] * x + inverse[0, 1] * y[:, None] + inverse[0, 2]
    source_y = inverse[1, 0] * x + inverse[1, 1] * y[:, None] + inverse[1, 2]
    middle = amax * up - 1
    return (source_y + 0.5) * height * up - up / 2 + middle, (source_x + 0.5) * width * up - up / 2 + middle


def _normalised(position: Tensor, size: int) -> Tensor:
    """Return indices in the convention of ``grid_sample``: -1..1 from edge to edge."""
    return (2 * position + 1) / size - 1


def _known(position: Tensor, size: int, up: int, amax: int) -> Tensor:
    """Return whether the nearest fine sample is computed from within the image alone.

    The bounds are the official ones, half a pixel stricter than they need to be.
    """
    nearest = position.round()
    return (nearest >= 2 * amax * up - 1 - up // 2) & (nearest < size * up - 1 - up // 2)


def _convolved(f: Callable[[Tensor], Tensor], matrix: Tensor, circulant: Tensor, up: int) -> Tensor:
    """Return ``f(x_out) f(y_out)`` over input positions, convolved with a separable filter along both axes.

    ``f`` is even, so the lower half of the plane, its first row counted half, gives one half of the sum and the point
    reflection of that gives the other.
    """
    reach = circulant.shape[1] // 2
    x = torch.arange(-reach, reach + 1, dtype=torch.float64, device="cpu") / up
    y = x[reach:, None]
    plane = f(matrix[0, 0] * x + matrix[0, 1] * y) * f(matrix[1, 0] * x + matrix[1, 1] * y)
    plane[0] /= 2
    half = circulant[:, reach:] @ (plane @ circulant.T)
    return half + half.flip(0, 1)


def _sinc(x: Tensor) -> Tensor:
    x = x * math.pi
    return torch.where(x == 0, 1, x.sin() / x)  # a third of the time of torch.sinc


def _ideal(x: Tensor, cutoff: float) -> Tensor:
    return _sinc(x * cutoff)


def _lanczos(x: Tensor, a: int) -> Tensor:
    return torch.where(x.abs() < a, _sinc(x / a), 0)


@functools.lru_cache(maxsize=16)
def _ideal_circulant(amax: int, aflt: int, up: int, cutoff: float) -> Tensor:
    return _ideal(_distances(amax, aflt, up), cutoff)


@functools.lru_cache(maxsize=16)
def _window_circulant(amax: int, aflt: int, up: int, a: int) -> Tensor:
    reach, near = aflt * up - 1, (amax + a) * up  # further out than near, the window is zero
    cut = max(reach - near, 0)
    return _lanczos(_distances(amax, aflt, up), a)[:, cut : 2 * reach + 1 - cut]


def _distances(amax: int, aflt: int, up: int) -> Tensor:
    """Return the distance, in pixels, of every tap that is kept to every tap of the periodic grid."""
    reach = aflt * up - 1
    kept = torch.arange(1 - amax * up, amax * up, device="cpu")  # and not on a default device: the result is kept
    grid = torch.arange(-reach, reach + 1, device="cpu")
    return ((kept[:, None] - grid + reach) % (2 * reach + 1) - reach).double() / up
