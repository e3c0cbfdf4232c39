"""The numbers of a record by truncation: rows are psi, columns are metrics."""

from dataclasses import replace

from ganbench.records.columns import Column
from ganbench.records.fields import truncation_of
from ganbench.records.fold import Row
from ganbench.records.notes import intervals, meanings
from ganbench.records.protocol import protocol
from ganbench.records.record import Result, RunRecord
from ganbench.records.table import Table
from ganbench.records.table_cells import Cell
from ganbench.truncation import Truncation


def by_psi(record: RunRecord) -> Table:
    """Return a table with a row for each psi, in rising order, and a column for each number, such as ``fid10k``.

    Args:
        record: with results such as ``fid10k`` (psi 1) and ``fid10k_psi0.7``, all of the same layers.
    """
    columns: dict[str, Column] = {}
    cells: dict[tuple[float, str], Cell] = {}
    for result in record.results:
        at = truncation(result)
        key = result.key.replace(at.suffix, "", 1)
        how = replace(protocol(record, result), key=key)
        columns.setdefault(key, Column(how, result.higher_is_better, result.unit))
        cells[at.psi, key] = Cell.of(result)
    rows = tuple(
        Row(
            Truncation(psi).label,
            record.model["sha256"],
            record.seed,
            tuple(cells.get((psi, key)) for key in columns),
        )
        for psi in sorted({psi for psi, _ in cells})
    )
    shown = tuple(columns.values())
    warnings = tuple(("", f"Warning: {warning}") for warning in record.warnings)
    return Table(
        shown, rows, (("", subject(record)), *meanings(shown, [record]), *intervals(rows), *warnings), head="psi"
    )


def truncation(result: Result) -> Truncation:
    """Return the truncation of the samples behind a result.

    Raises:
        BadInputError: its parameters are no truncation.
    """
    return truncation_of(result.spec)


def is_study(record: RunRecord) -> bool:
    """Return whether a record has numbers at several truncations."""
    return len({truncation(result) for result in record.results}) > 1


def subject(record: RunRecord) -> str:
    """Return a sentence that names the model, its weights, the truncated layers, the data and the seed."""
    cutoffs = {at.cutoff for at in map(truncation, record.results) if at.suffix}
    layers = " and ".join(f"the first {cutoff}" if cutoff is not None else "all" for cutoff in cutoffs)
    model, data = record.model, record.data
    parts = [
        f"{model['name']}, weights {model['weights']} ({model['sha256'][:8]})",
        f"data {data['name']}" if data else "",
        f"truncated in {layers or 'no'} layers",
        f"seed {record.seed}",
    ]
    return ", ".join(part for part in parts if part) + "."
