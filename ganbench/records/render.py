"""Tables as text, Markdown, CSV and LaTeX: best in bold, each column with direction, extractor and sample count."""

import csv
import io
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from ganbench.records.table import DASH, LETTERS, Column, Table

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table as RichTable

ARROWS = {True: " ↑", False: " ↓", None: ""}
PLAIN_ARROWS = {True: " (higher)", False: " (lower)", None: ""}
NOT_PLAIN = "↑↓ᵃ─"  # what an encoding needs for tables that are not plain
LATEX_ARROWS = {True: r" $\uparrow$", False: r" $\downarrow$", None: ""}
COMPUTED = "=+-@\uff1d\uff0b\uff0d\uff20"  # a spreadsheet evaluates cells that begin with these
SUPERSCRIPTS = str.maketrans(LETTERS, "ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻ")
MARKDOWN_SPECIAL = str.maketrans({**{c: f"\\{c}" for c in "\\|*`<[~#&$>"}})
LATEX_SPECIAL = str.maketrans(
    {
        **{c: f"\\{c}" for c in "&%$#_{}"},
        "\\": r"\textbackslash{}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "<": r"\textless{}",
        ">": r"\textgreater{}",
        "|": r"\textbar{}",
    }
)


def text(table: Table, width: int = 80, bold: bool = False, plain: bool = False) -> str:
    """Return a table for a terminal; one that is too wide is split into blocks of whole columns.

    Args:
        table: to print.
        width: of the terminal, in characters.
        bold: whether escape codes print the best numbers bold; where not, a star marks them.
        plain: whether headings keep to ASCII.
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
    for block in _blocks(table, console, bold, plain):
        console.print(block, end="\n\n")
    for mark, note in table.notes:
        console.print(f"{_mark(mark, plain)} {note}".lstrip())
    if not bold and any(table.best(index) for index in range(len(table.columns))):
        console.print("* best in its column")
    return "".join(line.rstrip() + "\n" for line in out.getvalue().splitlines()).lstrip("\n")


def markdown(table: Table, plain: bool = False) -> str:
    """Return a table in GitHub-flavoured Markdown; where ``plain``, headings keep to ASCII."""
    lines = [[table.head, *(_one_line(column, plain) for column in table.columns)]]
    lines.append(["---", *("---:" for _ in table.columns)])
    for label, cells in _body(table, "**{}**", empty="-"):
        lines.append([label.translate(MARKDOWN_SPECIAL), *cells])
    body = "".join(f"| {' | '.join(line)} |\n" for line in lines)
    notes = (f"{_mark(mark, plain)} {note}".strip() for mark, note in table.notes)
    return body + "".join(f"\n{note.translate(MARKDOWN_SPECIAL)}\n" for note in notes)


def latex(table: Table) -> str:
    """Return a LaTeX tabular, which needs ``\\usepackage{booktabs}``; the notes are its last lines."""
    columns = table.columns
    names = [f"{_latex(c.title)}{LATEX_ARROWS[c.higher_is_better]}{_latex_mark(c.mark)}" for c in columns]
    details = [rf"{{\scriptsize {_latex(', '.join(c.protocol.details))}}}" for c in columns]
    lines = [rf"\begin{{tabular}}{{l{'r' * len(columns)}}}", r"\toprule", _latex_row([_latex(table.head), *names])]
    lines += [_latex_row(["", *details]), r"\midrule"]
    for label, cells in _body(table, r"\textbf{{{}}}", empty="--"):
        lines.append(_latex_row([_latex(label), *(cell.replace("inf", r"$\infty$") for cell in cells)]))
    lines.append(r"\bottomrule")
    for mark, note in table.notes:
        text = rf"\scriptsize {'-- ' if mark == DASH else _latex_mark(mark)}{_latex(note)}"
        lines.append(_latex_row([rf"\multicolumn{{{len(columns) + 1}}}{{l}}{{{text}}}"]))
    return "\n".join([*lines, r"\end{tabular}", ""])


def as_csv(table: Table) -> str:
    """Return comma-separated values at full precision; the name of a column has all that distinguishes it.

    Where there are warnings, they are the last column. Text that a spreadsheet would evaluate gets an apostrophe.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    warned = any(row.warnings for row in table.rows)
    names = [table.head.lower(), "weights_sha256", "seed", *(_csv_name(column) for column in table.columns)]
    writer.writerow([*map(_csv_text, names), *(["warnings"] if warned else [])])
    for row in table.rows:
        texts = [_csv_text(row.label), _csv_text(row.sha256), row.seed]
        values = ["" if value is None else repr(value) for value in row.values]
        writer.writerow([*texts, *values, *([_csv_text(" ".join(row.warnings))] if warned else [])])
    return out.getvalue()


