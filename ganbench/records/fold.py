"""Models that differ in their training seed as one row: the mean of their numbers, and the spread."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ganbench.records.record import Interval
from ganbench.records.table_cells import Cell

METHOD = "standard deviation over training seeds"
NOTE = (
    "In rows of several training seeds, ± is the standard deviation of the number over the trained models: the spread "
    "of training anew, not the error of sampling."
)


@dataclass(frozen=True)
class Row:
    """One model with one set of weights and one seed, and the warnings on its numbers.

    Attributes:
        label: tells it apart from the other rows.
        sha256: of the weights; empty for several.
        seed: of the samples.
        cells: a number of each column; None where there is none.
        warnings: sentences.
        base: the label without what tells rows of one model apart; rows of one base and seed fold.
    """

    label: str
    sha256: str
    seed: int
    cells: tuple[Cell | None, ...]
    warnings: tuple[str, ...] = ()
    base: str = ""

    @property
    def values(self) -> tuple[float | None, ...]:
        """The value of each cell."""
        return tuple(None if cell is None else cell.value for cell in self.cells)


def folded(rows: Sequence[Row]) -> tuple[Row, ...]:
    """Return rows with those of one base, one seed and different weights as one, in the place of the first."""
    groups: dict[tuple[str, int], list[Row]] = {}
    for row in rows:
        groups.setdefault((row.base or row.label, row.seed), []).append(row)
    seeds = {seed for _, seed in groups}
    return tuple(_one(base, group, len(seeds) > 1) for (base, _), group in groups.items())


def _one(base: str, group: Sequence[Row], several_seeds: bool) -> Row:
    if len(group) == 1:
        return group[0]
    label = f"{base} ({len(group)} training seeds{f', seed {group[0].seed}' if several_seeds else ''})"
    warnings = tuple(dict.fromkeys(warning for row in group for warning in row.warnings))
    cells = zip(*(row.cells for row in group), strict=True)
    return Row(label, "", group[0].seed, tuple(map(_mean, cells)), warnings, base)


def _mean(cells: Sequence[Cell | None]) -> Cell | None:
    """Return the mean of the numbers with their spread; a single number keeps its interval."""
    found = [cell for cell in cells if cell is not None]
    if len(found) < 2:
        return found[0] if found else None
    values = [cell.value for cell in found]
    mean = sum(value / len(values) for value in values)
    if not math.isfinite(mean):
        return None if math.isnan(mean) else Cell(mean, seeds=len(found))
    spread = math.hypot(*(value - mean for value in values)) / math.sqrt(len(values) - 1)
    # One standard deviation of normal numbers has 68 % of them on both sides of the mean.
    interval: Interval = {"low": mean - spread, "high": mean + spread, "level": 0.68, "method": METHOD}
    return Cell(mean, interval, len(found))
