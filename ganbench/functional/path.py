"""Perceptual path length: the interpolations, and the mean that leaves out the extremes."""

import math
from functools import reduce

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganbench.errors import BadInputError, NonFiniteError
from ganbench.functional.rows import ArrayLike, as_float64, as_rows, as_tensor

Position = Tensor | float

ORDINARY = 0.9  # cosine up to which the angle between two directions is well determined by it
OPPOSITE = 8  # units of rounding, within which the sum of two directions is zero


def path_length(distances: ArrayLike) -> float:
    """Return the mean of the distances between their 1st and 99th percentile, both bounds included.

    The bounds are samples: the 1st percentile is rounded down to one ('lower'), the 99th up ('higher').

    Args:
        distances: ``[N]``, perceptual distance over epsilon squared.

    Raises:
        BadInputError: if there are none, or not one axis.
        NonFiniteError: naming the first sample that has a NaN or an infinity.

    Source: the evaluation protocol of Karras et al., A style-based generator architecture (CVPR 2019), section 4.1.
    """
    d, low, high, exponent = _trimmed(distances)
    return math.ldexp(float(d[(low <= d) & (d <= high)].mean()), exponent)


def path_length_error(distances: ArrayLike) -> float:
    """Return the standard error of ``path_length``, NaN of fewer than two distances.

    Arguments and errors are those of ``path_length``.

    Source: Tukey and McLaughlin 1963, the standard error of a trimmed mean: the deviation of distances that are held to
    the bounds, over the share between the bounds.
    """
    d, low, high, exponent = _trimmed(distances)
    if len(d) < 2:
        return math.nan
    share = float(np.mean((low <= d) & (d <= high)))
    return math.ldexp(float(np.std(np.clip(d, low, high), ddof=1)) / (share * math.sqrt(len(d))), exponent)


def _trimmed(distances: ArrayLike) -> tuple[NDArray[np.float64], float, float, int]:
    """Return distances and their bounds, all divided by ``2**exponent``, so that no sum of them overflows."""
    column = as_tensor(distances, "distances")[..., None]
    if column.ndim != 2:
        raise BadInputError(
            f"expected one number per sample, [N], for distances, found {list(column.shape[:-1])}: flatten it."
        )
    d = as_float64(as_rows(column, "distances"), "distances")[:, 0]
    exponent = int(np.frexp(np.abs(d).max())[1])
    d = np.ldexp(d, -exponent)
    low, high = np.percentile(d, 1, method="lower"), np.percentile(d, 99, method="higher")
    return d, float(low), float(high), exponent


def slerp(a: ArrayLike, b: ArrayLike, t: Position) -> Tensor:
    """Return the point at ``t`` of the great circle from ``a`` to ``b``, of unit length, in the dtype of ``a``.

    Args:
        a: start, ``[..., D]`` floating point, of any length but 0; normalised here.
        b: end, of the same shape.
        t: position, 0 is ``a`` and 1 is ``b``; a number, or one for each leading axis (``[N]`` for ``[N, D]``).

    Raises:
        BadInputError: if the ends differ in shape, one has length 0, or they are opposite, where no great circle is
            the shortest.
        NonFiniteError: if a value is NaN or infinite, or ``t`` is too large for the dtype.

    Source: Shoemake, Animating rotation with quaternion curves (SIGGRAPH 1985); PPL's interpolation in Z.
    """
    start, end, position, dtype = _ends(a, b, t)
    x, y = _unit(start, "a"), _unit(end, "b")
    cosine = (x * y).sum(dim=-1, keepdim=True)
    angle = position * cosine.clamp(-1, 1).acos()
    across = y - cosine * x
    point = x * angle.cos() + across / _length(across) * angle.sin()
    if bool((cosine.abs() > ORDINARY).any()):
        point = torch.where(cosine.abs() > ORDINARY, _from_the_middle(x, y, position), point)
    return _held((point / _length(point)).to(dtype))


