"""Extrapolation of a biased number to infinitely many samples, by a line in one over their number."""

import math
from collections.abc import Sequence
from typing import SupportsIndex

import numpy as np
from numpy.typing import NDArray

from ganbench.errors import BadInputError, NonFiniteError
from ganbench.functional.rows import ArrayLike, as_float64, as_integer

SMALLEST = 10  # the smallest subset is one in so many of all samples: 5,000 of 50,000


def extrapolate(values: ArrayLike, counts: Sequence[int]) -> float:
    """Return where the least-squares line through ``(1 / count, value)`` meets zero.

    Args:
        values: ``[points]``, two at least.
        counts: numbers of samples that they are from, above 0 and not all equal.

    Raises:
        BadInputError: if there is no such line.
        NonFiniteError: if a value is NaN or infinite, or the result exceeds float64.

    Source: Chong and Forsyth, Effectively unbiased FID and inception score and where to find them (CVPR 2020).
    """
    y, x = as_float64(values, "values"), as_float64(counts, "counts")
    if y.ndim != 1 or y.shape != x.shape or len(set(x.tolist())) < 2 or not 0 < x.min() <= x.max() < math.inf:
        raise BadInputError(
            "expected as many values as counts above 0, of which two differ, found the shapes "
            f"{list(y.shape)} and {list(x.shape)}, counts {x.ravel()[:5].tolist()}: give a value for each count."
        )
    if not np.isfinite(y).all():
        raise NonFiniteError("a value has a NaN or an infinity; check the features behind it.")
    exponent = int(np.frexp(np.abs(y).max())[1])
    y, inverse = np.ldexp(y, -exponent), x.min() / x  # nothing overflows in these units, and the line meets zero there
    away = inverse - inverse.mean()
    slope = (away * (y - y.mean())).sum() / np.square(away).sum()
    try:
        return math.ldexp(float(y.mean() - slope * inverse.mean()), exponent)
    except OverflowError:
        raise NonFiniteError("the line leads beyond float64; check the features behind the values.") from None


def subset_sizes(count: SupportsIndex, num_points: SupportsIndex = 15) -> list[int]:
    """Return numbers of samples at equal distances, from a tenth of ``count``, or one, to all.

    Source: the paper's code, which begins at 5,000 of 50,000.
    """
    total = as_integer(count, "count", minimum=1)
    points = as_integer(num_points, "num_points", minimum=2)
    return [int(each) for each in np.linspace(max(1, total // SMALLEST), total, points)]


def random_subsets(
    count: SupportsIndex, num_points: SupportsIndex = 15, seed: SupportsIndex = 0
) -> list[NDArray[np.int64]]:
    """Return the row numbers of a random subset for each of ``subset_sizes``, without repetition inside one.

    What a subset holds depends on ``seed``, its place and ``count`` alone.
    """
    total, start = as_integer(count, "count", minimum=1), as_integer(seed, "seed", minimum=0)
    sizes = subset_sizes(total, num_points)
    return [np.random.default_rng([start, i]).permutation(total)[:size] for i, size in enumerate(sizes)]
