"""Plots of tables whose rows are labelled by numbers, such as truncations."""

import io
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal

import numpy as np
from matplotlib import rc_context
from matplotlib.figure import Figure

from ganbench.records.keys import title
from ganbench.records.marks import ARROWS
from ganbench.records.names import THOUSANDTHS
from ganbench.records.protocol import Protocol
from ganbench.records.table import Table
from ganbench.records.table_cells import Cell

WIDTH, HEIGHT, DPI = 4.4, 3.6, 150  # of a panel, in inches and dots per inch
MOST_TICKS = 6  # of a panel; labels of more would touch


def curves(table: Table, axis: str, form: Literal["png", "svg"] = "png") -> bytes:
    """Return a plot with a panel for each metric and a curve for each of its numbers, in a band of its intervals.

    The best point of a curve is marked, unless others are tied with it.

    Args:
        table: with a number as the label of every row.
        axis: the label of the horizontal axis.
        form: the format of the file; equal tables give equal bytes.
    """
    panels: dict[Protocol, list[int]] = {}
    directed = any(column.higher_is_better is not None for column in table.columns)
    for index, column in enumerate(table.columns):
        if column.higher_is_better is not None or not directed:  # no curve for the spread of a score
            panels.setdefault(replace(column.protocol, key=""), []).append(index)
    figure = Figure(figsize=(WIDTH * len(panels), HEIGHT), dpi=DPI, layout="constrained")
    for axes, indices in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels.values(), strict=True):
        _panel(axes, table, indices)
        axes.set_xlabel(axis)
    said = f"{table.notes[0][1]} A ring marks a best without ties."
    # Names of files are no formulas, whatever dollar signs they have.
    figure.suptitle(said, fontsize="small", color="0.4", parse_math=False)
    out = io.BytesIO()
    with rc_context({"svg.hashsalt": "ganbench"}):
        figure.savefig(out, format=form, metadata={"Software": None} if form == "png" else {"Date": None})
    return out.getvalue()


def _panel(axes: Any, table: Table, indices: Sequence[int]) -> None:
    columns = [table.columns[index] for index in indices]
    one, *others = columns
    whole = one.protocol.key.rpartition("_")[0] if others else one.protocol.key
    for index, column in zip(indices, columns, strict=True):
        points = [(x, cell.value) for x, cell in _points(table, index)]
        (line,) = axes.plot(*zip(*points, strict=True), marker="o", markersize=4)
        line.set_label(column.protocol.key.removeprefix(f"{whole}_"))
        _band(axes, table, index, line.get_color())
        if len(best := table.best(index)) == 1:
            _mark(axes, table, best.pop(), index, line.get_color())
    unit = f" ({one.unit})" if one.unit else ""
    factor = THOUSANDTHS if one.factor != 1 else ""
    axes.set_title(f"{title(whole)}{factor}{unit}{ARROWS[one.higher_is_better]}")
    axes.set_ylabel(", ".join(one.protocol.details), fontsize="small", color="0.4")
    axes.margins(x=0.1, y=0.15)
    _ticks(axes, [float(row.label) for row in table.rows])
    axes.grid(alpha=0.3)
    if others:
        axes.legend()


def _points(table: Table, index: int) -> list[tuple[float, Cell]]:
    """Return the places and the numbers of a column, as they are printed."""
    cells = zip(table.rows, table.shown(index), strict=True)
    return [(float(row.label), cell) for row, cell in cells if cell is not None]


def _ticks(axes: Any, places: Sequence[float]) -> None:
    """Mark the places where there are numbers, unless their labels would touch."""
    gaps = np.diff(sorted(places))
    if len(gaps) and gaps.min() > (max(places) - min(places)) / MOST_TICKS:
        axes.set_xticks(places, [f"{place:g}" for place in places])
    else:
        axes.locator_params(axis="x", nbins=MOST_TICKS)


def _band(axes: Any, table: Table, index: int, color: Any) -> None:
    """Draw the intervals of a curve as a band, with a bar at each point, which shows where points are few."""
    known = [(x, cell.interval) for x, cell in _points(table, index) if cell.interval and cell.half_width is not None]
    if not known:
        return
    x, low, high = zip(*((x, found["low"], found["high"]) for x, found in known), strict=True)
    axes.fill_between(x, low, high, color=color, alpha=0.15, linewidth=0)
    axes.vlines(x, low, high, color=color, alpha=0.6, linewidth=1)


def _mark(axes: Any, table: Table, row: int, index: int, color: Any) -> None:
    """Draw a ring around the best point and print its value above."""
    cell, text = table.shown(index)[row], table.cells(index)[row]
    assert cell is not None  # the best of a column is one of its numbers
    at = float(table.rows[row].label), cell.value
    axes.plot(*at, marker="o", markersize=9, markerfacecolor="none", color=color)
    axes.annotate(text, at, (0, 8), textcoords="offset points", ha="center", fontsize="small")
