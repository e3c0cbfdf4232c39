"""Plots of a training run over kimg: its losses, and the metrics of its snapshots."""

import io
import math
from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure

__all__ = ["losses", "metrics"]

POINTS = 500  # of a curve, at most: more would not show, and would make a long run's plot slow
COLUMNS, WIDTH, HEIGHT, DPI = 3, 4.0, 2.6, 100  # of the panels, in inches and dots per inch

Curve = tuple[list[float], list[float]]  # kimg and values


def losses(entries: Sequence[Mapping[str, Any]]) -> bytes | None:
    """Return a PNG with a panel for each phase, from entries of ``log.jsonl``; None where there are no losses."""
    panels: dict[str, dict[str, Curve]] = {}
    for name, curve in _curves([(entry.get("kimg"), entry.get("losses")) for entry in entries]).items():
        phase, _, what = name.rpartition("/")
        panels.setdefault(phase, {})[what] = curve
    return _drawn(panels)


def metrics(entries: Sequence[Mapping[str, Any]]) -> bytes | None:
    """Return a PNG with a panel for each number, from entries of ``metrics.jsonl``; None where there are none."""
    found = _curves([(entry.get("kimg"), entry) for entry in entries])
    return _drawn({name: {"": curve} for name, curve in found.items() if name != "kimg"})


def _curves(rows: Sequence[tuple[Any, Any]]) -> dict[str, Curve]:
    """Return the curves of all numbers by name; of several numbers at one kimg, the last, as a resumed run has them."""
    found: dict[str, dict[float, float]] = {}
    for kimg, numbers in rows:
        for name, value in numbers.items() if isinstance(numbers, Mapping) and _is_finite(kimg) else ():
            if _is_finite(value):
                found.setdefault(name, {})[kimg] = value
    return {name: _thinned(sorted(points.items())) for name, points in found.items()}


def _thinned(points: list[tuple[float, float]]) -> Curve:
    """Return at most ``POINTS`` points: means of neighbours where there are more."""
    size = math.ceil(len(points) / POINTS)
    groups = [points[start : start + size] for start in range(0, len(points), size)]
    return [group[-1][0] for group in groups], [sum(value for _, value in group) / len(group) for group in groups]


def _drawn(panels: Mapping[str, Mapping[str, Curve]]) -> bytes | None:
    if not panels:
        return None
    columns = min(COLUMNS, len(panels))
    rows = math.ceil(len(panels) / columns)
    figure = Figure(figsize=(WIDTH * columns, HEIGHT * rows), dpi=DPI, layout="constrained")
    every = figure.subplots(rows, columns, squeeze=False).flat
    for (title, curves), axes in zip(panels.items(), every, strict=False):
        for label, (kimg, values) in curves.items():
            axes.plot(kimg, values, linewidth=1, label=label, marker="." if len(kimg) < POINTS // 10 else None)
        axes.set_title(title, fontsize="small", parse_math=False)
        axes.set_xlabel("kimg", fontsize="small")
        axes.grid(alpha=0.3)
        if any(curves):
            axes.legend(fontsize="x-small")
    for axes in every:
        axes.set_axis_off()
    out = io.BytesIO()
    figure.savefig(out, format="png", metadata={"Software": None})
    return out.getvalue()


def _is_finite(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
