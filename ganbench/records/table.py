"""Records as a table: rows are models, columns are numbers that compare."""

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ganbench.errors import BadInputError, UnknownNameError
from ganbench.printable import quoted
from ganbench.records import keys
from ganbench.records.protocol import EMBEDDED, EMBEDDED_BENCHMARKS, Protocol, differences, protocol, stored_reals
from ganbench.records.record import Result, RunRecord
from ganbench.records.store import Store, by_age, read

EMBEDDED_NOTE = (
    "digits and embedded are parts that ship with ganbench; these numbers do not compare with published ones."
)
DASH = "-"  # the mark of a note on cells without a number
LARGE = 1e12  # a column with such a number is printed in scientific notation
LETTERS = "abcdefghijklmnoprstuvwxyz"  # for marks; Unicode has no superscript q

RowKey = tuple[str, str, int]


@dataclass(frozen=True)
class Column:
    """The numbers of one protocol.

    Attributes:
        protocol: that the numbers share.
        higher_is_better: None where neither direction is better.
        unit: such as ``"dB"``; empty where there is none.
        mark: letters that distinguish columns of one name; empty where the name is unique.
        difference: what the mark stands for.
    """

    protocol: Protocol
    higher_is_better: bool | None
    unit: str
    mark: str = ""
    difference: str = ""

    @property
    def title(self) -> str:
        """The name as papers print it, with its unit."""
        return keys.title(self.protocol.key) + (f" ({self.unit})" if self.unit else "")


@dataclass(frozen=True)
class Row:
    """One model with one set of weights and one seed, and the warnings on its numbers."""

    label: str
    sha256: str
    seed: int
    values: tuple[float | None, ...]
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Table:
    """A table before it is formatted.

    Attributes:
        columns: from left to right.
        rows: from top to bottom.
        notes: the lines below, each a mark (of a column, ``DASH`` or "") and a sentence.
        head: what the rows are.
    """

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    notes: tuple[tuple[str, str], ...]
    head: str = "Model"

    def cells(self, index: int) -> list[str]:
        """Return a column's values as text of equal precision; empty if a row has none."""
        values = [row.values[index] for row in self.rows]
        places = _places([value for value in values if value is not None])
        large = max((abs(value) for value in values if value is not None and math.isfinite(value)), default=0) >= LARGE
        form = "{:.6g}" if large else f"{{:.{places}f}}"
        return ["" if value is None else form.format(value) for value in values]

    def best(self, index: int) -> set[int]:
        """Return the best rows of a column, with all that print the same; empty if fewer than two rows compete."""
        direction = self.columns[index].higher_is_better
        found = [(value, i) for i, row in enumerate(self.rows) if (value := row.values[index]) is not None]
        if direction is None or len(found) < 2:
            return set()
        winner = (max if direction else min)(found, key=lambda pair: pair[0])[1]
        cells = self.cells(index)
        return {i for _, i in found if cells[i] == cells[winner]}


def collect(
    sources: Sequence[Path],
    results_dir: Path | None = None,
    skip: Callable[[BadInputError], None] | None = None,
) -> list[RunRecord]:
    """Return the records of files and folders, oldest first, each run once.

    Args:
        sources: record files, folders of them, or results folders; none for ``results_dir`` itself.
        results_dir: None for the default one.
        skip: is told of a file that cannot be read, which is then left out; None to raise.

    Raises:
        BadInputError: a file is not a record, or there is no record at all.
    """
    found: dict[str, RunRecord] = {}
    for source in sources or [Store(results_dir).results_dir]:
        paths = _files(source) if source.is_dir() or not sources else [source]
        if not paths:
            raise BadInputError(
                f"expected records in {source}, found none: make one with `ganbench run`, or name another folder."
            )
        found |= {record.id: record for path in paths if (record := _read(path, skip))}
    return by_age(found.values())


