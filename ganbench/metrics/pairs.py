"""Means over ordered pairs of domains, with the numbers of the pairs as parts."""

from collections.abc import Mapping

from torch import Tensor

from ganbench.metrics.base import Number, Part

Pair = tuple[int, int]
"""Source and target domain, each by its index among the data's domains."""


def rows_of_pairs(task: Tensor) -> dict[Pair, Tensor]:
    """Return a mask ``[N]`` bool of the rows of each ordered pair of domains, in the order of the pairs.

    Args:
        task: ``[N, 2]`` int64, source and target domain of each row.
    """
    pairs = dict.fromkeys((int(source), int(target)) for source, target in task.tolist())
    return {pair: (task[:, 0] == pair[0]) & (task[:, 1] == pair[1]) for pair in pairs}


def mean_of_rows(rows: Tensor, task: Tensor, higher_is_better: bool | None) -> Number:
    """Return the plain mean over pairs of domains of the mean over each pair's rows.

    Args:
        rows: ``[N, 1]``.
        task: ``[N, 2]`` int64, source and target domain of each row.
        higher_is_better: of the number.
    """
    values = {pair: float(rows[of].double().mean()) for pair, of in rows_of_pairs(task).items()}
    return mean_over_pairs(values, higher_is_better)


def mean_over_pairs(values: Mapping[Pair, float], higher_is_better: bool | None) -> Number:
    """Return the plain mean over pairs, with each pair's number as a part."""
    parts: dict[Part, float] = dict(values.items())
    return Number(sum(values.values()) / len(values), higher_is_better, parts)