FORMATS: Mapping[str, Callable[[Table], str]] = {"text": text, "markdown": markdown, "csv": as_csv, "latex": latex}
SUFFIXES = {".md": "markdown", ".csv": "csv", ".tex": "latex"}


def _body(table: Table, emphasis: str, empty: str) -> Iterator[tuple[str, list[str]]]:
    """Yield the label and cells of each row, with the best in ``emphasis``, a format of one field."""
    columns = [(table.cells(index), table.best(index)) for index in range(len(table.columns))]
    for i, row in enumerate(table.rows):
        yield row.label, [emphasis.format(cells[i]) if i in best else cells[i] or empty for cells, best in columns]


def _name(column: Column, plain: bool) -> str:
    arrows = PLAIN_ARROWS if plain else ARROWS
    return f"{column.title}{arrows[column.higher_is_better]}{_mark(column.mark, plain)}"


def _mark(mark: str, plain: bool) -> str:
    return f" [{mark}]" if plain and mark not in ("", DASH) else mark.translate(SUPERSCRIPTS)


def _one_line(column: Column, plain: bool) -> str:
    details = ", ".join(column.protocol.details)
    return f"{_name(column, plain)} ({details})".removesuffix(" ()").translate(MARKDOWN_SPECIAL)


def _csv_name(column: Column) -> str:
    words = [", ".join(column.protocol.details), column.difference if column.mark else ""]
    return f"{column.protocol.key} [{'; '.join(word for word in words if word)}]".removesuffix(" []")


def _csv_text(text: str) -> str:
    return f"'{text}" if text.startswith(tuple(COMPUTED)) else text


def _latex(plain: str) -> str:
    return plain.translate(LATEX_SPECIAL)


def _latex_mark(mark: str) -> str:
    return rf"\textsuperscript{{{mark}}}" if mark else ""


def _latex_row(cells: list[str]) -> str:
    return " & ".join(cells) + r" \\"


def _blocks(table: Table, console: "Console", bold: bool, plain: bool) -> "Iterator[RichTable]":
    """Yield as few tables as the console's width allows, each with all rows and some of the columns."""
    taken: list[int] = []
    for index in range(len(table.columns)):
        wider = _rich(table, [*taken, index], bold, plain)
        if taken and console.measure(wider, options=console.options.update(max_width=10_000)).maximum > console.width:
            yield _rich(table, taken, bold, plain)
            taken = []
        taken.append(index)
    yield _rich(table, taken, bold, plain)


def _rich(table: Table, indices: list[int], bold: bool, plain: bool) -> "RichTable":
    from rich import box
    from rich.table import Table as RichTable
    from rich.text import Text

    lines = box.Box(str(box.SIMPLE_HEAD).replace("─", "-"), ascii=True) if plain else box.SIMPLE_HEAD
    rich = RichTable(box=lines, show_edge=False, pad_edge=False, header_style="")
    rich.add_column(table.head, overflow="fold")
    for column in (table.columns[index] for index in indices):
        rich.add_column(
            Text("\n".join([_name(column, plain), *column.protocol.details])), justify="right", no_wrap=True
        )
    columns = [(table.cells(index), table.best(index)) for index in indices]
    for i, row in enumerate(table.rows):
        values = [
            Text(cells[i] or "-", style="bold" if bold else "").append("" if bold else "*")
            if i in best
            else Text((cells[i] or "-") + ("" if bold or not best else " "))
            for cells, best in columns
        ]
        rich.add_row(Text(row.label), *values)
    return rich
