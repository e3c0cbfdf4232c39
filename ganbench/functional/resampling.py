"""Standard errors from groups of samples, and the intervals that they give."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtrit

__all__ = ["interval", "jackknife", "spread_of_groups"]

Floats = NDArray[np.float64]


def jackknife(whole: ArrayLike, left_out: ArrayLike, sizes: Sequence[int]) -> tuple[Floats, Floats]:
    """Return the standard error and the bias of numbers, from their values without each of ``g`` groups.

    The bias is what falls as one over the number of samples: a number minus its bias is what it would be of infinitely
    many. That is so for numbers that are smooth in their samples, whose order does not matter; else it means nothing.

    Args:
        whole: ``[K]``, the numbers of all samples.
        left_out: ``[g, K]``, the numbers without each group; two groups at least.
        sizes: samples in each group, which may differ.

    Returns:
        ``[K]`` and ``[K]``, in the unit of the numbers.

    Source: Busing, Meijer, Van der Leeden, Delete-m jackknife for unequal m (Statistics and Computing 1999), equations
    4 to 6; for equal groups, the delete-a-group jackknife.
    """
    values, without = np.asarray(whole, np.float64), np.asarray(left_out, np.float64)
    m = np.asarray(sizes, np.float64)[:, None]
    h, g = m.sum() / m, len(m)
    corrected = g * values - ((1 - 1 / h) * without).sum(0)
    pseudo = h * values - (h - 1) * without
    variance = ((pseudo - corrected) ** 2 / (h - 1)).mean(0)
    return np.sqrt(variance), values - corrected


def spread_of_groups(of_groups: ArrayLike, sizes: Sequence[int]) -> Floats:
    """Return the standard error ``[K]`` of numbers of all samples, from their values in each of ``g`` disjoint groups.

    It is exact for means, and takes for granted that the variance of a number falls as one over its samples.

    Args:
        of_groups: ``[g, K]``, the numbers of each group alone; two groups at least.
        sizes: samples in each group; the spread is weighted by them.
    """
    values = np.asarray(of_groups, np.float64)
    weights = (np.asarray(sizes, np.float64) / np.sum(sizes))[:, None]
    mean = (weights * values).sum(0)
    # Of means of m samples, weight * deviation**2 has the expectation variance / N * (1 - weight).
    error: Floats = np.sqrt((weights * (values - mean) ** 2).sum(0) / (len(values) - 1))
    return error


def interval(value: float, error: float, groups: int, level: float = 0.95) -> tuple[float, float]:
    """Return the ends of the interval around a number, by Student's t with ``groups - 1`` degrees of freedom.

    Args:
        value: the number.
        error: its standard error.
        groups: number of groups, or of rows, that the error is from; two at least.
        level: probability that it holds what the number estimates.
    """
    reach = float(stdtrit(groups - 1, (1 + level) / 2)) * error
    return value - reach, value + reach
