"""Memorisation: how near samples are to the images that a model was trained on."""

from typing import SupportsIndex

import numpy as np
import torch
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
from ganbench.functional.manifold import BLOCK, squared_radii
from ganbench.functional.rows import ArrayLike, as_integer, as_row_pair, of_unit_length

LARGEST = 2**24  # distances in memory at once: 128 MiB, three times


def memorization(real: ArrayLike, fake: ArrayLike, *, block: SupportsIndex = BLOCK) -> tuple[float, float]:
    """Return ``(nearer, authenticity)``, both 0..1.

    Nearer is the share of pairs of a fake and a real in which the fake is nearer to its nearest real than the real is
    to its nearest other real; of pairs that are equally near, half. It is about a half of new samples of the same
    distribution, 1 of copies, 0 of samples far from everything.

    Authenticity is the share of fakes that are farther from their nearest real than that real is from its nearest
    other real: 0 of copies, 1 of samples far from everything.

    Distances are exact (see ``ganbench.functional.distances``), so that ties are. Of several nearest reals the first
    counts.

    Args:
        real: features ``[N, D]`` of what the model was trained on, N of 2 or more, as tensor or array.
        fake: features ``[M, D]``.
        block: rows and columns of the reals' matrix of distances to one another; the result is the same.

    Raises:
        BadInputError: if shapes do not fit, or there is no other real.
        NonFiniteError: if a row is not finite.

    Source: nearer is the Mann-Whitney statistic of Meehan et al., A non-parametric test to detect data-copying in
    generative models (AISTATS 2020); authenticity is Alaa et al., How faithful is your synthetic data? (ICML 2022).
    Deviation: Meehan et al. compare with images that were held out, and take cells of the feature space one by one;
    here each real is compared with the other reals, and there is one cell.
    """
    size = as_integer(block, "block", minimum=1)
    reals, fakes = as_row_pair(real, fake, ("real", "fake"), torch.float64)
    if len(reals) < 2:
        raise BadInputError("expected at least 2 real samples, found 1: give more, so that each has another beside it.")
    reals, fakes = scaled(reals, fakes)
    origin = median(reals)
    trained = about(origin, reals, torch.float64)
    between_reals = squared_radii(trained, 1, size)
    to_reals, places = nearest(about(origin, fakes, torch.float64), trained)
    authentic = to_reals > between_reals[places]
    return _share_below(to_reals, between_reals), float(authentic.double().mean())


def nearest(points: Samples, others: Samples) -> tuple[Tensor, Tensor]:
    """Return each point's squared distance ``[N]`` to the nearest of the others, and the first that is so near."""
    rows = slices(len(points), max(1, LARGEST // len(others)))
    found = [_nearest_of(points.part(some), others) for some in rows]
    distances, places = (torch.cat(parts) for parts in zip(*found, strict=True))
    return distances, places


def _nearest_of(points: Samples, others: Samples) -> tuple[Tensor, Tensor]:
    """Return ``nearest`` of a few points, by exact distances to all others within the error of the products."""
    products = squared_distances(points, others)
    slack = points.bounds[:, None] + others.bounds
    reach = (products + slack).amin(dim=1)
    of_point, of_other = (products - slack <= reach[:, None]).nonzero(as_tuple=True)
    looked = exact_distances(points.exact, others.exact, of_point, of_other)
    order = torch.from_numpy(np.lexsort([each.cpu().numpy() for each in (of_other, looked, of_point)]))
    first = torch.searchsorted(of_point[order].cpu(), torch.arange(len(points), device="cpu"))
    chosen = order[first]
    return looked[chosen], of_other[chosen]


def _share_below(x: Tensor, y: Tensor) -> float:
    """Return the share of pairs of an x and a y in which x is smaller; equal ones count half."""
    ordered = y.sort().values
    smaller = len(y) - torch.searchsorted(ordered, x, right=True)  # of x than how many y
    no_larger = len(y) - torch.searchsorted(ordered, x)
    return float((smaller + no_larger).double().mean() / (2 * len(y)))


def memorization_distance(x: ArrayLike, y: ArrayLike) -> float:
    """Return the mean over x of the smallest ``1 - |cosine|`` to any y, 0..1; rows of zeros do not count.

    Args:
        x: features ``[N, D]``, in the paper those of the samples, as tensor or array.
        y: features ``[M, D]``, in the paper those of the training images.

    Raises:
        BadInputError: if shapes do not fit, or all rows of a side are zero.
        NonFiniteError: if a row is not finite.

    Source: Bai et al., On training sample memorization: lessons from benchmarking generative modeling with a
    large-scale competition (KDD 2021), and the competition's code for the absolute value and rows of zeros.
    """
    points, others = (_directions(rows) for rows in as_row_pair(x, y, ("x", "y"), torch.float64))
    cosines = torch.cat(
        [(points[some] @ others.T).abs_().amax(dim=1) for some in slices(len(points), max(1, LARGEST // len(others)))]
    )
    return float((1 - cosines).clamp(min=0).mean())  # rounding may leave a copy below 0


def _directions(rows: Tensor) -> Tensor:
    rows = of_unit_length(rows[rows.any(dim=1)])
    if not len(rows):
        raise BadInputError("expected features with a direction, found zeros alone: choose another extractor.")
    return rows
