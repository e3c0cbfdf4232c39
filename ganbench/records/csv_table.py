"""Tables as comma-separated values."""

import csv
import io
from collections.abc import Iterator

from ganbench.records.columns import Column
from ganbench.records.table import Table
from ganbench.records.table_cells import Cell

COMPUTED = "=+-@\t\r\uff1d\uff0b\uff0d\uff20"  # a spreadsheet evaluates cells that begin with these


def as_csv(table: Table, *, transpose: bool | None = None) -> str:
    """Return comma-separated values at full precision; the name of a column has all that distinguishes it.

    Beside numbers with intervals are their ends, beside means over training seeds their spread, and beside numbers
    with published ones those. Where there are warnings, they are the last column. Text that a spreadsheet would
    evaluate gets an apostrophe.
    """
    warned = any(row.warnings for row in table.rows)
    columns = [
        [table.head.lower(), *(_text(row.label) for row in table.rows)],
        ["weights_sha256", *(_text(row.sha256) for row in table.rows)],
        ["seed", *(str(row.seed) for row in table.rows)],
        *(cells for index in range(len(table.columns)) for cells in _columns(table, index)),
        *([["warnings", *(_text(" ".join(row.warnings)) for row in table.rows)]] if warned else []),
    ]
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(columns if transpose else zip(*columns, strict=True))
    return out.getvalue()


def _columns(table: Table, index: int) -> Iterator[list[str]]:
    """Yield the columns of one number: values, and what is known of them."""
    name = _name(table.columns[index])
    cells = [row.cells[index] for row in table.rows]
    intervals = [cell.interval if cell and not cell.seeds else None for cell in cells]
    yield [_text(name), *(_number(cell.value if cell else None) for cell in cells)]
    if any(intervals):
        yield [_text(f"{name} low"), *(_number(ends["low"] if ends else None) for ends in intervals)]
        yield [_text(f"{name} high"), *(_number(ends["high"] if ends else None) for ends in intervals)]
    if any(cell and cell.seeds for cell in cells):
        yield [_text(f"{name} spread"), *(_number(cell.half_width if cell and cell.seeds else None) for cell in cells)]
    if any(cell and cell.published is not None for cell in cells):
        yield [_text(f"{name} published"), *(_number(_published(cell)) for cell in cells)]


def _published(cell: Cell | None) -> float | None:
    return None if cell is None else cell.published


def _name(column: Column) -> str:
    words = [", ".join(column.protocol.details), column.difference if column.mark else ""]
    return f"{column.protocol.key} [{'; '.join(word for word in words if word)}]".removesuffix(" []")


def _text(text: str) -> str:
    return f"'{text}" if text.startswith(tuple(COMPUTED)) else text


def _number(value: float | None) -> str:
    return "" if value is None else repr(value)
