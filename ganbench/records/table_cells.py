"""The numbers of a table: the digits that they show, and which of them are best, second or tied.

Rule of ties: two numbers are tied if they print the same, or if one lies within the interval of the other.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from ganbench.records.record import Interval, Result

LARGE = 1e12  # a column with such a number is printed in scientific notation
MOST = 8  # decimals; beyond them, too
Rank = Literal["best", "second"]


@dataclass(frozen=True)
class Cell:
    """A number of a table.

    Attributes:
        value: measured, or the mean over training seeds.
        interval: of the value; None where it is not known.
        seeds: over how many training seeds the value is a mean, and the interval their spread; 0 for one model.
        published: the published value of the same protocol; None where there is none.
    """

    value: float
    interval: Interval | None = None
    seeds: int = 0
    published: float | None = None

    @classmethod
    def of(cls, result: Result) -> "Cell":
        """Return the cell of a result."""
        return cls(result.value, result.interval)

    @property
    def half_width(self) -> float | None:
        """What is printed after ``±``: the longer arm of the interval; None where it is not known or not finite."""
        if self.interval is None:
            return None
        half = max(self.interval["high"] - self.value, self.value - self.interval["low"])
        return half if 0 <= half < math.inf else None

    def times(self, factor: int) -> "Cell":
        """Return the cell of a multiple of the number."""
        if factor == 1:
            return self
        ends = self.interval and times(self.interval, factor)
        published = None if self.published is None else self.published * factor
        return replace(self, value=self.value * factor, interval=ends, published=published)

    def within(self, other: "Cell") -> bool:
        """Return whether the value lies within the interval of another cell."""
        return other.interval is not None and other.interval["low"] <= self.value <= other.interval["high"]


def times(interval: Interval, factor: int) -> Interval:
    """Return the interval of a multiple of a number."""
    return {**interval, "low": interval["low"] * factor, "high": interval["high"] * factor}


def decimals(half_width: float) -> int:
    """Return the number of decimals by which an error shows two significant digits, at least 0."""
    return max(0, 1 - int(f"{half_width:.1e}".partition("e")[2]))


def places(values: Sequence[float]) -> int:
    """Return the number of decimals that shows four significant digits of the smallest value, 1 to 6."""
    sizes = [abs(value) for value in values if value != 0 and math.isfinite(value)]
    return min(max(3 - math.floor(math.log10(min(sizes))), 1), 6) if sizes else 1


def shown(cells: Sequence[Cell | None]) -> list[tuple[str, str]]:
    """Return the value and the half-width of each cell of a column as text, empty where there is none.

    A number with an error has the decimals of the error, which shows two significant digits; those without have equal
    precision.
    """
    finite = [cell.value for cell in cells if cell is not None and math.isfinite(cell.value)]
    large = max(map(abs, finite), default=0) >= LARGE
    same = places([cell.value for cell in cells if cell is not None])
    return [("", "") if cell is None else _shown(cell, large, same) for cell in cells]


def _shown(cell: Cell, large: bool, same: int) -> tuple[str, str]:
    half = cell.half_width
    digits = decimals(half) if half else same
    if large or digits > MOST:
        return f"{cell.value:.6g}", "" if half is None else f"{half:.2g}"
    return f"{cell.value:.{digits}f}", "" if half is None else f"{half:.{digits}f}"


def ranks(cells: Sequence[Cell | None], higher_is_better: bool | None) -> Mapping[int, Rank]:
    """Return the rows that are best or second best, each with all that are tied with it.

    Two rows compete for the best at least, and three for the second.
    """
    found = {row: cell for row, cell in enumerate(cells) if cell is not None}
    if higher_is_better is None or len(found) < 2:
        return {}
    texts = [value for value, _ in shown(cells)]

    def with_ties(rows: Sequence[int]) -> list[int]:
        top = (max if higher_is_better else min)(rows, key=lambda row: found[row].value)
        a = found[top]
        return [row for row in rows if texts[row] == texts[top] or a.within(found[row]) or found[row].within(a)]

    best = with_ties([*found])
    rest = [row for row in found if row not in best]
    second = with_ties(rest) if rest and len(found) > 2 else []
    return {**dict.fromkeys(second, "second"), **dict.fromkeys(best, "best")}
