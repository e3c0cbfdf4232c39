"""Precision, recall, density and coverage: balls around samples as an estimate of the manifold they lie on.

A distance is compared with a radius, which is a distance as well, so that ties are common wherever features repeat or
lie on a grid. The rule is that the boundary of a ball counts as inside, and it is held exactly: the squared distance of
two samples is the sum of their squared differences in float64, one number for the pair wherever it is needed.

Matrix products find most distances quickly but round equal ones apart. So they decide only where the error bound
of the product leaves no doubt; the few pairs within it are decided by their differences. Blocks of products bound the
memory; neither they nor the precision of the products change a result.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import SupportsIndex

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganbench.errors import BadInputError
from ganbench.functional.rows import ArrayLike, as_integer, as_row_pair

BLOCK = 2048  # rows and columns of a block of distances: 32 MiB in float64
CENTRES = 512  # samples whose median is the origin of the products
LOOKED = 2**20  # numbers in a block of differences
RANGE = 2.0**-450  # of a sample's size, relative to the largest, below which squares of differences would underflow


def precision_recall(
    real: ArrayLike,
    fake: ArrayLike,
    nhood_size: SupportsIndex = 3,
    *,
    dtype: torch.dtype = torch.float64,
    block: SupportsIndex = BLOCK,
) -> tuple[float, float]:
    """Return ``(precision, recall)``: the share of fakes among the reals, and of reals among the fakes.

    A sample lies among others if it is inside the ball of at least one of them, whose radius is the distance to its
    ``nhood_size``-th nearest neighbour; the boundary counts as inside, exactly so for features that are integers.

    Args:
        real: features ``[N, D]``, as tensor or array.
        fake: features ``[M, D]``.
        nhood_size: the k of k-nearest neighbours.
        dtype: precision of the matrix products, float64 or float32; the result is the same.
        block: rows and columns of the largest matrix of distances; the result is the same.

    Raises:
        BadInputError: if shapes do not fit, or a set has no ``nhood_size`` neighbours.
        NonFiniteError: if a row is not finite.

    Source: Kynkäänniemi et al., Improved precision and recall metric for assessing generative models (NeurIPS 2019),
    eqs. 1 and 2.
    Deviation: the official code compares in float16, with eleven bits a distance, so a sample whose distance is within
    5e-4 of a radius, relatively, falls on either side. On the stored reference case (900 reals, 750 fakes) it calls 686
    fakes precise where exact comparison calls 684, and agrees on recall.
    """
    precise, recalled = memberships(real, fake, nhood_size, dtype=dtype, block=block)
    return float(precise.double().mean()), float(recalled.double().mean())


def memberships(
    real: ArrayLike,
    fake: ArrayLike,
    nhood_size: SupportsIndex = 3,
    *,
    dtype: torch.dtype = torch.float64,
    block: SupportsIndex = BLOCK,
) -> tuple[Tensor, Tensor]:
    """Return which fakes lie among the reals ``[M]`` and which reals among the fakes ``[N]``, as for precision."""
    reals, fakes, k, size = _prepared(real, fake, nhood_size, dtype, block)
    real_radii = _squared_radii(reals, k, size)
    # The fakes' own distances are taken about their own median: far from the reals, small ones would drown.
    fake_radii = _squared_radii(_about(_median(fakes.exact), fakes.exact, dtype), k, size)
    precise = torch.zeros(len(fakes), dtype=torch.bool, device=fakes.exact.device)
    recalled = torch.zeros(len(reals), dtype=torch.bool, device=reals.exact.device)
    for rows, columns in _blocks(fakes, reals, size):
        points, centres = fakes.part(rows), reals.part(columns)
        distances = _squared_distances(points.products, centres.products)
        precise[rows] |= _inside(distances, points, centres, real_radii[columns]).any(dim=1)
        recalled[columns] |= _inside(distances.T, centres, points, fake_radii[rows]).any(dim=1)
    return precise, recalled


def density_coverage(
    real: ArrayLike,
    fake: ArrayLike,
    nhood_size: SupportsIndex = 5,
    *,
    dtype: torch.dtype = torch.float64,
    block: SupportsIndex = BLOCK,
) -> tuple[float, float]:
    """Return ``(density, coverage)``.

    Density is the number of real balls that a fake lies in, on average, over ``nhood_size``: 1 is expected of equal
    distributions, more is possible. Coverage is the share of real balls that hold at least one fake.

    Args:
        real: features ``[N, D]``, as tensor or array.
        fake: features ``[M, D]``.
        nhood_size: the k of k-nearest neighbours.
        dtype: precision of the matrix products, float64 or float32; the result is the same.
        block: rows and columns of the largest matrix of distances; the result is the same.

    Raises:
        BadInputError: if shapes do not fit, or a set has no ``nhood_size`` neighbours.
        NonFiniteError: if a row is not finite.

    Source: Naeem et al., Reliable fidelity and diversity metrics for generative models (ICML 2020), eqs. 4 and 5.
    Deviation: the boundary of a ball counts as inside, as for precision; their code leaves it out.
    """
    reals, fakes, k, size = _prepared(real, fake, nhood_size, dtype, block)
    radii = _squared_radii(reals, k, size)
    covered = torch.zeros(len(reals), dtype=torch.bool, device=reals.exact.device)
    balls = 0  # that hold a fake, over all fakes: a whole number, so that no order of summation shows
    for rows, columns in _blocks(fakes, reals, size):
        points, centres = fakes.part(rows), reals.part(columns)
        distances = _squared_distances(points.products, centres.products)
        inside = _inside(distances, points, centres, radii[columns])
        covered[columns] |= inside.any(dim=0)
        balls += int(inside.sum())
    return balls / (k * len(fakes)), float(covered.double().mean())


@dataclass(frozen=True)
class _Samples:
    """Rows of one set, or a part of them.

    Attributes:
        exact: ``[N, D]`` float64, what differences are taken of.
        products: ``[N, D]``, about an origin amid the rows, in the precision of the products.
        bounds: ``[N]``; the product's squared distance of two samples is off by less than the sum of their bounds.
    """

    exact: Tensor
    products: Tensor
    bounds: Tensor

    def __len__(self) -> int:
        return len(self.exact)

    def part(self, rows: slice | Tensor) -> "_Samples":
        """Return some of the rows."""
        return _Samples(self.exact[rows], self.products[rows], self.bounds[rows])


def _prepared(
    real: ArrayLike, fake: ArrayLike, nhood_size: SupportsIndex, dtype: torch.dtype, block: SupportsIndex
) -> tuple[_Samples, _Samples, int, int]:
    """Return both sets about the median of the reals, ``nhood_size`` and ``block``, all checked."""
    if dtype not in (torch.float64, torch.float32):
        raise BadInputError(f"expected torch.float64 or torch.float32 for dtype, found {dtype}: choose one of them.")
    k, size = as_integer(nhood_size, "nhood_size", minimum=1), as_integer(block, "block", minimum=1)
    reals, fakes = as_row_pair(real, fake, ("real", "fake"), torch.float64)
    if min(len(reals), len(fakes)) <= k:
        raise BadInputError(
            f"expected more than {k} samples on both sides for {k} neighbours each, found {len(reals)} real and "
            f"{len(fakes)} fake ones: give more samples, or a smaller nhood_size."
        )
    reals, fakes = _scaled(reals, fakes)
    origin = _median(reals)
    return _about(origin, reals, dtype), _about(origin, fakes, dtype), k, size


def _scaled(real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
    """Return both sets divided by one power of two, which is exact, so that no square overflows or underflows.

    Raises:
        BadInputError: if their sizes are too far apart for that.
    """
    sizes = [rows.abs().amax(dim=1) for rows in (real, fake)]
    largest = max(float(size.max()) for size in sizes)
    if not largest:
        return real, fake
    for name, size in zip(("real", "fake"), sizes, strict=True):
        lost = ((size > 0) & (size < largest * RANGE)).nonzero()[:, 0]
        if len(lost):
            raise BadInputError(
                f"expected features of comparable size, found {largest:.0e} beside {float(size[lost[0]]):.0e} in row "
                f"{int(lost[0])} of {name}: leave the outliers out."
            )
    unit = 2.0 ** (math.frexp(largest)[1] - 1)
    return real / unit, fake / unit


def _about(origin: Tensor, exact: Tensor, dtype: torch.dtype) -> _Samples:
    """Return samples whose products are taken about ``origin``.

    Sums of ``D`` terms are off by at most ``D eps / 2`` of the terms' sizes, which add up to ``|x|^2 + |y|^2`` for the
    norms and to no more than that for the product; centring, adding the three, rounding a radius and the differences'
    own sum, which NumPy takes pairwise, stay below ``64 eps``. The smallest normal number covers what underflows.
    """
    products = (exact - origin).to(dtype)
    limits = torch.finfo(dtype)
    factor = (exact.shape[1] + 64) * limits.eps
    return _Samples(exact, products, factor * products.double().square().sum(dim=1) + exact.shape[1] * limits.tiny)


def _median(exact: Tensor) -> Tensor:
    """Return the median of some of the rows: amid them whatever outliers there are, and a whole number for integers."""
    return exact[:: math.ceil(len(exact) / CENTRES)].median(dim=0).values


def _squared_radii(samples: _Samples, k: int, block: int) -> Tensor:
    """Return the squared distance of each sample to its ``k``-th neighbour; the sample itself does not count."""
    parts = (samples.part(rows) for rows in _slices(len(samples), block))
    return torch.cat([_squared_radii_of(part, samples, k, block) for part in parts])


def _squared_radii_of(points: _Samples, others: _Samples, k: int, block: int) -> Tensor:
    """Return the ``k + 1``-th smallest squared distance of each point to the others.

    The ``k + 1`` nearest by products are the true nearest, in some order, unless the next could be as near as the
    furthest of them; only then are others examined too.
    """
    distances, places = _nearest(points, others, k + 2, block)
    margin = points.bounds + others.bounds.max()
    last, beyond = distances[:, k].double(), distances[:, k + 1 :].double()
    rows, ranks = (distances[:, : k + 1].double() >= (last - 2 * margin)[:, None]).nonzero(as_tuple=True)
    looked = _looked(points.exact, others.exact, rows, places[rows, ranks])
    radii = torch.zeros_like(last).scatter_reduce(0, rows, looked, "amax")
    unsure = ((beyond - margin[:, None] <= radii[:, None]).any(dim=1) & (radii > 0)).nonzero()[:, 0]
    for chosen in torch.split(unsure, block):
        radii[chosen] = _settled(points.part(chosen), others, radii[chosen], k, block)
    return radii


def _nearest(points: _Samples, others: _Samples, count: int, block: int) -> tuple[Tensor, Tensor]:
    """Return the ``count`` smallest squared distances by products, ascending, and which of ``others`` they are to."""
    count = min(count, len(others))
    smallest = points.products.new_zeros((len(points), 0))
    places = torch.zeros((len(points), 0), dtype=torch.int64, device=smallest.device)
    for columns in _slices(len(others), block):
        distances = _squared_distances(points.products, others.products[columns])
        near, at = distances.topk(min(count, distances.shape[1]), dim=1, largest=False)
        smallest, places = torch.cat([smallest, near], dim=1), torch.cat([places, at + columns.start], dim=1)
        if smallest.shape[1] > count:
            smallest, kept = smallest.topk(count, dim=1, largest=False)
            places = places.gather(1, kept)
    return smallest, places


def _settled(points: _Samples, others: _Samples, radii: Tensor, k: int, block: int) -> Tensor:
    """Return the ``k + 1``-th smallest squared distance, which is at most ``radii``, of points near ties."""
    found: list[tuple[NDArray[np.int64], NDArray[np.float64]]] = []
    for columns in _slices(len(others), block):
        part = others.part(columns)
        distances = _squared_distances(points.products, part.products)
        rows, places = (distances <= radii[:, None] + points.bounds[:, None] + part.bounds).nonzero(as_tuple=True)
        found.append((rows.cpu().numpy(), _looked(points.exact, part.exact, rows, places).cpu().numpy()))
    of_point, looked = (np.concatenate(arrays) for arrays in zip(*found, strict=True))
    order = np.lexsort((looked, of_point))
    starts = np.searchsorted(of_point[order], np.arange(len(points)))
    return torch.from_numpy(looked[order][starts + k]).to(radii.device)


def _inside(distances: Tensor, points: _Samples, centres: _Samples, radii: Tensor) -> Tensor:
    """Return ``[points, centres]``: whether each point lies in each ball of squared radius ``radii``."""
    widest = points.bounds.max() + centres.bounds.max()
    surely, maybe = (distances < (radii - widest).to(distances)), (distances <= (radii + widest).to(distances))
    if torch.equal(surely, maybe):  # almost always: two passes over the block, and no list of pairs
        return surely
    doubtful = (surely ^ maybe).any(dim=1).nonzero()[:, 0]
    bounds = points.bounds[doubtful, None] + centres.bounds
    rows, columns = ((distances[doubtful] - radii).abs_() <= bounds).nonzero(as_tuple=True)
    inside = distances <= radii
    inside[doubtful[rows], columns] = _looked(points.exact, centres.exact, doubtful[rows], columns) <= radii[columns]
    return inside


def _looked(x: Tensor, y: Tensor, rows_x: Tensor, rows_y: Tensor) -> Tensor:
    """Return the squared distances of pairs of rows by their differences, ``[pairs]`` float64.

    Summed by NumPy, row by row: torch may sum in another order when there are more pairs.
    """
    looked = np.zeros(len(rows_x))
    pairs = np.arange(len(rows_x))
    if len(pairs) > len(x) + len(y):  # many repeated rows, whose distance is zero without looking
        numbers: dict[bytes, int] = {}
        of_x, of_y = (
            np.array([numbers.setdefault(row.tobytes(), len(numbers)) for row in rows.cpu().numpy()]) for rows in (x, y)
        )
        pairs = np.flatnonzero(of_x[rows_x.cpu().numpy()] != of_y[rows_y.cpu().numpy()])
    for some in np.array_split(pairs, math.ceil(len(pairs) * x.shape[1] / LOOKED) or 1):
        chosen = torch.from_numpy(some).to(rows_x.device)
        differences = x[rows_x[chosen]] - y[rows_y[chosen]]
        looked[some] = differences.square_().cpu().numpy().sum(axis=1)
    return torch.from_numpy(looked).to(x.device)


def _slices(length: int, block: int) -> Iterator[slice]:
    for start in range(0, length, block):
        yield slice(start, min(start + block, length))


def _blocks(points: _Samples, centres: _Samples, block: int) -> Iterator[tuple[slice, slice]]:
    for rows in _slices(len(points), block):
        for columns in _slices(len(centres), block):
            yield rows, columns


def _squared_distances(x: Tensor, y: Tensor) -> Tensor:
    norms = x.square().sum(dim=1)[:, None] + y.square().sum(dim=1)
    return torch.addmm(norms, x, y.T, alpha=-2)
