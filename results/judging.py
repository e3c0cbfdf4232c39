"""Verdicts on claims: numbers compared with the errors of their samples."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from ganbench.errors import BadInputError
from ganbench.records.keys import title
from ganbench.records.record import Result, RunRecord
from ganbench.report.groups import half, number

Verdict = Literal["confirmed", "not confirmed", "no evidence at this scale"]


def result_of(record: RunRecord, key: str) -> Result:
    """Return a number of a record by its key.

    Raises:
        BadInputError: the record has no such number.
    """
    for result in record.results:
        if result.key == key:
            return result
    raise BadInputError(f"expected {key} in the record {record.id[:8]} of {record.model['name']}: measure it anew.")


def shown(result: Result) -> str:
    """Return a number with half of its interval, such as ``1.14 ± 0.02``."""
    error = half(result.interval)
    return number(result.value, error) + (f" ± {number(error, error)}" if error is not None else "")


@dataclass(frozen=True)
class Comparison:
    """Two numbers of which a claim says that the first is lower, or higher, than the second.

    Attributes:
        what: in words.
        first, second: the numbers.
        wanted: what the claim says of the first.
    """

    what: str
    first: Result
    second: Result
    wanted: Literal["lower", "higher"]

    @property
    def change(self) -> float:
        """The first number minus the second."""
        return self.first.value - self.second.value

    @property
    def error(self) -> float | None:
        """Half of the 95 % interval of ``change``, where both errors are known: they add in squares."""
        halves = half(self.first.interval), half(self.second.interval)
        return math.hypot(halves[0], halves[1]) if halves[0] is not None and halves[1] is not None else None

    @property
    def verdict(self) -> Verdict:
        """Whether the claim holds of these two numbers beyond the error of their samples."""
        if self.error is None or abs(self.change) <= self.error:
            return "no evidence at this scale"
        return "confirmed" if (self.change < 0) == (self.wanted == "lower") else "not confirmed"

    @property
    def ends(self) -> str:
        """The 95 % interval of ``change`` in words."""
        if self.error is None:
            return "unknown"
        return f"{number(self.change - self.error, self.error)} to {number(self.change + self.error, self.error)}"

    def cells(self) -> list[str]:
        """Return the cells of a table row."""
        change = number(self.change, self.error)
        return [self.what, title(self.first.key), self.wanted, change, self.ends, self.verdict]


HEADS = ("first against second", "number", "the first should be", "first - second", "95 % interval", "verdict")


def overall(comparisons: Sequence[Comparison]) -> Verdict:
    """Return the verdict on a claim.

    It is confirmed if more than half of its comparisons confirm it and none contradicts it, and not confirmed if one
    goes the other way beyond its interval.
    """
    found = [comparison.verdict for comparison in comparisons]
    if "not confirmed" in found:
        return "not confirmed"
    return "confirmed" if 2 * found.count("confirmed") > len(found) else "no evidence at this scale"


def told(comparisons: Sequence[Comparison]) -> str:
    """Return the verdict with the number of comparisons that it rests on."""
    yes = sum(comparison.verdict == "confirmed" for comparison in comparisons)
    no = sum(comparison.verdict == "not confirmed" for comparison in comparisons)
    return f"{overall(comparisons)} ({yes} of {len(comparisons)} comparisons confirm it, {no} contradict it)"
