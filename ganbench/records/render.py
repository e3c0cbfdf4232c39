"""Tables as text, Markdown, CSV, LaTeX and HTML: the best in bold, the second best underlined."""

from collections.abc import Mapping
from typing import Protocol

from ganbench.records.csv_table import as_csv
from ganbench.records.html import html
from ganbench.records.latex import latex
from ganbench.records.markdown import markdown
from ganbench.records.table import Table
from ganbench.records.terminal import text

__all__ = ["FORMATS", "NOT_PLAIN", "SUFFIXES", "as_csv", "html", "latex", "markdown", "text"]

NOT_PLAIN = "↑↓ᵃ─±"  # what an encoding needs for tables that are not plain


class Form(Protocol):
    """A format: a function of a table."""

    def __call__(self, table: Table, *, transpose: bool | None = None) -> str:
        """Return the table as text; where ``transpose`` is None, in the direction that fits."""
        ...


FORMATS: Mapping[str, Form] = {"text": text, "markdown": markdown, "csv": as_csv, "latex": latex, "html": html}
SUFFIXES = {".md": "markdown", ".csv": "csv", ".tex": "latex", ".html": "html", ".htm": "html"}
