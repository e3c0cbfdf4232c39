"""The squared maximum mean discrepancy of CMMD, under a Gaussian kernel, every pair of rows counted."""

import torch
from torch import Tensor

from ganbench.errors import BadInputError
from ganbench.functional.rows import ArrayLike, as_row_pair

BLOCK = 1024  # rows whose kernel with all others is in memory at once


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
    if not 0 < sigma < float("inf"):
        raise BadInputError(f"expected a number above 0 for sigma, found {sigma}: give the width of the kernel.")
    rows_x, rows_y = as_row_pair(x, y, ("x", "y"), torch.float64)
    within = _mean_kernel(rows_x, rows_x, sigma) + _mean_kernel(rows_y, rows_y, sigma)
    return max(0.0, within - 2 * _mean_kernel(rows_x, rows_y, sigma))  # rounding may leave it below 0


def _mean_kernel(x: Tensor, y: Tensor, sigma: float) -> float:
    """Return the mean of the kernel over all pairs."""
    squares = y.square().sum(1)
    total = 0.0
    for rows in torch.split(x, BLOCK):
        distances = rows.square().sum(1)[:, None] + squares - 2 * rows @ y.T
        total += float(torch.exp(-distances.clamp(min=0) / (2 * sigma**2)).sum())
    return total / (len(x) * len(y))
