"""A comparison of two records as text, Markdown and JSON; names show as they are, whatever is in them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ganbench.printable import inert, printable
from ganbench.records.cells import Rows, aligned, as_json, in_markdown, markdown_table, number
from ganbench.records.compare import Compared, Comparison
from ganbench.records.difference import fields
from ganbench.records.protocol import caption
from ganbench.records.record import RunRecord

HEAD = ("number", "A", "B", "B - A", "95 % interval", "B is", "because")


def text(comparisons: Sequence[Comparison]) -> str:
    """Return each comparison as aligned lines."""
    return "\n".join("".join(f"{inert(printable(line))}\n" for line in _text(each)) for each in comparisons)


def markdown(comparisons: Sequence[Comparison]) -> str:
    """Return each comparison as two tables: the numbers, and what differs in provenance."""
    return "\n".join(inert("\n".join(_markdown(each))) + "\n" for each in comparisons)


def json(comparisons: Sequence[Comparison]) -> str:
    """Return a list with an object for each comparison."""
    return as_json([_plain(each) for each in comparisons])


FORMATS: Mapping[str, Callable[[Sequence[Comparison]], str]] = {"text": text, "markdown": markdown, "json": json}


def _text(one: Comparison) -> list[str]:
    lines = [f"A: {_named(one.first)}", f"B: {_named(one.second)}", "", *aligned(_numbers(one))]
    if one.provenance:
        lines += ["", *aligned(_changes(one))]
    return [*lines, *([] if one.provenance else ["", "Nothing differs in provenance."])]


def _markdown(one: Comparison) -> list[str]:
    lines = [f"A: {in_markdown(_named(one.first))}<br>", f"B: {in_markdown(_named(one.second))}", ""]
    lines += [*markdown_table(_numbers(one)), ""]
    return lines + (markdown_table(_changes(one)) if one.provenance else ["Nothing differs in provenance."])


def _named(record: RunRecord) -> str:
    return f"{caption(record)}, weights {record.model['weights']}, seed {record.seed}, {record.created}"


def _numbers(one: Comparison) -> Rows:
    return [HEAD, *map(_row, one.numbers)]


def _row(one: Compared) -> list[str]:
    found = one.difference
    ends = found.ends if found else "-"
    name = f"{one.key} ({one.details})" if one.details else one.key
    change = str(found) if found else "-"
    return [name, number(one.first), number(one.second), change, ends, one.finding.value, one.reason]


def _changes(one: Comparison) -> Rows:
    return [("differs", "A", "B"), *((each.name, each.first, each.second) for each in one.provenance)]


def _plain(one: Comparison) -> dict[str, Any]:
    return {
        "a": {"id": one.first.id, "title": _named(one.first)},
        "b": {"id": one.second.id, "title": _named(one.second)},
        "numbers": [_plain_number(each) for each in one.numbers],
        "provenance": {each.name: {"a": each.first, "b": each.second} for each in one.provenance},
    }


def _plain_number(one: Compared) -> dict[str, Any]:
    return {
        "name": one.key,
        "finding": one.finding.value,
        "a": one.first,
        "b": one.second,
        **fields(one.difference),
        "reason": one.reason,
        "details": one.details,
    }
