"""A table as headings and texts, before any markup: upright, with a row for each model, or transposed."""

from collections.abc import Iterator
from dataclasses import dataclass

from ganbench.records.table import Table
from ganbench.records.table_cells import Cell, Rank

PAGE = 110  # characters of a line of a page on a screen
TRANSPOSED = "Metric"  # corner of a transposed table
GAP = 2  # between columns


@dataclass(frozen=True)
class Heading:
    """What a row or a column is of.

    Attributes:
        title: name of a number or a model.
        higher_is_better: of a number; None where neither direction is better.
        mark: letters that distinguish columns of one name.
        details: how the number was measured, where columns differ.
    """

    title: str
    higher_is_better: bool | None = None
    mark: str = ""
    details: tuple[str, ...] = ()


@dataclass(frozen=True)
class Entry:
    """A number as text: value and error, empty where there is none, and its rank in its column."""

    value: str
    error: str = ""
    rank: Rank | None = None


@dataclass(frozen=True)
class Grid:
    """Headings of rows and columns, and the entries between them.

    Attributes:
        corner: what the headings of the rows are.
        columns: their headings.
        rows: heading and entries of each.
    """

    corner: str
    columns: tuple[Heading, ...]
    rows: tuple[tuple[Heading, tuple[Entry, ...]], ...]

    @property
    def width(self) -> int:
        """Approximate number of characters of a line."""
        first = max(len(heading.title) for heading, _ in self.rows) if self.rows else 0
        columns = [
            max(
                longest_line(heading),
                *(len(row[i].value + row[i].error) + 3 for _, row in self.rows),
                0,
            )
            for i, heading in enumerate(self.columns)
        ]
        return first + sum(column + GAP for column in columns)


def longest_line(heading: Heading) -> int:
    """Return the number of characters of a heading's longest line."""
    return max(len(heading.title) + 2 + len(heading.mark), *map(len, heading.details), 0)


def on_page(table: Table, transpose: bool | None = None, page: int = PAGE) -> Grid:
    """Return the grid of a table for a page.

    Args:
        table: to lay out.
        transpose: whether rows are metrics; None for rows that are models, unless that is too wide and wider.
        page: characters of a line.
    """
    upright = grid(table)
    if transpose is None:
        transpose = upright.width > page and transposed(table).width < upright.width
    return transposed(table) if transpose else upright


def grid(table: Table) -> Grid:
    """Return a table with a row for each model."""
    columns = list(_columns(table))
    rows = tuple(
        (Heading(row.label), tuple(entries[place] for _, entries in columns)) for place, row in enumerate(table.rows)
    )
    return Grid(table.head, tuple(heading for heading, _ in columns), rows)


def transposed(table: Table) -> Grid:
    """Return a table with a row for each number and a column for each model."""
    return Grid(TRANSPOSED, tuple(_of_model(row.label) for row in table.rows), tuple(_columns(table)))


def _of_model(label: str) -> Heading:
    """Return the heading of a column from a label; what tells models of one name apart goes below the name."""
    name, bracket, apart = label.removesuffix(")").partition(" (")
    return Heading(name, details=(apart,)) if name and bracket and label.endswith(")") else Heading(label)


def _columns(table: Table) -> Iterator[tuple[Heading, tuple[Entry, ...]]]:
    """Yield the heading and the entries of each column, and of its published numbers where there are any."""
    for index, column in enumerate(table.columns):
        cells, ranks = table.shown(index), table.ranks(index)
        texts = table.texts(index)
        heading = Heading(column.title, column.higher_is_better, column.mark, table.details(index))
        yield heading, tuple(Entry(*text, ranks.get(place)) for place, text in enumerate(texts))
        if any(cell is not None and cell.published is not None for cell in cells):
            yield Heading(f"{column.title}, published"), tuple(Entry(_published(cell)) for cell in cells)
            differences = (_difference(cell, value) for cell, (value, _) in zip(cells, texts, strict=True))
            yield Heading("difference"), tuple(Entry(text) for text in differences)


def _published(cell: Cell | None) -> str:
    return "" if cell is None or cell.published is None else f"{cell.published:.10g}"


def _difference(cell: Cell | None, value: str) -> str:
    """Return measured minus published, with the decimals of both."""
    if cell is None or cell.published is None:
        return ""
    places = max(len(text.partition(".")[2]) for text in (value, _published(cell)))
    return f"{cell.value - cell.published:+.{places}f}"
