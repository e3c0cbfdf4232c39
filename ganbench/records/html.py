"""Tables as a page of HTML that loads nothing."""

from html import escape

from ganbench.records.grid import Entry, Heading, on_page
from ganbench.records.marks import ARROWS
from ganbench.records.notes import DASH
from ganbench.records.table import Table

EMPHASIS = {"best": "<b>{}</b>", "second": "<u>{}</u>", None: "{}"}
STYLE = """
:root { color-scheme: light dark; --line: #8886; }
body { font: 15px/1.45 system-ui, sans-serif; margin: 1.5rem; color: CanvasText; background: Canvas; }
div { overflow-x: auto; }
table { border-collapse: collapse; border-block: 2px solid; font-variant-numeric: tabular-nums; }
caption { text-align: left; padding-bottom: .5rem; white-space: nowrap; }
th, td { padding: .3rem .75rem; text-align: right; white-space: nowrap; }
th { font-weight: 600; vertical-align: bottom; }
tr > :first-child { text-align: left; padding-left: .25rem; }
tbody th { font-weight: 400; }
thead tr { border-bottom: 1px solid; }
tbody tr + tr { border-top: 1px solid var(--line); }
small { font-weight: 400; opacity: .75; }
thead small { display: block; }
sup { line-height: 0; }
i { font-style: normal; opacity: .75; }
u { text-underline-offset: .2em; }
p { font-size: .87em; max-width: 48rem; margin: .5rem 0; overflow-wrap: anywhere; }
""".strip()


def html(table: Table, *, transpose: bool | None = None) -> str:
    """Return a page with the table and its notes, for light and dark screens."""
    page = on_page(table, transpose)
    head = "".join(f'<th scope="col">{text}</th>' for text in [escape(page.corner), *map(_heading, page.columns)])
    body = "\n".join(
        f'<tr><th scope="row">{_heading(heading)}</th>{"".join(f"<td>{_number(entry)}</td>" for entry in entries)}</tr>'
        for heading, entries in page.rows
    )
    caption = f"<caption>{escape(table.shared)}</caption>\n" if table.shared else ""
    notes = "\n".join(f"<p>{_mark(mark)}{escape(note)}</p>" for mark, note in table.notes)
    return (
        '<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        f"<title>ganbench</title>\n<style>\n{STYLE}\n</style>\n<div><table>\n{caption}"
        f"<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody>\n</table></div>\n{notes}\n</html>\n"
    )


def _heading(heading: Heading) -> str:
    details = f" <small>{escape(', '.join(heading.details))}</small>" if heading.details else ""
    return escape(heading.title) + ARROWS[heading.higher_is_better] + _mark(heading.mark).rstrip() + details


def _number(entry: Entry) -> str:
    error = f" <i>± {escape(entry.error)}</i>" if entry.error else ""
    return EMPHASIS[entry.rank].format(escape(entry.value or "-") + error)


def _mark(mark: str) -> str:
    return "- " if mark == DASH else f"<sup>{escape(mark)}</sup> " if mark else ""