def build(records: Sequence[RunRecord], metrics: Sequence[str] = (), models: Sequence[str] = ()) -> Table:
    """Return the table of records. Of repeated runs (same model, weights, seed and protocol) it shows the newest.

    A requested metric without a number has a column too, even where no model has one; a note gives the reason.

    Args:
        records: oldest first.
        metrics: keys, metrics or short names to show, in this order; all where empty.
        models: names to show, in this order; all where empty.

    Raises:
        UnknownNameError: no record has such a metric or model.
    """
    records = _of_models(records, models)
    known = _known_keys(records)
    shown = list(dict.fromkeys(key for name in metrics for key in keys.matching(name, known))) if metrics else [*known]
    wanted = {known[key] for key in shown}
    records = [r for r in records if wanted & {*(result.metric for result in r.results), *r.missing}]
    cells: dict[tuple[RowKey, Protocol], Result] = {}
    for record in records:
        cells |= {(_row_key(record), protocol(record, r)): r for r in record.results if r.key in shown}
    columns = _columns(cells, shown, records)
    labels = _labels(records)
    warnings = _warnings(records)
    rows = tuple(
        Row(
            label, row[1], row[2], tuple(_value(cells.get((row, column.protocol))) for column in columns), warnings[row]
        )
        for row, label in labels.items()
    )
    told = (*_reasons(records, labels, wanted), *notes(columns, records), *_stored(records, labels))
    return Table(columns, rows, (*told, *warnings_of(rows)))


def _files(folder: Path) -> list[Path]:
    nested = folder / "records"
    return sorted((nested if nested.is_dir() else folder).glob("*.json"))


def _read(path: Path, skip: Callable[[BadInputError], None] | None) -> RunRecord | None:
    try:
        return read(path)
    except BadInputError as error:
        if skip is None:
            raise
        skip(error)
        return None


def _of_models(records: Sequence[RunRecord], models: Sequence[str]) -> list[RunRecord]:
    known = list(dict.fromkeys(record.model["name"] for record in records))
    for name in models:
        if name not in known:
            raise UnknownNameError(f"expected a model with records, found {quoted(name)}: {keys.nearest(name, known)}")
    order = list(models or known)
    kept = [record for record in records if record.model["name"] in order]
    return sorted(kept, key=lambda record: order.index(record.model["name"])) if models else kept


def _known_keys(records: Sequence[RunRecord]) -> dict[str, str]:
    """Return key -> metric of all results, and of metrics without any number."""
    known = {result.key: result.metric for record in records for result in record.results}
    measured = set(known.values())
    return known | {name: name for record in records for name in record.missing if name not in measured}


def _reasons(
    records: Sequence[RunRecord], labels: Mapping[RowKey, str], metrics: Collection[str]
) -> tuple[tuple[str, str], ...]:
    """Return a note for each metric that has no number for some models: the models' labels and the reason."""
    measured = {(_row_key(record), result.metric) for record in records for result in record.results}
    told: dict[tuple[str, str], dict[str, None]] = {}
    for record in records:
        for metric, reason in record.missing.items():
            if metric in metrics and (_row_key(record), metric) not in measured:
                why = str(reason).removeprefix(f"{metric}: ")
                told.setdefault((metric, why), {})[labels[_row_key(record)]] = None
    return tuple((DASH, f"{keys.title(metric)} of {', '.join(who)}: {why}") for (metric, why), who in told.items())


def _stored(records: Sequence[RunRecord], labels: Mapping[RowKey, str]) -> tuple[tuple[str, str], ...]:
    """Return a note for each file of statistics that stands for real images: the models' labels and the file."""
    told: dict[str, dict[str, None]] = {}
    for record in records:
        if known := stored_reals(record):
            told.setdefault(known, {})[labels[_row_key(record)]] = None
    return tuple(("", f"Reals of {', '.join(who)}: {known}.") for known, who in told.items())


