"""The standard error of KID under new samples, for the same reals."""

import math
from typing import SupportsIndex

import torch
from torch import Tensor

from ganbench.functional.mmd import draw_subsets, kernel, kernel_distances, too_large
from ganbench.functional.rows import ArrayLike, as_row_pair

REFERENCES = 1000  # rows of each side, over which a row's mean kernel is taken
FEW_SUBSETS = 20  # that the spread over subsets is estimated from


def kernel_distance_error(
    x: ArrayLike,
    y: ArrayLike,
    *,
    num_subsets: SupportsIndex = 100,
    max_subset_size: SupportsIndex = 1000,
    seed: SupportsIndex = 0,
) -> float:
    """Return the standard error of ``kernel_distance`` over new samples ``y``; arguments and errors are its.

    Three parts: of the first order, how much single rows pull the distance; of the second, which is all that is left
    where both distributions agree; and that of the random subsets.

    Source: Serfling, Approximation theorems of mathematical statistics (1980), section 5.2.1, for U-statistics.
    Deviation: means over rows are taken over the first thousand rows of each side; what that adds is taken off again.
    """
    rows_x, rows_y = as_row_pair(x, y, ("x", "y"), torch.float64)
    n = len(rows_y)
    of_x, of_y = draw_subsets(len(rows_x), n, num_subsets, max_subset_size, seed)
    first, second = _orders(rows_x, rows_y)
    variance = 4 * first / n + 2 * second / n**2
    if of_y.shape[1] < n and len(of_y) > 1:
        spread = kernel_distances(x, y, (of_x[:FEW_SUBSETS], of_y[:FEW_SUBSETS]))
        variance += float(spread.var(ddof=1)) / len(of_y)
    if not math.isfinite(variance):
        raise too_large(rows_x, rows_y)
    return math.sqrt(variance)


def _orders(x: Tensor, y: Tensor) -> tuple[float, float]:
    """Return the variance of the projection on one row of ``y``, and that of what is left of pairs of rows."""
    of_y, of_x = y[:REFERENCES], x[:REFERENCES]
    within, across = kernel(y, of_y), kernel(y, of_x)
    within[: len(of_y)].fill_diagonal_(0)  # a row with itself is in no pair
    others = torch.full([len(y), 1], float(len(of_y)), dtype=torch.float64, device=y.device)
    others[: len(of_y)] -= 1
    pull = within.sum(1, keepdim=True) / others - across.mean(1, keepdim=True)
    left_within, left_across = _centred_variance(kernel(of_y, of_y)), _centred_variance(across[: len(of_y)])
    # The reals are fixed, so that means over all of them are exact; those over some of them are not.
    noise = left_within / len(of_y) + left_across / len(of_x) * (1 - len(of_x) / len(x))
    return max(float(pull.var()) - noise, 0.0), left_within  # in this order, a NaN stays one


def _centred_variance(values: Tensor) -> float:
    """Return the mean square of a matrix without the means of its rows and columns; its diagonal counts little."""
    centred = values - values.mean(0) - values.mean(1, keepdim=True) + values.mean()
    return float(centred.square().mean())
