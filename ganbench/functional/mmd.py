"""Kernel distance (KID): the unbiased squared maximum mean discrepancy under a cubic polynomial kernel."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import SupportsIndex

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganbench.errors import BadInputError, NonFiniteError
from ganbench.functional.distances import slices
from ganbench.functional.rows import ArrayLike, as_float64, as_integer, as_row_pair, as_tensor, unrounded

Indices = NDArray[np.int64]
MOST_SUBSETS = 10**6  # that are drawn at once
WIDE = 256  # columns from which products of rows are most of the work
GROUP = 256  # subsets that are summed at once
ROWS = 256  # whose kernel with all later ones is computed at once
CACHED = 64  # of these, that are summed at once
FAR = 100  # mean square of an origin's coordinates, up to which float32 holds the kernel about it
MAX_SEED = 2**63 - 1


def kernel_distance(
    x: ArrayLike,
    y: ArrayLike,
    subsets: tuple[ArrayLike, ArrayLike] | None = None,
    *,
    num_subsets: SupportsIndex = 100,
    max_subset_size: SupportsIndex = 1000,
    seed: SupportsIndex = 0,
) -> float:
    """Return KID: the mean of ``kernel_distances`` over the subsets. It can be slightly negative, being unbiased.

    Args:
        x: features ``[N, D]``, as tensor or array; for the arithmetic see ``precise``.
        y: features ``[M, D]``.
        subsets: row numbers ``(of x, of y)``, each ``[subsets, m]`` with ``m`` of 2 or more; drawn by ``draw_subsets``
            if not given.
        num_subsets: how many to draw.
        max_subset_size: rows in a subset, fewer where there are fewer.
        seed: of the draw, 0..2**63-1.

    Raises:
        BadInputError: if shapes or sizes do not fit.
        NonFiniteError: if a row is not finite, or a kernel value exceeds float64.

    Source: Bińkowski et al., Demystifying MMD GANs (ICLR 2018), section 4; 100 subsets of 1000 as in StyleGAN2-ADA.
    """
    rows_x, rows_y = precise(x, y)
    if subsets is None:
        subsets = draw_subsets(len(rows_x), len(rows_y), num_subsets, max_subset_size, seed)
    return float(_distances(rows_x, rows_y, subsets).mean())


def kernel_distances(x: ArrayLike, y: ArrayLike, subsets: tuple[ArrayLike, ArrayLike]) -> NDArray[np.float64]:
    """Return the unbiased estimate of each subset, ``[subsets]`` float64; arguments as for ``kernel_distance``."""
    return _distances(*precise(x, y), subsets)


def precise(x: ArrayLike, y: ArrayLike) -> tuple[Tensor, Tensor]:
    """Return both sets of rows in the precision in which the kernel is taken; errors are ``as_row_pair``'s.

    It is float32 where that holds the rows exactly and they are wide. The distance of features of unit size is then off
    by some 1e-9, and of those as far from zero as they are wide by 1e-8, far below its sampling error. Of features far
    from zero (see ``_origin``) the kernel is taken in float64 all the same.
    """
    rows_x, rows_y = as_row_pair(x, y, ("x", "y"), None)
    return (rows_x, rows_y) if rows_x.shape[1] >= WIDE else (rows_x.double(), rows_y.double())


def _distances(rows_x: Tensor, rows_y: Tensor, subsets: tuple[ArrayLike, ArrayLike]) -> NDArray[np.float64]:
    """Return ``kernel_distances`` of checked rows."""
    of_x, of_y = _row_numbers(subsets, rows_x, rows_y)
    groups = zip(torch.split(of_x.to(rows_x.device), GROUP), torch.split(of_y.to(rows_y.device), GROUP), strict=True)
    origin = _origin(rows_x, rows_y)
    if origin is None:
        return _distances(rows_x.double(), rows_y.double(), subsets)
    with unrounded(rows_x.device):
        found = torch.cat([_squared_mmds(origin, rows_x, rows_y, i, j) for i, j in groups])
    distances = as_float64(found, "distances")
    if np.isfinite(distances).all():
        return distances
    if rows_x.dtype == torch.float32:  # whose range may be all that was too small
        return _distances(rows_x.double(), rows_y.double(), subsets)
    raise too_large(rows_x, rows_y)


def too_large(rows_x: Tensor, rows_y: Tensor) -> NonFiniteError:
    """Return the error of rows whose kernel exceeds float64."""
    largest = max(float(rows.abs().max()) for rows in (rows_x, rows_y))
    return NonFiniteError(
        f"expected features whose products float64 can hold to the third power, found {largest:.0e}: "
        "scale both sets of features down."
    )


def _row_numbers(subsets: tuple[ArrayLike, ArrayLike], rows_x: Tensor, rows_y: Tensor) -> tuple[Tensor, Tensor]:
    """Return the row numbers ``[subsets, m]`` of both sides as int64, both checked.

    Raises:
        BadInputError: they are not whole numbers, not of equal shapes, fewer than two, or out of range.
    """
    if not isinstance(subsets, tuple | list) or len(subsets) != 2:
        raise BadInputError(
            f"expected a pair (rows of x, rows of y) for subsets, found {type(subsets).__name__}: give two."
        )
    of_x, of_y = (as_tensor(indices, "subsets") for indices in subsets)
    if any(indices.is_floating_point() or indices.dtype == torch.bool for indices in (of_x, of_y)):
        raise BadInputError(
            f"expected whole row numbers for subsets, found {of_x.dtype} and {of_y.dtype}: give integers."
        )
    of_x, of_y = of_x.long(), of_y.long()
    if of_x.ndim != 2 or of_x.shape != of_y.shape or not of_x.numel():
        raise BadInputError(
            f"expected subsets of shape [subsets, m] twice, found {list(of_x.shape)} and {list(of_y.shape)}: give as "
            "many row numbers of x as of y."
        )
    if of_x.shape[1] < 2:
        raise BadInputError(
            "expected at least 2 rows in each of the subsets, found 1: the unbiased estimate needs pairs."
        )
    for name, rows, indices in (("x", rows_x, of_x), ("y", rows_y, of_y)):
        if not 0 <= int(indices.min()) <= int(indices.max()) < len(rows):
            raise BadInputError(
                f"expected row numbers from 0 to {len(rows) - 1} in the subsets of {name}, found {int(indices.min())} "
                f"to {int(indices.max())}: count from 0."
            )
    return of_x, of_y


def draw_subsets(
    num_x: SupportsIndex,
    num_y: SupportsIndex,
    num_subsets: SupportsIndex,
    max_subset_size: SupportsIndex,
    seed: SupportsIndex,
) -> tuple[Indices, Indices]:
    """Return row numbers of x and of y, each ``[num_subsets, m]``, without repetition inside a subset.

    What subset ``i`` holds depends on ``seed``, ``i`` and the numbers of rows only: more subsets begin with the same.

    Raises:
        BadInputError: if ``num_subsets`` is below 1 or a subset would have fewer than 2 rows.
    """
    rows_x, rows_y = (as_integer(n, name, minimum=0) for n, name in ((num_x, "num_x"), (num_y, "num_y")))
    count = as_integer(num_subsets, "num_subsets", minimum=0, maximum=MOST_SUBSETS)
    size = min(rows_x, rows_y, as_integer(max_subset_size, "max_subset_size", minimum=0))
    start = as_integer(seed, "seed", minimum=0, maximum=MAX_SEED)
    if size < 2 or count < 1:
        raise BadInputError(
            f"expected at least 1 subset of at least 2 rows, found {count} of {size}: ask for more subsets, or give "
            "more rows."
        )
    streams = [np.random.default_rng([start, i]) for i in range(count)]
    draws = [(rng.choice(rows_x, size, replace=False), rng.choice(rows_y, size, replace=False)) for rng in streams]
    return np.stack([of_x for of_x, _ in draws]), np.stack([of_y for _, of_y in draws])


@dataclass(frozen=True)
class Rows:
    """Rows about an origin, which all rows share.

    What two rows have in common with the origin cancels in the distance; without it, the kernel's values are as small
    as can be, and with them their rounding.

    Attributes:
        centred: the rows less the origin, ``[N, D]``.
        along: products of ``centred`` with the origin, divided by D, ``[N]``.
        base: 1 and the origin's product with itself, divided by D.
    """

    centred: Tensor
    along: Tensor
    base: float

    @classmethod
    def of(cls, centred: Tensor, origin: Tensor) -> "Rows":
        """Return rows ``[N, D]`` that are given about their origin ``[D]``."""
        return cls(centred, centred @ origin / len(origin), 1 + float(origin @ origin) / len(origin))

    def __getitem__(self, rows: slice) -> "Rows":
        """Return some of the rows."""
        return Rows(self.centred[rows], self.along[rows], self.base)


def _origin(x: Tensor, y: Tensor) -> Tensor | None:
    """Return the mean of all rows ``[D]``, zero in float64, or None where no origin makes float32 enough.

    That is where outliers draw the mean away, and where it is so far from zero that the terms of the first order, which
    nearly cancel, lose their digits. Rows close together are about as long as their mean, and it is not twice as long
    as most rows are, unless a few are very far.
    """
    if x.dtype != torch.float32:
        return x.new_zeros(x.shape[1])
    origin = (x.mean(0) + y.mean(0)) / 2
    lengths = torch.cat([torch.linalg.vector_norm(rows, dim=1) for rows in (x, y)])
    length = float(torch.linalg.vector_norm(origin))
    return origin if length <= min(2 * float(lengths.median()), (FAR * len(origin)) ** 0.5) else None


def _squared_mmds(origin: Tensor, x: Tensor, y: Tensor, of_x: Tensor, of_y: Tensor) -> Tensor:
    """Return the unbiased squared MMD of subsets ``[subsets, m]`` of rows; pairs of a row with itself are left out."""
    count, m = of_x.shape
    if len(x) + len(y) > 2 * m * count**0.5:  # then all rows have more pairs than the subsets have, one by one
        return _mmds_one_by_one(origin, x, y, of_x, of_y)
    times = torch.cat([_multiplicities(x, of_x), _multiplicities(y, of_y)], 1)
    return _mmds(Rows.of(torch.cat([x, y]).sub_(origin), origin), len(x), times, m)


def _mmds_one_by_one(origin: Tensor, x: Tensor, y: Tensor, of_x: Tensor, of_y: Tensor) -> Tensor:
    """Return ``_squared_mmds``, each from the rows of its subset, in the same memory: new memory takes time."""
    m, found = of_x.shape[1], []
    once, space = x.new_ones(1, 2 * m), x.new_empty(2 * m, x.shape[1])
    for i, j in zip(of_x, of_y, strict=True):
        torch.index_select(x, 0, i, out=space[:m]).sub_(origin)
        torch.index_select(y, 0, j, out=space[m:]).sub_(origin)
        found.append(_mmds(Rows.of(space, origin), m, once, m))
    return torch.cat(found)


def _mmds(rows: Rows, first: int, times: Tensor, m: int) -> Tensor:
    """Return the unbiased squared MMD of subsets ``[subsets]`` float64, each pair of rows taken once.

    Args:
        rows: of x, ``first`` in number, and after them of y.
        times: how many times each subset has each row, ``[subsets, N]``: m times rows of x, and of y.
    """
    within, across = 1 / (m * (m - 1)), -1 / m**2
    total = times.new_zeros(len(times), dtype=torch.float64)
    for part in _parts(first, times.shape[1]):
        onward, some = slice(part.start, None), times[:, part]
        products = _products(rows[part], rows[onward])
        total += within * ((some * (some - 1)) @ _cubic(products.diagonal().clone(), rows.base))
        # Left out before the sum: subtracted from it, an outlier's own term would cancel all digits of the others.
        products.fill_diagonal_(0)
        share = products.new_full(products.shape[1:], 2 * within, dtype=torch.float64)
        share[: len(products)] = within  # these pairs are here both ways round
        if part.start < first:
            share[first - part.start :] = 2 * across
        total += _sums(products, rows.base, some, times[:, onward], share)
    return total


def _parts(first: int, count: int) -> Iterator[slice]:
    """Yield parts of ``ROWS`` rows, or fewer, of which none has both of the ``first`` and of the others."""
    for start, stop in ((0, first), (first, count)):
        yield from (slice(start + rows.start, start + rows.stop) for rows in slices(stop - start, ROWS))


def _multiplicities(x: Tensor, of_x: Tensor) -> Tensor:
    """Return how many times each subset has each row, ``[subsets, N]``, in the precision of the rows."""
    found = x.new_zeros((len(of_x), len(x)))
    return found.scatter_add_(1, of_x, found.new_ones(of_x.shape))


def _products(x: Rows, y: Rows) -> Tensor:
    """Return the products of rows divided by D, less the origin's with itself, ``[N, M]``."""
    return torch.addmm(y.along, x.centred, y.centred.T, alpha=1 / x.centred.shape[1]).add_(x.along[:, None])


def _sums(products: Tensor, base: float, of_rows: Tensor, of_columns: Tensor, share: Tensor) -> Tensor:
    """Return each subset's sum of the kernel over its rows and columns, columns with a share, ``[subsets]`` float64.

    A few rows at a time stay in a core's cache, and only sums over these are float32 where the products are.
    """
    found = share.new_zeros(of_columns.shape)
    for part, times in zip(torch.split(products, CACHED), torch.split(of_rows, CACHED, dim=1), strict=True):
        found += times @ _cubic(part, base)
    return found.mul_(of_columns) @ share


def _cubic(t: Tensor, base: float) -> Tensor:
    """Return ``(base + t)^3 - base^3``; a general power takes as long as the product of matrices."""
    return (t + 3 * base).mul_(t).add_(3 * base * base).mul_(t)


def kernel(x: Tensor, y: Tensor) -> Tensor:
    """Return the cubic polynomial kernel less 1 of rows ``[N, D]`` and ``[M, D]``, as ``[N, M]``.

    The 1 cancels in the distance. With it, small values would lose digits, and with them small distances.
    """
    return _cubic((x @ y.T).div_(x.shape[1]), 1)
