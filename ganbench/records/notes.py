"""The lines below a table: what marks, dashes and intervals mean, and what is to know of the numbers."""

from collections.abc import Collection, Iterator, Mapping, Sequence

from ganbench.records import fold, names
from ganbench.records.columns import Column
from ganbench.records.fold import Row
from ganbench.records.labels import RowKey, row_key
from ganbench.records.protocol import EMBEDDED, EMBEDDED_BENCHMARKS, stored_reals
from ganbench.records.record import RunRecord
from ganbench.records.table_cells import Cell

EMBEDDED_NOTE = (
    "digits and embedded are parts that ship with ganbench; these numbers do not compare with published ones."
)
DASH = "-"  # the mark of a note on cells without a number
TIES = "A row is tied with the best where one of the two values lies within the interval of the other."
Note = tuple[str, str]  # the mark of a column, ``DASH`` or "", and a sentence


def reasons(records: Sequence[RunRecord], labels: Mapping[RowKey, str], metrics: Collection[str]) -> tuple[Note, ...]:
    """Return a note for each reason why some models have no number: the metrics, the models' labels and the reason."""
    measured = {(row_key(record), result.metric) for record in records for result in record.results}
    told: dict[tuple[str, str], dict[str, None]] = {}
    for record in records:
        for metric, reason in record.missing.items():
            if metric in metrics and (row_key(record), metric) not in measured:
                why = str(reason).removeprefix(f"{metric}: ")
                told.setdefault((metric, why), {})[labels[row_key(record)]] = None
    alike: dict[tuple[str, tuple[str, ...]], dict[str, None]] = {}
    for (metric, why), who in told.items():
        alike.setdefault((why, tuple(who)), {})[names.printed(metric)] = None
    return tuple((DASH, f"{', '.join(what)} of {', '.join(who)}: {why}") for (why, who), what in alike.items())


def stored(records: Sequence[RunRecord], labels: Mapping[RowKey, str]) -> tuple[Note, ...]:
    """Return a note for each file of statistics that stands for real images: the models' labels and the file."""
    told: dict[str, dict[str, None]] = {}
    for record in records:
        if known := stored_reals(record):
            told.setdefault(known, {})[labels[row_key(record)]] = None
    return tuple(("", f"Reals of {', '.join(who)}: {known}.") for known, who in told.items())


def warnings_by_row(records: Sequence[RunRecord]) -> dict[RowKey, tuple[str, ...]]:
    """Return the warnings of all records of a row, each once."""
    found: dict[RowKey, tuple[str, ...]] = {}
    for record in records:
        row = row_key(record)
        found[row] = tuple(dict.fromkeys([*found.get(row, ()), *record.warnings]))
    return found


def warnings_of(rows: Sequence[Row]) -> tuple[Note, ...]:
    """Return a note for each warning: the rows that have it, and the warning."""
    told: dict[str, list[str]] = {}
    for row in rows:
        for warning in row.warnings:
            told.setdefault(warning, []).append(row.label)
    return tuple(("", f"Warning on {', '.join(who)}: {warning}") for warning, who in told.items())


def meanings(columns: Sequence[Column], records: Sequence[RunRecord]) -> tuple[Note, ...]:
    """Return the meaning of the columns' marks, and a note on parts that ship with ganbench, if any."""
    marked = tuple((column.mark, f"{column.title}: {column.difference}.") for column in columns if column.mark)
    embedded = any(record.model["embedded"] for record in records)
    embedded |= any(column.protocol.extractor == EMBEDDED for column in columns)
    embedded |= any(column.protocol.benchmark in EMBEDDED_BENCHMARKS for column in columns)
    return (*marked, ("", EMBEDDED_NOTE)) if embedded else marked


def intervals(rows: Sequence[Row]) -> tuple[Note, ...]:
    """Return what stands after ± and how it makes ties, or nothing where there are no intervals."""
    cells = [cell for row in rows for cell in row.cells if cell is not None and cell.half_width is not None]
    return tuple(("", text) for text in _of_intervals(cells))


def _of_intervals(cells: Sequence[Cell]) -> Iterator[str]:
    levels = dict.fromkeys(f"{100 * cell.interval['level']:g} %" for cell in cells if cell.interval and not cell.seeds)
    if levels:
        yield f"± is half the width of the {' or '.join(levels)} interval of the sampling error. {TIES}"
    if any(cell.seeds for cell in cells):
        yield fold.NOTE if levels else f"{fold.NOTE} {TIES}"
