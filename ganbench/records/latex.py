"""Tables in LaTeX."""

import unicodedata

from ganbench.records.grid import Entry, Heading, on_page
from ganbench.records.notes import DASH
from ganbench.records.table import Table

ARROWS = {True: r" $\uparrow$", False: r" $\downarrow$", None: ""}
EMPHASIS = {"best": r"\textbf{{{}}}", "second": r"\underline{{{}}}", None: "{}"}
PAGE = 80  # characters of a line of an article
OGONEK = "\u0328"
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
    "×": r"$\times$",
    "³": "$^3$",
}


def latex(table: Table, *, transpose: bool | None = None) -> str:
    """Return a LaTeX tabular, which needs ``\\usepackage{booktabs}``, with its notes in another one around it.

    So they may be longer than its rows, and all is still one box, which may be scaled.
    """
    page = on_page(table, transpose, PAGE)
    lines = [rf"\begin{{tabular}}{{l{'r' * len(page.columns)}}}"]
    if table.shared:
        lines.append(_row([rf"\multicolumn{{{len(page.columns) + 1}}}{{l}}{{\scriptsize {escaped(table.shared)}}}"]))
    lines += [r"\toprule", _row([escaped(page.corner), *map(_name, page.columns)])]
    if any(heading.details for heading in page.columns):
        lines.append(_row(["", *map(_details, page.columns)]))
    lines.append(r"\midrule")
    for heading, entries in page.rows:
        label = f"{_name(heading)} {_details(heading)}".rstrip()
        lines.append(_row([label, *map(_number, entries)]))
    lines += [r"\bottomrule", r"\end{tabular}"]
    if table.notes:
        lines = [r"\begin{tabular}{@{}l@{}}", *lines, *(_note(*note) for note in table.notes), r"\end{tabular}"]
    return "\n".join([*lines, ""])


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
    value = entry.value.replace("-", "$-$").replace("inf", r"$\infty$") or "--"
    return EMPHASIS[entry.rank].format(rf"{value} $\pm$ {entry.error}" if entry.error else value)


def _mark(mark: str) -> str:
    return rf"\textsuperscript{{{mark}}}" if mark else ""


def _note(mark: str, note: str) -> str:
    """Return a line below the table, as long as those of the page."""
    shown = ("-- " if mark == DASH else _mark(mark)) + escaped(note)
    width = r"\dimexpr\linewidth-2\tabcolsep"
    return rf"\\ \hspace{{\tabcolsep}}\parbox[t]{{{width}}}{{\raggedright\scriptsize {shown}\strut}}"


def _row(cells: list[str]) -> str:
    return " & ".join(cells) + r" \\"
