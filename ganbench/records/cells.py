"""Rows of text as a plain or a Markdown table, whatever is in the text; and numbers as JSON has them."""

import json
import math
from collections.abc import Sequence
from typing import Any

from ganbench.printable import inert, printable, printable_json
from ganbench.records.markdown import escaped

Rows = Sequence[Sequence[str]]


def aligned(rows: Rows) -> list[str]:
    """Return a line for each row, its cells one below the other; the first row is the head."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]


def markdown_table(rows: Rows) -> list[str]:
    """Return the lines of a table in GitHub-flavoured Markdown; the first row is the head."""
    head, *body = [[in_markdown(cell) for cell in row] for row in rows]
    return [f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *body)]


def in_markdown(text: str) -> str:
    """Return a text that Markdown shows as it is."""
    return escaped(printable(text))


def as_json(value: Any) -> str:
    """Return a value as JSON text; infinities are the strings ``"inf"`` and ``"-inf"``, as in records."""
    plain = printable_json(_finite(value))
    return inert(json.dumps(plain, indent=2, ensure_ascii=False, allow_nan=False)) + "\n"


def _finite(value: Any) -> Any:
    if isinstance(value, float) and math.isinf(value):
        return str(value)
    if isinstance(value, dict):
        return {name: _finite(each) for name, each in value.items()}
    return [_finite(each) for each in value] if isinstance(value, list | tuple) else value


def number(value: float | None) -> str:
    """Return a number to six digits; a dash where there is none."""
    return "-" if value is None else f"{value:.6g}"
