"""Tables in GitHub-flavoured Markdown."""

import re

from ganbench.records.grid import Entry, Heading, on_page
from ganbench.records.marks import name, note, number
from ganbench.records.table import Table

SPECIAL = str.maketrans({**{c: f"\\{c}" for c in "\\|*`<[~#&$>"}})
EMPHASIS = {"best": "**{}**", "second": "<u>{}</u>", None: "{}"}


def markdown(table: Table, plain: bool = False, *, transpose: bool | None = None) -> str:
    """Return a table in GitHub-flavoured Markdown; where ``plain``, all but names keeps to ASCII."""
    page = on_page(table, transpose)
    lines = [[escaped(page.corner), *(_heading(heading, plain) for heading in page.columns)]]
    lines.append(["---", *("---:" for _ in page.columns)])
    lines += [[_heading(heading, plain), *(_number(entry, plain) for entry in row)] for heading, row in page.rows]
    above = f"{escaped(table.shared)}\n\n" if table.shared else ""
    body = "".join(f"| {' | '.join(line)} |\n" for line in lines)
    return above + body + "".join(f"\n{escaped(note(*told, plain))}\n" for told in table.notes)


def escaped(text: str) -> str:
    """Return a text whose characters mean themselves; an underscore within a word does anyway."""
    return re.sub(r"(?<![^\W_])_|_(?![^\W_])", r"\\_", text.translate(SPECIAL))


def _heading(heading: Heading, plain: bool) -> str:
    details = ", ".join(heading.details)
    return escaped(f"{name(heading, plain)} ({details})".removesuffix(" ()"))


def _number(entry: Entry, plain: bool) -> str:
    return EMPHASIS[entry.rank].format(number(entry, plain))
