"""Records as a table: rows are models, columns are numbers that compare."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from ganbench.errors import UnknownNameError
from ganbench.printable import quoted
from ganbench.records import keys, notes, table_cells
from ganbench.records.columns import Column, columns_of
from ganbench.records.fold import Row, folded
from ganbench.records.labels import RowKey, bases, labels_of, row_key
from ganbench.records.layouts import filled
from ganbench.records.notes import Note
from ganbench.records.protocol import Protocol, protocol, sentence, shared
from ganbench.records.record import Result, RunRecord
from ganbench.records.table_cells import Cell, Rank

Measured = tuple[RunRecord, Result]
Lookup = Callable[[RunRecord, Result], tuple[float, str] | None]  # -> published value and its source


@dataclass(frozen=True)
class Table:
    """A table before it is formatted.

    Attributes:
        columns: from left to right.
        rows: from top to bottom.
        notes: the lines below, each a mark (of a column, ``notes.DASH`` or "") and a sentence.
        head: what the rows are.
    """

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    notes: tuple[Note, ...]
    head: str = "Model"

    @property
    def shared(self) -> str:
        """What is said once above the table: how all of its numbers were measured, where it is the same."""
        return sentence(shared([column.protocol for column in self.columns]))

    def details(self, index: int) -> tuple[str, ...]:
        """Return what a column's heading says of how it was measured: all that not every column shares."""
        same = shared([column.protocol for column in self.columns])
        column = self.columns[index]
        told = {*same, "data"} if column.data else same
        return tuple(text for name, text in column.protocol.facts.items() if text and name not in told)

    def shown(self, index: int) -> list[Cell | None]:
        """Return a column's numbers as they are printed: KID is multiplied by 1000."""
        factor = self.columns[index].factor
        return [cell and cell.times(factor) for cell in (row.cells[index] for row in self.rows)]

    def texts(self, index: int) -> list[tuple[str, str]]:
        """Return a column's values and half-widths as text, empty where there are none."""
        return table_cells.shown(self.shown(index))

    def cells(self, index: int) -> list[str]:
        """Return a column's values as text, empty where there is none."""
        return [value for value, _ in self.texts(index)]

    def ranks(self, index: int) -> Mapping[int, Rank]:
        """Return the best and the second best rows of a column, with their ties."""
        return table_cells.ranks(self.shown(index), self.columns[index].higher_is_better)

    def best(self, index: int) -> set[int]:
        """Return the best rows of a column, with all that are tied with the best."""
        return {row for row, rank in self.ranks(index).items() if rank == "best"}


def build(
    records: Sequence[RunRecord],
    metrics: Sequence[str] = (),
    models: Sequence[str] = (),
    *,
    labels: Sequence[tuple[str, str]] = (),
    layout: str | None = None,
    fold: bool = False,
    published: Lookup | None = None,
) -> Table:
    """Return the table of records. Of repeated runs (same model, weights, seed and protocol) it shows the newest.

    A requested metric without a number has a column too, even where no model has one; a note gives the reason.

    Args:
        records: oldest first.
        metrics: keys, metrics or short names to show, in this order; all where empty.
        models: names to show, in this order; all where empty.
        labels: see ``ganbench.records.labels.bases``.
        layout: see ``ganbench.records.layouts``; in place of ``metrics``.
        fold: whether models of one name that differ in their weights are one row, of means and spreads.
        published: gives the published number of a result's protocol, and its source.

    Raises:
        UnknownNameError: no record has such a metric or model.
    """
    records = of_models(records, models)
    known = _known_keys(records)
    paper = filled(layout, records) if layout else None
    if paper:
        metrics, labels = tuple(paper.columns), (*paper.labels, *labels)
        records = of_models(records, models or paper.models)
    shown = list(dict.fromkeys(key for name in metrics for key in keys.matching(name, known))) if metrics else [*known]
    wanted = {known[key] for key in shown}
    records = [r for r in records if wanted & {*(result.metric for result in r.results), *r.missing}]
    found = _newest(records, shown)
    results = {how: result for (_, how), (_, result) in found.items()}
    columns = columns_of(results, shown, records, paper.columns if paper else {})
    base = bases(records, labels)
    label = labels_of(records, base)
    sources: dict[str, None] = {}
    cells = {
        row: tuple(_cell(found.get((row, column.protocol)), published, sources) for column in columns) for row in label
    }
    rows = _rows(records, cells, label, base)
    rows = folded(rows) if fold else rows
    who = base if fold else label
    told = paper.notes if paper else ()
    told += (*notes.reasons(records, who, wanted), *notes.meanings(columns, records), *notes.stored(records, who))
    told += (*notes.intervals(rows), *_of_published(published, sources), *notes.warnings_of(rows))
    return Table(columns, rows, told, paper.head if paper else "Model")


def of_models(records: Sequence[RunRecord], models: Sequence[str]) -> list[RunRecord]:
    """Return the records of some models, in their order; all where there are no names.

    Raises:
        UnknownNameError: no record is of such a model.
    """
    known = list(dict.fromkeys(record.model["name"] for record in records))
    for name in models:
        if name not in known:
            raise UnknownNameError(f"expected a model with records, found {quoted(name)}: {keys.nearest(name, known)}")
    order = list(models or known)
    kept = [record for record in records if record.model["name"] in order]
    return sorted(kept, key=lambda record: order.index(record.model["name"])) if models else kept


def _newest(records: Sequence[RunRecord], shown: Sequence[str]) -> dict[tuple[RowKey, Protocol], Measured]:
    """Return the last result of each row and protocol."""
    found: dict[tuple[RowKey, Protocol], Measured] = {}
    for record in records:
        found |= {(row_key(record), protocol(record, r)): (record, r) for r in record.results if r.key in shown}
    return found


def _rows(
    records: Sequence[RunRecord],
    cells: Mapping[RowKey, tuple[Cell | None, ...]],
    label: Mapping[RowKey, str],
    base: Mapping[RowKey, str],
) -> tuple[Row, ...]:
    """Return a row for each model, its weights and its seed; models of one ``base`` may be folded."""
    warnings = notes.warnings_by_row(records)
    return tuple(
        Row(
            label[row], row[1], row[2], cells[row], warnings[row], label[row] if record.model["embedded"] else base[row]
        )
        for row, record in {row_key(record): record for record in records}.items()
    )


def _known_keys(records: Sequence[RunRecord]) -> dict[str, str]:
    """Return key -> metric of all results, and of metrics without any number."""
    known = {result.key: result.metric for record in records for result in record.results}
    measured = set(known.values())
    return known | {name: name for record in records for name in record.missing if name not in measured}


def _cell(measured: Measured | None, published: Lookup | None, sources: dict[str, None]) -> Cell | None:
    """Return the cell of a result with its published number, whose source is added to ``sources``."""
    if measured is None:
        return None
    cell = Cell.of(measured[1])
    if published is None or (known := published(*measured)) is None:
        return cell
    sources[known[1]] = None
    return replace(cell, published=known[0])


def _of_published(published: Lookup | None, sources: Mapping[str, None]) -> tuple[Note, ...]:
    if published is None:
        return ()
    if not sources:
        return (("", "No published number was measured like one of these."),)
    return (("", f"Published: {'; '.join(sources)}. The difference is measured minus published."),)
