"""The squared maximum mean discrepancy of CMMD, under a Gaussian kernel, every pair of rows counted."""

import functools
import math
from collections.abc import Callable

import torch
from torch import Tensor

from ganbench.functional.rows import ArrayLike, as_number, as_row_pair

BLOCK = 1024  # rows whose kernel with all others is in memory at once
NEAR = 32  # widths of the kernel, within which products of rows give its values to some 1e-13
FARTHEST = 1000  # power of two, up or down, by which rows are scaled


def gaussian_mmd(x: ArrayLike, y: ArrayLike, *, sigma: float = 10.0) -> float:
    """Return the squared MMD under ``exp(-|a - b|^2 / (2 sigma^2))``, 0 or more; rows count with themselves, too.

    Args:
        x: features ``[N, D]``, as tensor or array; arithmetic is float64 whatever they are.
        y: features ``[M, D]``.
        sigma: width of the kernel, above 0.

    Raises:
        BadInputError: if shapes do not fit, or sigma is not above 0.
        NonFiniteError: if a row is not finite.

    Source: Gretton et al., A kernel two-sample test (JMLR 2012), equation 5, the biased estimate; sigma as in
    Jayasumana et al., Rethinking FID (CVPR 2024), section 4.
    """
    width = as_number(sigma, "sigma", above=0)
    rows_x, rows_y, width = _centred(*as_row_pair(x, y, ("x", "y"), torch.float64), width)
    near = max(float(torch.linalg.vector_norm(rows, dim=1).max()) for rows in (rows_x, rows_y)) <= NEAR * width
    if near:
        rows_x, rows_y, width = rows_x / width, rows_y / width, 1.0
    squares = _by_products if near else functools.partial(_by_differences, width)
    within = _mean_kernel(rows_x, rows_x, squares) + _mean_kernel(rows_y, rows_y, squares)
    return max(0.0, within - 2 * _mean_kernel(rows_x, rows_y, squares))  # rounding may leave it below 0


def _centred(x: Tensor, y: Tensor, sigma: float) -> tuple[Tensor, Tensor, float]:
    """Return rows about a common origin and sigma, all divided by one power of two, so that no square overflows."""
    exponent = math.frexp(max(float(rows.abs().max()) for rows in (x, y)))[1]
    scale = 2.0 ** min(max(exponent, -FARTHEST), FARTHEST)
    x, y = x / scale, y / scale
    origin = (x.mean(0) + y.mean(0)) / 2
    return x - origin, y - origin, max(sigma / scale, torch.finfo(torch.float64).tiny)


def _mean_kernel(x: Tensor, y: Tensor, squares: Callable[[Tensor, Tensor], Tensor]) -> float:
    """Return the mean of the kernel over all pairs, given how their squared distances in widths are found."""
    total = sum(float(torch.exp(squares(rows, y) / -2).sum()) for rows in torch.split(x, BLOCK))
    return total / (len(x) * len(y))


def _by_products(x: Tensor, y: Tensor) -> Tensor:
    """Return the squared distances ``[N, M]`` of all pairs of rows that are given in widths of the kernel."""
    return (x.square().sum(1)[:, None] + y.square().sum(1) - 2 * x @ y.T).clamp(min=0)


def _by_differences(width: float, x: Tensor, y: Tensor) -> Tensor:
    """Return the same of other rows, exactly 0 of equal ones, in several times the time."""
    return (torch.cdist(x, y, compute_mode="donot_use_mm_for_euclid_dist") / width).square()
