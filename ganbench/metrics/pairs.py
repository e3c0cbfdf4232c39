"""Numbers over ordered pairs of domains, mostly means, with the numbers of the pairs as their parts.

A metric returns its number under its name and each pair's under ``name/0->1``, by the places of source and target
among the data's domains; ``folded`` puts the parts of a number beside it, by the names of the domains.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from torch import Tensor

Pair = tuple[int, int]
_PART = re.compile(r"(?P<key>.+)/(?P<source>\d+)->(?P<target>\d+)")


@dataclass(frozen=True)
class Number:
    """A number, and the same number of its parts, if it has any."""

    value: float
    parts: dict[str, float] = field(default_factory=dict)


def rows_of_pairs(task: Tensor) -> dict[Pair, Tensor]:
    """Return the rows of each ordered pair of domains, as ``[N]`` bool, in the order in which the pairs come.

    Args:
        task: ``[N, 2]`` int64, source and target domain of each row.
    """
    pairs = dict.fromkeys((int(source), int(target)) for source, target in task.tolist())
    return {pair: (task[:, 0] == pair[0]) & (task[:, 1] == pair[1]) for pair in pairs}


def mean_over_pairs(name: str, values: Mapping[Pair, float]) -> dict[str, float]:
    """Return the plain mean under ``name``, and each pair's number under its own."""
    parts = {f"{name}/{source}->{target}": value for (source, target), value in values.items()}
    return {name: sum(values.values()) / len(values), **parts}


def folded(numbers: Mapping[str, float], domains: Sequence[str] = ()) -> dict[str, Number]:
    """Return numbers by column name, each with its parts.

    Args:
        numbers: as a metric returns them.
        domains: the names of the data's domains.
    """
    found: dict[str, Number] = {}
    for key, value in numbers.items():
        part = _PART.fullmatch(key)
        if part is None:
            found[key] = Number(value)
        else:
            source, target = domains[int(part["source"])], domains[int(part["target"])]
            found[part["key"]].parts[f"{source}->{target}"] = value
    return found
