"""Perceptual path length: the interpolations, and the mean that leaves out the extremes."""

import numpy as np
import torch
from torch import Tensor

from ganbench.errors import BadInputError
from ganbench.functional.rows import ArrayLike, as_float64, as_rows


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
    column = torch.as_tensor(distances)[..., None]
    if column.ndim != 2:
        raise BadInputError(f"distances have shape {list(column.shape[:-1])}; give one number per sample, [N].")
    d = as_float64(as_rows(column, "distances"), "distances")[:, 0]
    low = np.percentile(d, 1, method="lower")
    high = np.percentile(d, 99, method="higher")
    return float(d[(low <= d) & (d <= high)].mean())


def slerp(a: Tensor, b: Tensor, t: Tensor | float) -> Tensor:
    """Return the point at ``t`` of the great circle from ``a`` to ``b``, of unit length.

    Args:
        a: start, ``[..., D]``; normalised here.
        b: end, of the same shape.
        t: position, 0 is ``a`` and 1 is ``b``; a number, or one for each leading axis (``[N]`` for ``[N, D]``).

    Raises:
        BadInputError: if the ends differ in shape.

    Source: Shoemake, Animating rotation with quaternion curves (SIGGRAPH 1985); PPL's interpolation in Z.
    """
    if a.shape != b.shape:
        raise BadInputError(f"the ends have shapes {list(a.shape)} and {list(b.shape)}; give two of one shape.")
    a, b = _unit(a), _unit(b)
    cosine = (a * b).sum(dim=-1, keepdim=True)
    angle = _aligned(t, a) * cosine.clamp(-1, 1).acos()  # rounding can take the cosine of equal points beyond 1
    return _unit(a * angle.cos() + _unit(b - cosine * a) * angle.sin())


def lerp(a: Tensor, b: Tensor, t: Tensor | float) -> Tensor:
    """Return ``a + (b - a) t``: the straight path of PPL in W. Shapes as for ``slerp``."""
    return a + (b - a) * _aligned(t, a)


def _aligned(t: Tensor | float, a: Tensor) -> Tensor:
    """Return ``t`` with trailing axes added, so that its leading axes are those of ``a``."""
    t = torch.as_tensor(t, dtype=a.dtype, device=a.device)
    return t.reshape(t.shape + (1,) * (a.ndim - t.ndim))


def _unit(x: Tensor) -> Tensor:
    # The smallest normal number leaves every other length alone and turns 0/0, of equal points, into 0.
    length: Tensor = torch.linalg.vector_norm(x, dim=-1, keepdim=True)
    return x / length.clamp(min=torch.finfo(x.dtype).tiny)
