"""Tables in LaTeX."""

import unicodedata

from ganbench.records.grid import Entry, Heading, on_page
from ganbench.records.notes import DASH
from ganbench.records.table import Table

ARROWS = {True: r" $\uparrow$", False: r" $\downarrow$", None: ""}
EMPHASIS = {"best": r"\textbf{{{}}}", "second": r"\underline{{{}}}", None: "{}"}
OGONEK = "\u0328"
LONG = 70  # characters of a line below a table that is broken
SPECIAL = {
    **{c: f"\\{c}" for c in "&%$#_{}"},
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"{\char34}",
    "`": r"{\char96}",
    "[": "{[}",  # both would be an argument of the end of the row above
    "*": "{*}",
    "±": r"$\pm$",
}


def latex(table: Table, *, transpose: bool | None = None) -> str:
    """Return a LaTeX tabular, which needs ``\\usepackage{booktabs}``; the notes are its last lines."""
    page = on_page(table, transpose)
    span = len(page.columns) + 1
    lines = [rf"\begin{{tabular}}{{l{'r' * len(page.columns)}}}"]
    lines += [_line(span, escaped(table.shared))] if table.shared else []
    lines += [r"\toprule", _row([escaped(page.corner), *map(_name, page.columns)])]
    if any(heading.details for heading in page.columns):
        lines.append(_row(["", *map(_details, page.columns)]))
    lines.append(r"\midrule")
    for heading, entries in page.rows:
        label = f"{_name(heading)} {_details(heading)}".rstrip()
        lines.append(_row([label, *map(_number, entries)]))
    lines.append(r"\bottomrule")
    for mark, note in table.notes:
        lines.append(_line(span, ("-- " if mark == DASH else _mark(mark)) + escaped(note)))
    return "\n".join([*lines, r"\end{tabular}", ""])


def escaped(text: str) -> str:
    """Return a text whose characters mean themselves in LaTeX; those that its fonts lack are written as U+1234."""
    return "".join(SPECIAL.get(c) or (c if _in_fonts(c) else f"U+{ord(c):04X}") for c in text)


def _in_fonts(character: str) -> bool:
    """Return whether LaTeX's default fonts have a character: ASCII, and Latin letters with most accents."""
    base, *accents = list(unicodedata.normalize("NFD", character))
    return base.isascii() and (not accents or (ord(character) < 0x180 and accents != [OGONEK]))


def _name(heading: Heading) -> str:
    return f"{escaped(heading.title)}{ARROWS[heading.higher_is_better]}{_mark(heading.mark)}"


def _details(heading: Heading) -> str:
    return rf"{{\scriptsize {escaped(', '.join(heading.details))}}}" if heading.details else ""


def _number(entry: Entry) -> str:
    shown = f"{entry.value} $\\pm$ {entry.error}" if entry.error else entry.value or "--"
    return EMPHASIS[entry.rank].format(shown.replace("inf", r"$\infty$"))


def _mark(mark: str) -> str:
    return rf"\textsuperscript{{{mark}}}" if mark else ""


def _line(span: int, text: str) -> str:
    """Return a line across the whole table; a long one is as wide as the page and broken."""
    column = r"p{\dimexpr\linewidth-2\tabcolsep}" if len(text) > LONG else "l"
    return _row([rf"\multicolumn{{{span}}}{{{column}}}{{\scriptsize {text}}}"])


def _row(cells: list[str]) -> str:
    return " & ".join(cells) + r" \\"
