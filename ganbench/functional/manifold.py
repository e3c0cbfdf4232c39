"""Precision, recall, density and coverage: balls around samples as an estimate of the manifold they lie on.

A distance is compared with a radius, which is a distance as well, so that ties are common wherever features repeat or
lie on a grid. The rule is that the boundary of a ball counts as inside, and it is held exactly: products decide where
their error bound leaves no doubt, and the few pairs within it are decided by their differences (see
``ganbench.functional.distances``). Blocks of products bound the memory; neither they nor the precision of the products
change a result.
"""

import math
from collections.abc import Iterator, Sequence
from typing import SupportsIndex

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganbench.errors import BadInputError
from ganbench.functional.distances import (
    Samples,
    about,
    exact_distances,
    median,
    scaled,
    slices,
    squared_distances,
)
from ganbench.functional.rows import ArrayLike, as_integer, as_row_pair

Part = tuple[slice, Samples]
Nearest = tuple[Tensor, Tensor]  # [N, count]: squared distances, ascending, and the places of the samples they are to
SPARE = 4  # neighbours kept beyond the k-th, among which ties with it are found without another look at all samples
BLOCK = 1024  # rows and columns of a block of distances: 4 MiB in float32


def precision_recall(
    real: ArrayLike,
    fake: ArrayLike,
    nhood_size: SupportsIndex = 3,
    *,
    dtype: torch.dtype = torch.float32,
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
    dtype: torch.dtype = torch.float32,
    block: SupportsIndex = BLOCK,
) -> tuple[Tensor, Tensor]:
    """Return which fakes lie among the reals ``[M]`` and which reals among the fakes ``[N]``, as for precision."""
    reals, fakes, k, size = _prepared(real, fake, nhood_size, dtype, block)
    real_radii = squared_radii(reals, k, size)
    # The fakes' own distances are taken about their own median: far from the reals, small ones would drown.
    fake_radii = squared_radii(about(median(fakes.exact), fakes.exact, dtype), k, size)
    precise = torch.zeros(len(fakes), dtype=torch.bool, device=fakes.exact.device)
    recalled = torch.zeros(len(reals), dtype=torch.bool, device=reals.exact.device)
    for (rows, points), (columns, centres) in _blocks(fakes, reals, size):
        distances = squared_distances(points, centres)
        precise[rows] |= _inside(distances, points, centres, real_radii[columns]).any(dim=1)
        recalled[columns] |= _inside(distances.T, centres, points, fake_radii[rows]).any(dim=1)
    return precise, recalled


