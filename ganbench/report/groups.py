"""Records arranged for reading: by benchmark and data, then a row for each number and a column for each model."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ganbench.errors import BadInputError
from ganbench.records.difference import difference
from ganbench.records.labels import RowKey, row_key
from ganbench.records.names import factor
from ganbench.records.protocol import Protocol, protocol
from ganbench.records.record import Interval, Result, RunRecord
from ganbench.records.table import Lookup
from ganbench.records.table_cells import times
from ganbench.records.truncation import is_study
from ganbench.report.markup import MINUS

Cell = tuple[RunRecord, Result]
ARROWS = {True: "↑", False: "↓", None: ""}
SPOKEN = {True: "higher is better", False: "lower is better", None: "neither direction is better"}


@dataclass(frozen=True)
class Line:
    """A number of several models, measured alike.

    Attributes:
        protocol: how it was measured.
        result: of one of the models, for its unit and direction.
        cells: one a model, None where it has none.
        published: the published number of each cell, and its source; None where there is none.
    """

    protocol: Protocol
    result: Result
    cells: tuple[Cell | None, ...]
    published: tuple[tuple[float, str] | None, ...]

    @property
    def best(self) -> set[int]:
        """The best models: the leader, and all that do not differ from it by more than chance; none if alone."""
        higher = self.result.higher_is_better
        found = [(i, cell) for i, cell in enumerate(self.cells) if cell]
        if higher is None or len(found) < 2:
            return set()
        _, leader = (max if higher else min)(found, key=lambda pair: pair[1][1].value)
        return {i for i, cell in found if cell is leader or _tied(leader, cell)}


@dataclass(frozen=True)
class Group:
    """Records of one benchmark on the same real images.

    Attributes:
        benchmark: its name.
        data: name of the real images; "" where none were needed.
        records: oldest first, without studies of truncation.
        models: the key of each column.
        labels: of the columns.
        lines: the numbers.
    """

    benchmark: str
    data: str
    records: tuple[RunRecord, ...]
    models: tuple[RowKey, ...]
    labels: tuple[str, ...]
    lines: tuple[Line, ...]

    @property
    def title(self) -> str:
        """Benchmark and data, such as ``digits`` or ``stylegan3 on ffhq.zip``."""
        return f"{self.benchmark} on {self.data}" if self.data not in ("", self.benchmark) else self.benchmark


def grouped(records: Sequence[RunRecord], published: Lookup | None = None) -> list[Group]:
    """Return the groups of records, in the order of their first one; studies of truncation belong to none.

    Where a model was measured twice in the same way, the newer number is shown.

    Args:
        records: oldest first.
        published: gives the published number of a result's protocol, and its source.
    """
    found: dict[tuple[str, str], list[RunRecord]] = {}
    for record in records:
        if not is_study(record):
            found.setdefault((record.benchmark, record.data["name"] if record.data else ""), []).append(record)
    return [_group(*name, of_name, published) for name, of_name in found.items()]


def labels_of(records: Sequence[RunRecord]) -> dict[RowKey, str]:
    """Return a label for each model: its name, with weights and seed where these tell two of one name apart."""
    seen = {row_key(record): record for record in records}
    labels = {}
    for (name, sha256, seed), record in seen.items():
        others = [other for other in seen if other[0] == name]
        more = [record.model["weights"].rpartition("/")[2]] if len({other[1] for other in others}) > 1 else []
        same = [o for o, r in seen.items() if o[0] == name and r.model["weights"] == record.model["weights"]]
        more += [sha256[:8]] if len({other[1] for other in same}) > 1 else []
        more += [f"seed {seed}"] if len({other[2] for other in others}) > 1 else []
        labels[name, sha256, seed] = f"{name} ({', '.join(more)})" if more else name
    return labels


def as_printed(result: Result) -> Result:
    """Return a number as papers print it: KID with all that belongs to it is multiplied by 1000."""
    if (by := factor(result.key)) == 1:
        return result
    return replace(
        result,
        value=result.value * by,
        parts={name: value * by for name, value in result.parts.items()},
        interval=result.interval and times(result.interval, by),
        errors={name: error * by for name, error in result.errors.items()},
        bias=None if result.bias is None else result.bias * by,
    )


def shown(result: Result) -> str:
    """Return a value as text, to the digits that its interval supports, or to four."""
    return number(result.value, half(result.interval))


def number(value: float, error: float | None = None) -> str:
    """Return a number with two digits of its error, or with four digits where the error is unknown or none."""
    if not math.isfinite(value):
        return "∞" if value > 0 else f"{MINUS}∞"
    size = error or abs(value)
    digits = (1 if error else 3) - math.floor(math.log10(size)) if size else 1
    return f"{value:.{min(max(digits, 0), 8)}f}".replace("-", MINUS)


def half(interval: Interval | None) -> float | None:
    """Return half of an interval's length; None where it is unknown or infinite."""
    length = (interval["high"] - interval["low"]) / 2 if interval else math.nan
    return length if math.isfinite(length) else None


def _group(benchmark: str, data: str, records: Sequence[RunRecord], published: Lookup | None) -> Group:
    labels = labels_of(records)
    models = tuple(labels)
    found: dict[Protocol, dict[RowKey, Cell]] = {}
    for record in records:
        for result in record.results:
            found.setdefault(protocol(record, result), {})[row_key(record)] = record, result
    lines = tuple(_line(how, [row.get(model) for model in models], published) for how, row in found.items())
    return Group(benchmark, data, tuple(records), models, tuple(labels.values()), lines)


def _line(how: Protocol, measured: Sequence[Cell | None], published: Lookup | None) -> Line:
    known = [published(*cell) if cell and published else None for cell in measured]
    cells = tuple((cell[0], as_printed(cell[1])) if cell else None for cell in measured)
    numbers = tuple((number[0] * factor(how.key), number[1]) if number else None for number in known)
    return Line(how, next(cell for cell in cells if cell)[1], cells, numbers)


def _tied(leader: Cell, cell: Cell) -> bool:
    """Return whether two numbers print alike, or their difference may be chance."""
    if shown(leader[1]) == shown(cell[1]):
        return True
    try:
        return difference(*leader, *cell).excludes_zero is False
    except BadInputError:  # an interval that does not hold its own number says nothing
        return False