def _warnings(records: Sequence[RunRecord]) -> dict[RowKey, tuple[str, ...]]:
    """Return the warnings of all records of a row, each once."""
    found: dict[RowKey, tuple[str, ...]] = {}
    for record in records:
        row = _row_key(record)
        found[row] = tuple(dict.fromkeys([*found.get(row, ()), *record.warnings]))
    return found


def warnings_of(rows: Sequence[Row]) -> tuple[tuple[str, str], ...]:
    """Return a note for each warning of the rows."""
    return tuple(("", f"Warning on {row.label}: {warning}") for row in rows for warning in row.warnings)


def _row_key(record: RunRecord) -> RowKey:
    return record.model["name"], record.model["sha256"], record.seed


def _columns(
    cells: Mapping[tuple[RowKey, Protocol], Result], shown: Sequence[str], records: Sequence[RunRecord]
) -> tuple[Column, ...]:
    first: dict[Protocol, Result] = {}
    for (_, one), result in cells.items():
        first.setdefault(one, result)
    by_key: dict[str, list[Protocol]] = {}
    for one in first:
        by_key.setdefault(one.key, []).append(one)
    columns: list[Column] = []
    marks = 0
    for key in shown:
        group = by_key.get(key, [])
        if not group:
            columns.append(_empty(key, next(record for record in records if key in record.missing)))
        for one, words in zip(group, differences(group), strict=True):
            mark = _mark(marks) if len(group) > 1 else ""
            marks += bool(mark)
            columns.append(Column(one, first[one].higher_is_better, first[one].unit, mark, words))
    return tuple(columns)


def _empty(key: str, record: RunRecord) -> Column:
    """Return the column of a metric without any number."""
    return Column(Protocol(key, None, None, None, None, record.benchmark, 0, "{}"), None, "")


def _mark(number: int) -> str:
    """Return the mark of a number: a, b, ... z, aa, ab, ..., of letters that have a superscript."""
    more, letter = divmod(number, len(LETTERS))
    return (_mark(more - 1) if more else "") + LETTERS[letter]


def _labels(records: Sequence[RunRecord]) -> dict[RowKey, str]:
    """Return a label for each row: the model's name, with what distinguishes rows of one name."""
    rows = {_row_key(record): record for record in records}
    labels = {}
    for (name, sha256, seed), record in rows.items():
        others = [other for key, other in rows.items() if key[0] == name]
        weights = Path(record.model["weights"]).name
        extra = []
        if record.model["embedded"] or len({other.model["sha256"] for other in others}) > 1:
            same_name = {other.model["sha256"] for other in others if Path(other.model["weights"]).name == weights}
            extra.append(weights if len(same_name) == 1 and weights else f"{weights} {sha256[:8]}".strip())
        if len({other.seed for other in others}) > 1:
            extra.append(f"seed {seed}")
        labels[name, sha256, seed] = f"{name} ({', '.join(extra)})" if extra else name
    return labels


def _value(result: Result | None) -> float | None:
    return None if result is None else result.value


def notes(columns: Sequence[Column], records: Sequence[RunRecord]) -> tuple[tuple[str, str], ...]:
    """Return the meaning of the columns' marks, and a note on parts that ship with ganbench, if any."""
    marked = tuple((column.mark, f"{column.title}: {column.difference}.") for column in columns if column.mark)
    embedded = any(record.model["embedded"] for record in records)
    embedded |= any(column.protocol.extractor == EMBEDDED for column in columns)
    embedded |= any(column.protocol.benchmark in EMBEDDED_BENCHMARKS for column in columns)
    return (*marked, ("", EMBEDDED_NOTE)) if embedded else marked


def _places(values: Sequence[float]) -> int:
    """Return the number of decimals that shows four significant digits of the smallest value, 1 to 6."""
    sizes = [abs(value) for value in values if value != 0 and math.isfinite(value)]
    return min(max(3 - math.floor(math.log10(min(sizes))), 1), 6) if sizes else 1
