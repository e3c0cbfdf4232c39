"""Kernel distance (KID): the unbiased squared maximum mean discrepancy under a cubic polynomial kernel."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganbench.errors import BadInputError
from ganbench.functional.rows import ArrayLike, as_float64, as_row_pair

Indices = NDArray[np.int64]


def kernel_distance(
    x: ArrayLike,
    y: ArrayLike,
    subsets: tuple[ArrayLike, ArrayLike] | None = None,
    *,
    num_subsets: int = 100,
    max_subset_size: int = 1000,
    seed: int = 0,
) -> float:
    """Return KID: the mean of ``kernel_distances`` over the subsets. It can be slightly negative, being unbiased.

    Args:
        x: features ``[N, D]``, as tensor or array; arithmetic is float64 whatever they are.
        y: features ``[M, D]``.
        subsets: row numbers ``(of x, of y)``, each ``[subsets, m]``; without them, drawn by ``draw_subsets``.
        num_subsets: how many to draw.
        max_subset_size: rows in a subset, fewer where there are fewer.
        seed: of the draw.

    Raises:
        BadInputError: if shapes or sizes do not fit.
        NonFiniteError: if a row is not finite.

    Source: Bińkowski et al., Demystifying MMD GANs (ICLR 2018), section 4; 100 subsets of 1000 as in StyleGAN2-ADA.
    """
    if subsets is None:
        subsets = draw_subsets(len(x), len(y), num_subsets, max_subset_size, seed)
    return float(kernel_distances(x, y, subsets).mean())


def kernel_distances(x: ArrayLike, y: ArrayLike, subsets: tuple[ArrayLike, ArrayLike]) -> NDArray[np.float64]:
    """Return the unbiased estimate of each subset, ``[subsets]`` float64; arguments as for ``kernel_distance``."""
    rows_x, rows_y = as_row_pair(x, y, ("x", "y"), torch.float64)
    of_x, of_y = (torch.as_tensor(indices, dtype=torch.int64) for indices in subsets)
    if of_x.ndim != 2 or of_x.shape != of_y.shape or not of_x.numel():
        raise BadInputError(
            f"the subsets have shapes {list(of_x.shape)} and {list(of_y.shape)}; give [subsets, m] row numbers, twice."
        )
    for name, rows, indices in (("x", rows_x, of_x), ("y", rows_y, of_y)):
        if not 0 <= int(indices.min()) <= int(indices.max()) < len(rows):
            raise BadInputError(f"a subset names a row that {name} with {len(rows)} rows does not have; count from 0.")
    pairs = zip(of_x.to(rows_x.device), of_y.to(rows_y.device), strict=True)
    return as_float64(torch.stack([_squared_mmd(rows_x[i], rows_y[j]) for i, j in pairs]), "distances")


def draw_subsets(num_x: int, num_y: int, num_subsets: int, max_subset_size: int, seed: int) -> tuple[Indices, Indices]:
    """Return row numbers of x and of y, each ``[num_subsets, m]``, without repetition inside a subset.

    What subset ``i`` holds depends on ``seed``, ``i`` and the numbers of rows only: more subsets begin with the same.

    Raises:
        BadInputError: if ``num_subsets`` is below 1 or a subset would have fewer than 2 rows.
    """
    size = min(num_x, num_y, max_subset_size)
    if size < 2 or num_subsets < 1:
        raise BadInputError(
            f"{num_subsets} subsets of {size} rows give no kernel distance; have at least 1 subset and 2 rows a side."
        )
    streams = [np.random.default_rng([seed, i]) for i in range(num_subsets)]
    draws = [(rng.choice(num_x, size, replace=False), rng.choice(num_y, size, replace=False)) for rng in streams]
    return np.stack([of_x for of_x, _ in draws]), np.stack([of_y for _, of_y in draws])


def _squared_mmd(x: Tensor, y: Tensor) -> Tensor:
    """Return the unbiased squared MMD of two sets of ``m`` rows; pairs of a row with itself are left out."""
    m = len(x)
    within = _kernel(x, x) + _kernel(y, y)
    return (within.sum() - within.trace()) / (m * (m - 1)) - 2 * _kernel(x, y).mean()


def _kernel(x: Tensor, y: Tensor) -> Tensor:
    return (x @ y.T / x.shape[1] + 1) ** 3