def lerp(a: ArrayLike, b: ArrayLike, t: Position) -> Tensor:
    """Return ``a + (b - a) t``, the straight path of PPL in W, in the dtype of ``a``. Shapes as for ``slerp``.

    Raises:
        BadInputError: if the ends differ in shape.
        NonFiniteError: if a value is NaN or infinite, or the result exceeds the dtype.
    """
    start, end, position, dtype = _ends(a, b, t)
    return _held((start + (end - start) * position).to(dtype))


def _held(point: Tensor) -> Tensor:
    if not bool(torch.isfinite(point).all()):
        raise NonFiniteError(
            f"expected ends whose difference times t {point.dtype} can hold, found larger ones: use float64."
        )
    return point


def _ends(a: ArrayLike, b: ArrayLike, t: Position) -> tuple[Tensor, Tensor, Tensor, torch.dtype]:
    """Return start, end and position with equal numbers of axes, and the dtype of the result."""
    start, end = as_tensor(a, "a"), as_tensor(b, "b")
    if start.shape != end.shape:
        raise BadInputError(
            f"expected ends of one shape, found {list(start.shape)} and {list(end.shape)}: pair them up."
        )
    if start.ndim < 1 or not start.numel():
        raise BadInputError(f"expected ends [..., D] of some vectors, found {list(start.shape)}: give at least one.")
    dtype = start.dtype if start.is_floating_point() else torch.float64
    exact = reduce(torch.promote_types, [dtype, end.dtype, torch.float32])  # half has too few digits for an angle
    start, end, position = (x.to(start.device, exact) for x in (start, end, as_tensor(t, "t")))
    for name, x in (("a", start), ("b", end), ("t", position)):
        if not bool(torch.isfinite(x).all()):
            raise NonFiniteError(
                f"expected finite numbers for {name} that {exact} can hold, found a NaN or an infinity: check their "
                "source."
            )
    if position.ndim > start.ndim or any(p not in (1, n) for p, n in zip(position.shape, start.shape, strict=False)):
        raise BadInputError(
            f"expected one t for each vector, found {list(position.shape)} for {list(start.shape)}: expand it."
        )
    position = position.reshape(position.shape + (1,) * (start.ndim - position.ndim))
    return start, end, position, dtype


def _from_the_middle(x: Tensor, y: Tensor, position: Tensor) -> Tensor:
    """Return the point between unit vectors that are nearly parallel or opposite.

    The cosine is too flat there to resolve the angle. The sum and the difference are at right angles, and their
    lengths give half of the angle, so the circle is drawn from them.
    """
    total, difference = x + y, y - x
    if bool((torch.linalg.vector_norm(total, dim=-1) <= OPPOSITE * torch.finfo(x.dtype).eps).any()):
        raise BadInputError(
            "expected directions with one shortest path between them, found opposite ones: move one a little."
        )
    half = torch.atan2(_length(difference), _length(total))
    angle = (2 * position - 1) * half
    return total / _length(total) * angle.cos() + difference / _length(difference) * angle.sin()


def _unit(x: Tensor, name: str) -> Tensor:
    """Return vectors scaled to unit length."""
    length: Tensor = torch.linalg.vector_norm(x, dim=-1, keepdim=True)
    largest = x.abs().amax(dim=-1, keepdim=True)
    if not bool((largest > 0).all()):
        raise BadInputError(f"expected vectors longer than 0 for {name}, found one of length 0: leave it out.")
    # Squares of numbers beyond the root of the dtype's range overflow or vanish: such vectors are scaled first.
    limits = torch.finfo(x.dtype)
    safe = (length > limits.tiny**0.5 / limits.eps) & (length < limits.max**0.5)
    if not bool(safe.all()):
        x = torch.where(safe, x, x / largest)
        length = torch.linalg.vector_norm(x, dim=-1, keepdim=True)
    return x / length


def _length(x: Tensor) -> Tensor:
    """Return lengths of vectors, no less than the smallest normal number: 0/0, of equal points, becomes 0."""
    length: Tensor = torch.linalg.vector_norm(x, dim=-1, keepdim=True)
    return length.clamp(min=torch.finfo(x.dtype).tiny)
