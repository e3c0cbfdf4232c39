"""Tables for a terminal."""

import io
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ganbench.records.grid import TRANSPOSED, Entry, Grid, Heading, grid, transposed
from ganbench.records.marks import STARS, name, note, number
from ganbench.records.table import Table

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table as RichTable
    from rich.text import Text

STYLES = {"best": "bold", "second": "underline", None: ""}
LEGEND = "* best, _ second best in its {}"


def text(
    table: Table, width: int = 80, bold: bool = False, plain: bool = False, *, transpose: bool | None = None
) -> str:
    """Return a table for a terminal; one that is too wide is transposed, or split into blocks of whole columns.

    Args:
        table: to print.
        width: of the terminal, in characters.
        bold: whether escape codes print the best numbers bold and the second best underlined; where not, a star and
            an underscore mark them.
        plain: whether all but names keeps to ASCII.
        transpose: whether rows are metrics; None for whichever takes fewer blocks, rows being models if both do.
    """
    from rich.console import Console

    out = io.StringIO()
    console = Console(
        file=out,
        width=width,
        force_terminal=bold,
        color_system="standard" if bold else None,
        legacy_windows=False,
        markup=False,  # names are text, whatever is in them
        emoji=False,
        highlight=False,
    )
    if table.shared:
        console.print(f"{table.shared}\n")
    grids = [grid(table), transposed(table)] if transpose is None else [transposed(table) if transpose else grid(table)]
    chosen, blocks = min(
        ((each, [*_blocks(each, console, bold, plain)]) for each in grids), key=lambda pair: len(pair[1])
    )
    for block in blocks:
        console.print(block)
        console.print()
    for mark, sentence in table.notes:
        console.print(note(mark, sentence, plain))
    if not bold and any(entry.rank for _, entries in grids[0].rows for entry in entries):
        console.print(LEGEND.format("row" if chosen.corner == TRANSPOSED else "column"))
    return "".join(line.rstrip() + "\n" for line in out.getvalue().splitlines()).lstrip("\n")


def _blocks(whole: Grid, console: "Console", bold: bool, plain: bool) -> "Iterator[RichTable]":
    """Yield as few tables as the console's width allows, each with all rows and some of the columns."""
    taken: list[int] = []
    for index in range(len(whole.columns)):
        wider = _rich(whole, [*taken, index], bold, plain)
        if taken and console.measure(wider, options=console.options.update(max_width=10_000)).maximum > console.width:
            yield _rich(whole, taken, bold, plain)
            taken = []
        taken.append(index)
    yield _rich(whole, taken, bold, plain)


def _rich(whole: Grid, indices: list[int], bold: bool, plain: bool) -> "RichTable":
    from rich import box
    from rich.table import Table as RichTable
    from rich.text import Text

    lines = box.Box(str(box.SIMPLE_HEAD).replace("─", "-"), ascii=True) if plain else box.SIMPLE_HEAD
    rich = RichTable(box=lines, show_edge=False, pad_edge=False, header_style="")
    rich.add_column(whole.corner, overflow="fold")
    of_models = whole.corner == TRANSPOSED
    for heading in (whole.columns[index] for index in indices):
        title = Text("\n".join([name(heading, plain), *heading.details]))
        # Names of metrics are short; a model's may be long, and is folded rather than cut off.
        rich.add_column(title, justify="right", no_wrap=not of_models, overflow="fold")
    ranked = [any(entries[index].rank for _, entries in whole.rows) for index in indices]
    for heading, entries in whole.rows:
        numbers = (_number(entries[index], bold, plain, some) for index, some in zip(indices, ranked, strict=True))
        rich.add_row(Text(_line(heading, plain)), *numbers)
    return rich


def _line(heading: Heading, plain: bool) -> str:
    details = ", ".join(heading.details)
    return f"{name(heading, plain)} ({details})" if details else name(heading, plain)


def _number(entry: Entry, bold: bool, plain: bool, ranked: bool) -> "Text":
    """Return a number in the style of its rank; without styles, room is kept for the marks of others in its column."""
    from rich.text import Text

    shown = number(entry, plain)
    if bold:
        return Text(shown, style=STYLES[entry.rank], no_wrap=True)
    return Text(shown + (STARS[entry.rank] if ranked else ""), no_wrap=True)