def density_coverage(
    real: ArrayLike,
    fake: ArrayLike,
    nhood_size: SupportsIndex = 5,
    *,
    dtype: torch.dtype = torch.float32,
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
    radii = squared_radii(reals, k, size)
    covered = torch.zeros(len(reals), dtype=torch.bool, device=reals.exact.device)
    balls = 0  # that hold a fake, over all fakes: a whole number, so that no order of summation shows
    for (_, points), (columns, centres) in _blocks(fakes, reals, size):
        distances = squared_distances(points, centres)
        inside = _inside(distances, points, centres, radii[columns])
        covered[columns] |= inside.any(dim=0)
        balls += int(inside.sum())
    return balls / (k * len(fakes)), float(covered.double().mean())


def _prepared(
    real: ArrayLike, fake: ArrayLike, nhood_size: SupportsIndex, dtype: torch.dtype, block: SupportsIndex
) -> tuple[Samples, Samples, int, int]:
    """Return both sets about the median of the reals, ``nhood_size`` and ``block``, all checked."""
    if dtype not in (torch.float64, torch.float32):
        raise BadInputError(f"expected torch.float64 or torch.float32 for dtype, found {dtype}: choose one of them.")
    k, size = as_integer(nhood_size, "nhood_size", minimum=1), as_integer(block, "block", minimum=1)
    reals, fakes = as_row_pair(real, fake, ("real", "fake"), None)
    if min(len(reals), len(fakes)) <= k:
        raise BadInputError(
            f"expected more than {k} samples on both sides for {k} neighbours each, found {len(reals)} real and "
            f"{len(fakes)} fake ones: give more samples, or a smaller nhood_size."
        )
    reals, fakes = scaled(reals, fakes)
    origin = median(reals)
    return about(origin, reals, dtype), about(origin, fakes, dtype), k, size


def squared_radii(samples: Samples, k: int, block: int) -> Tensor:
    """Return the squared distance of each sample to its ``k``-th neighbour; the sample itself does not count."""
    nearest = _nearest(samples, k + 1 + SPARE, block)
    parts = [samples.part(rows) for rows in slices(len(samples), block)]
    return torch.cat(
        [_squared_radii_of(part, samples, near, k, block) for part, near in zip(parts, nearest, strict=True)]
    )


def _squared_radii_of(points: Samples, others: Samples, nearest: Nearest, k: int, block: int) -> Tensor:
    """Return the ``k + 1``-th smallest squared distance of each point to the others.

    It is off by at most the margin by products, so pairs that are nearer or farther by more than twice of it are surely
    below or above it; those between are looked at. So are others, where one that is not among the nearest could be.
    """
    distances, places = nearest[0].double(), nearest[1]
    margin = (points.bounds + others.bounds.max())[:, None]
    about_last = distances - distances[:, k, None]
    exact = torch.full_like(distances, math.inf).masked_fill_(about_last < -2 * margin, -math.inf)
    rows, ranks = (about_last.abs() <= 2 * margin).nonzero(as_tuple=True)
    exact[rows, ranks] = exact_distances(points.exact, others.exact, rows, places[rows, ranks])
    radii = exact.kthvalue(k + 1, dim=1).values
    unsure = (distances[:, -1:] - margin < radii[:, None])[:, 0] & (radii > 0) & (distances.shape[1] < len(others))
    for chosen in torch.split(unsure.nonzero()[:, 0], block):
        radii[chosen] = _settled(points.part(chosen), others, radii[chosen], k, block)
    return radii


def _nearest(samples: Samples, count: int, block: int) -> list[Nearest]:
    """Return the ``count`` nearest samples of each, itself among them, by products: one pair for each block of rows.

    A block of distances serves its rows and its columns, so half of the products suffice.
    """
    parts = list(slices(len(samples), block))
    found: list[list[Nearest]] = [[] for _ in parts]
    for i, rows in enumerate(parts):
        points = samples.part(rows)
        for j, columns in enumerate(parts[i:], i):
            distances = squared_distances(points, samples.part(columns))
            found[i] = [_smallest([*found[i], _few(distances, columns, count)], count)]
            if j > i:
                found[j] = [_smallest([*found[j], _few(distances.T, rows, count)], count)]
    return [only for (only,) in found]


def _few(distances: Tensor, columns: slice, count: int) -> Nearest:
    """Return the ``count`` smallest of each row, or all, and their places, of which ``columns`` are these."""
    near, at = distances.topk(min(count, distances.shape[1]), dim=1, largest=False)
    return near, at + columns.start


def _smallest(found: Sequence[Nearest], count: int) -> Nearest:
    """Return the ``count`` smallest of each row of all that were found, or all, ascending."""
    distances, places = (torch.cat(parts, dim=1) for parts in zip(*found, strict=True))
    near, kept = distances.topk(min(count, distances.shape[1]), dim=1, largest=False)
    return near, places.gather(1, kept)


def _settled(points: Samples, others: Samples, radii: Tensor, k: int, block: int) -> Tensor:
    """Return the ``k + 1``-th smallest squared distance, which is at most ``radii``, of points near ties."""
    found: list[tuple[NDArray[np.int64], NDArray[np.float64]]] = []
    for columns in slices(len(others), block):
        part = others.part(columns)
        distances = squared_distances(points, part)
        rows, places = (distances <= radii[:, None] + points.bounds[:, None] + part.bounds).nonzero(as_tuple=True)
        found.append((rows.cpu().numpy(), exact_distances(points.exact, part.exact, rows, places).cpu().numpy()))
    of_point, looked = (np.concatenate(arrays) for arrays in zip(*found, strict=True))
    order = np.lexsort((looked, of_point))
    starts = np.searchsorted(of_point[order], np.arange(len(points)))
    return torch.from_numpy(looked[order][starts + k]).to(radii.device)


def _inside(distances: Tensor, points: Samples, centres: Samples, radii: Tensor) -> Tensor:
    """Return ``[points, centres]``: whether each point lies in each ball of squared radius ``radii``."""
    widest = points.bounds.max() + centres.bounds.max()
    surely, maybe = (distances < (radii - widest).to(distances)), (distances <= (radii + widest).to(distances))
    if torch.equal(surely, maybe):  # almost always: two passes over the block, and no list of pairs
        return surely
    doubtful = (surely ^ maybe).any(dim=1).nonzero()[:, 0]
    bounds = points.bounds[doubtful, None] + centres.bounds
    rows, columns = ((distances[doubtful] - radii).abs_() <= bounds).nonzero(as_tuple=True)
    inside = distances <= radii
    exact = exact_distances(points.exact, centres.exact, doubtful[rows], columns)
    inside[doubtful[rows], columns] = exact <= radii[columns]
    return inside


def _blocks(points: Samples, centres: Samples, block: int) -> Iterator[tuple[Part, Part]]:
    for rows in slices(len(points), block):
        some = rows, points.part(rows)
        for columns in slices(len(centres), block):
            yield some, (columns, centres.part(columns))
