"""The numbers of a training run's snapshots by kimg: rows are snapshots, columns are metrics; and the best of them."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from ganbench.records.columns import columns_of
from ganbench.records.fold import Row
from ganbench.records.notes import intervals, meanings
from ganbench.records.protocol import Protocol, protocol
from ganbench.records.record import Result, RunRecord
from ganbench.records.table import Table
from ganbench.records.table_cells import Cell


def by_kimg(records: Sequence[RunRecord]) -> Table:
    """Return a table with a row for each snapshot, in rising order of kimg, and a column for each number.

    Args:
        records: of the snapshots of one training run, whose model has a ``kimg``, no two of them equal.
    """
    records = sorted(records, key=_kimg)
    found: dict[Protocol, Result] = {}
    for record in records:
        for result in record.results:
            found.setdefault(protocol(record, result), result)
    columns = columns_of(found, list(dict.fromkeys(how.key for how in found)), records, {})
    rows = []
    for record in records:
        cells = {protocol(record, result): Cell.of(result) for result in record.results}
        label, own = kimg_label(_kimg(record)), tuple(cells.get(column.protocol) for column in columns)
        rows.append(Row(label, record.model["sha256"], record.seed, own, tuple(record.warnings)))
    missing = {
        f"{kimg_label(_kimg(record))} kimg: {why}": None for record in records for why in record.missing.values()
    }
    warnings = {f"Warning: {warning}": None for record in records for warning in record.warnings}
    told = (("", _subject(records[-1])), *meanings(columns, records), *intervals(rows))
    return Table(columns, tuple(rows), (*told, *(("", text) for text in (*missing, *warnings))), head="kimg")


def kimg_label(kimg: float) -> str:
    """Return thousands of images as text, down to single images: ``25000`` or ``0.016``."""
    return f"{kimg:.3f}".rstrip("0").rstrip(".")


def best(records: Sequence[RunRecord]) -> list[str]:
    """Return a line for each column of ``by_kimg`` on the best snapshot, its file, and those that are tied with it."""
    table = by_kimg(records)
    files = {kimg_label(_kimg(record)): Path(record.model["weights"]).name for record in records}
    return [told for index in range(len(table.columns)) if (told := _best(table, index, files))]


def _best(table: Table, index: int, files: Mapping[str, str]) -> str:
    column = table.columns[index]
    found = {row: value for row, each in enumerate(table.rows) if (value := each.values[index]) is not None}
    if column.higher_is_better is None or not found:
        return ""
    top = (max if column.higher_is_better else min)(found, key=lambda row: found[row])
    text, half = table.texts(index)[top]
    number = " ".join(filter(None, (text, half and f"± {half}", column.unit)))
    tied = [table.rows[row].label for row in sorted(table.best(index)) if row != top]
    name = column.title.removesuffix(f" ({column.unit})") + (f" [{column.mark}]" if column.mark else "")
    ties = f", tied with kimg {', '.join(tied)} within the interval" if tied else ""
    row = table.rows[top]
    return f"best {name}: {number} at kimg {row.label} ({files[row.label]}){ties}"


def _kimg(record: RunRecord) -> float:
    return record.model["kimg"]


def _subject(record: RunRecord) -> str:
    """Return a sentence that names the model, its newest snapshot, the data and the seed."""
    model, data = record.model, record.data
    parts = (model["name"], f"snapshots to {model['weights']}", f"data {data['name']}" if data else "")
    return ", ".join([*filter(None, parts), f"seed {record.seed}"]) + "."
