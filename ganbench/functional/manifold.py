"""Precision, recall, density and coverage: balls around samples as an estimate of the manifold they lie on.

Distances are computed in blocks, so memory is bounded by the block and not by the number of samples.
"""

from collections.abc import Iterator

import torch
from torch import Tensor

from ganbench.errors import BadInputError
from ganbench.functional.rows import ArrayLike, as_row_pair

BLOCK = 2048  # rows and columns of a block of distances: 32 MiB in float64


def precision_recall(
    real: ArrayLike, fake: ArrayLike, nhood_size: int = 3, *, dtype: torch.dtype = torch.float64, block: int = BLOCK
) -> tuple[float, float]:
    """Return ``(precision, recall)``: the share of fakes among the reals, and of reals among the fakes.

    A sample lies among others if it is inside the ball of at least one of them, whose radius is the distance to its
    ``nhood_size``-th nearest neighbour; the boundary counts as inside.

    Args:
        real: features ``[N, D]``, as tensor or array.
        fake: features ``[M, D]``.
        nhood_size: the k of k-nearest neighbours.
        dtype: precision of the distances, float64 or float32.
        block: rows and columns of the largest matrix of distances.

    Raises:
        BadInputError: if shapes do not fit, or a set has no ``nhood_size`` neighbours.
        NonFiniteError: if a row is not finite.

    Source: Kynkäänniemi et al., Improved precision and recall metric for assessing generative models (NeurIPS 2019),
    eqs. 1 and 2.
    Deviation: the official code compares in float16, with eleven bits a distance, so a sample whose distance is within
    5e-4 of a radius, relatively, falls on either side. On the stored reference case (900 reals, 750 fakes) it calls 686
    fakes precise where float64 and float32 call 684, and agrees on recall.
    """
    real, fake = _prepared(real, fake, nhood_size, dtype)
    precise = _balls(fake, real, _squared_radii(real, nhood_size, block), block) > 0
    recalled = _balls(real, fake, _squared_radii(fake, nhood_size, block), block) > 0
    return float(precise.double().mean()), float(recalled.double().mean())


def density_coverage(
    real: ArrayLike, fake: ArrayLike, nhood_size: int = 5, *, dtype: torch.dtype = torch.float64, block: int = BLOCK
) -> tuple[float, float]:
    """Return ``(density, coverage)``.

    Density is the number of real balls that a fake lies in, on average, over ``nhood_size``: 1 is expected of equal
    distributions, more is possible. Coverage is the share of real balls that hold at least one fake.

    Args:
        real: features ``[N, D]``, as tensor or array.
        fake: features ``[M, D]``.
        nhood_size: the k of k-nearest neighbours.
        dtype: precision of the distances, float64 or float32.
        block: rows and columns of the largest matrix of distances.

    Raises:
        BadInputError: if shapes do not fit, or a set has no ``nhood_size`` neighbours.
        NonFiniteError: if a row is not finite.

    Source: Naeem et al., Reliable fidelity and diversity metrics for generative models (ICML 2020), eqs. 4 and 5.
    Deviation: the boundary of a ball counts as inside, as for precision; their code leaves it out.
    """
    real, fake = _prepared(real, fake, nhood_size, dtype)
    radii = _squared_radii(real, nhood_size, block)
    balls = _balls(fake, real, radii, block)
    nearest = torch.cat([_smallest(rows, fake, 1, block)[:, -1] for rows in torch.split(real, block)])
    return float(balls.double().mean() / nhood_size), float((nearest <= radii).double().mean())


def _prepared(real: ArrayLike, fake: ArrayLike, nhood_size: int, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """Return both sets around the mean of the reals, which leaves distances as they are and rounding smaller."""
    real, fake = as_row_pair(real, fake, ("real", "fake"), dtype)
    if nhood_size < 1 or min(len(real), len(fake)) <= nhood_size:
        raise BadInputError(
            f"{len(real)} real and {len(fake)} fake samples do not each have {nhood_size} neighbours; "
            f"have more samples on both sides, and nhood_size at least 1."
        )
    centre = real.mean(dim=0)
    return real - centre, fake - centre


def _balls(points: Tensor, centres: Tensor, radii: Tensor, block: int) -> Tensor:
    """Return in how many balls, of squared ``radii`` around ``centres``, each point lies, ``[N]`` int64."""
    counts = []
    for rows in torch.split(points, block):
        pairs = zip(_blocks(rows, centres, block), torch.split(radii, block), strict=True)
        counts.append(torch.stack([(d <= r).sum(dim=1) for d, r in pairs]).sum(dim=0))
    return torch.cat(counts)


def _squared_radii(x: Tensor, nhood_size: int, block: int) -> Tensor:
    """Return the squared distance of each row to its ``nhood_size``-th neighbour; itself is the nearest and not one."""
    return torch.cat([_smallest(rows, x, nhood_size + 1, block)[:, -1] for rows in torch.split(x, block)])


def _smallest(rows: Tensor, others: Tensor, count: int, block: int) -> Tensor:
    """Return the ``count`` smallest squared distances of each row, ascending, ``[rows, count]``."""
    smallest = rows.new_full((len(rows), count), float("inf"))
    for distances in _blocks(rows, others, block):
        smallest = torch.cat([smallest, distances], dim=1).topk(count, dim=1, largest=False).values
    return smallest


def _blocks(rows: Tensor, others: Tensor, block: int) -> Iterator[Tensor]:
    """Yield the squared distances from ``rows`` to all others, at most ``block`` columns at a time."""
    for columns in torch.split(others, block):
        yield _squared_distances(rows, columns)


def _squared_distances(x: Tensor, y: Tensor) -> Tensor:
    norms = x.square().sum(dim=1)[:, None] + y.square().sum(dim=1)
    return torch.addmm(norms, x, y.T, alpha=-2).clamp_(min=0)
