"""Plots as SVG within the page: they take its colours, light or dark, and stay sharp on paper."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ganbench.records.record import Interval
from ganbench.report.markup import MINUS, tag, text

WIDTH = 320  # of a plot, in its own units; it scales to the width of its card
EDGE = 6  # free space at the left and right end of an axis
LETTER = 6.4  # its width, about
COLOURS = 6  # of series, in the style sheet


@dataclass(frozen=True)
class Point:
    """A value, with its interval where that is known, at a place on the horizontal axis where there is one."""

    label: str
    value: float
    interval: Interval | None = None
    x: float = 0.0

    @property
    def ends(self) -> tuple[float, float]:
        """The interval, or the value twice."""
        return (self.interval["low"], self.interval["high"]) if self.interval else (self.value, self.value)


def intervals(points: Sequence[Point], shown: Sequence[str], name: str) -> str:
    """Return a plot with a line for each model: its label, its value as text, and a dot within its interval.

    Args:
        points: finite values, with finite intervals if any.
        shown: the values as text.
        name: what is plotted, for those who do not see it.
    """
    low, high = _range(points)
    row, bottom = 36, 20
    height = row * len(points) + bottom
    parts = []
    for i, (point, value) in enumerate(zip(points, shown, strict=True)):
        y, colour = row * i + 25, f"var(--s{i % COLOURS})"
        left, middle, right = (_place(v, low, high) for v in (point.ends[0], point.value, point.ends[1]))
        parts += [
            tag("text", tag("title", text(point.label)) + text(_fitted(point.label, value)), x=0, y=y - 12),
            tag("text", text(value), x=WIDTH, y=y - 12, text_anchor="end", class_="soft"),
            _line(0, y, WIDTH, y, "rule"),
            f'<line x1="{left:.1f}" y1="{y}" x2="{right:.1f}" y2="{y}" stroke="{colour}" stroke-width="3"/>',
            f'<circle cx="{middle:.1f}" cy="{y}" r="4.2" fill="{colour}"/>',
        ]
    for tick in _ticks(low, high):
        parts.append(tag("text", _plain(tick), x=f"{_place(tick, low, high):.1f}", y=height - 4, text_anchor="middle",
                         class_="soft"))  # fmt: skip
    return _svg(parts, height, name)


def _fitted(label: str, value: str) -> str:
    """Return a label that leaves room for a value on its line, shortened in the middle: ends tell weights apart."""
    room = int((WIDTH - LETTER * len(value)) / LETTER) - 2
    if len(label) <= room:
        return label
    return f"{label[: (room - 1) // 2]}…{label[len(label) - room // 2 :]}"


def curves(series: Mapping[str, Sequence[Point]], name: str, axis: str) -> str:
    """Return a plot with a curve for each series and a bar for each interval; a legend where there are several.

    Args:
        series: name -> finite points in rising order of ``x``.
        name: what is plotted, for those who do not see it.
        axis: label of the horizontal axis.
    """
    everything = [point for points in series.values() for point in points]
    (low, high), left, top, bottom = _range(everything), 38, 18 if len(series) > 1 else 6, 168
    xs = [point.x for point in everything]
    first, last = min(xs), max(xs)

    def at(x: float, y: float) -> tuple[float, float]:
        share = (x - first) / (last - first) if last > first else 0.5
        return left + 8 + share * (WIDTH - left - 16), bottom - (y - low) / (high - low) * (bottom - top)

    parts = []
    for tick in _ticks(low, high):
        y = at(first, tick)[1]
        parts += [_line(left, y, WIDTH, y, "rule"), _words(_plain(tick), left - 5, y + 3.5, "end")]
    parts += [_words(f"{x:g}", at(x, low)[0], bottom + 15, "middle") for x in _thinned(sorted(set(xs)))]
    parts.append(_words(axis, (left + WIDTH) / 2, bottom + 32, "middle"))
    for i, (label, points) in enumerate(series.items()):
        colour = f"var(--s{i % COLOURS})"
        path = " ".join("{:.1f},{:.1f}".format(*at(p.x, p.value)) for p in points)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.8"/>')
        for point in points:
            (x, y), ends = at(point.x, point.value), [at(point.x, end)[1] for end in point.ends]
            parts.append(f'<line x1="{x:.1f}" y1="{ends[0]:.1f}" x2="{x:.1f}" y2="{ends[1]:.1f}" stroke="{colour}"/>')
            parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.2" fill="{colour}"/>')
        if len(series) > 1:
            parts.append(f'<circle cx="{left + 10 + 130 * i}" cy="6" r="4" fill="{colour}"/>')
            parts.append(tag("text", text(label[:20]), x=left + 18 + 130 * i, y=10))
    return _svg(parts, bottom + 36, name)


def histogram(values: Mapping[str, Sequence[float]], name: str, axis: str, bins: int = 32) -> str:
    """Return shares of values by bins of equal width, a step curve for each series.

    Args:
        values: name -> finite numbers of 0 or more.
        name: what is plotted, for those who do not see it.
        axis: label of the horizontal axis.
        bins: from 0 to the largest value.
    """
    most = max(max(each) for each in values.values()) or 1.0
    shares = {}
    for label, each in values.items():
        counts = [0] * bins
        for value in each:
            counts[min(int(value / most * bins), bins - 1)] += 1
        shares[label] = [count / len(each) for count in counts]
    peak, bottom, top = max(max(each) for each in shares.values()), 150, 20
    parts = [_line(0, bottom, WIDTH, bottom, "rule")]
    for i, (label, heights) in enumerate(shares.items()):
        colour = f"var(--s{i % COLOURS})"
        steps = [f"0,{bottom}"]
        for b, share in enumerate(heights):
            y = bottom - share / peak * (bottom - top)
            steps += [f"{b / bins * WIDTH:.1f},{y:.1f}", f"{(b + 1) / bins * WIDTH:.1f},{y:.1f}"]
        path = " ".join([*steps, f"{WIDTH},{bottom}"])
        parts.append(f'<polygon points="{path}" fill="{colour}" fill-opacity=".18" stroke="{colour}"/>')
        parts.append(f'<circle cx="{6 + 160 * i}" cy="6" r="4" fill="{colour}"/>')
        parts.append(tag("text", text(label[:24]), x=14 + 160 * i, y=10))
    for tick in _ticks(0, most):
        parts.append(_words(_plain(tick), tick / most * WIDTH, bottom + 14, "middle"))
    parts.append(_words(axis, WIDTH / 2, bottom + 30, "middle"))
    return _svg(parts, bottom + 34, name)


def _svg(parts: Sequence[str], height: float, name: str) -> str:
    box = f"0 0 {WIDTH} {height}"
    return tag("svg", tag("title", text(name)) + "".join(parts), viewBox=box, role="img", aria_label=name)


def _line(x1: float, y1: float, x2: float, y2: float, kind: str) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" class="{kind}"/>'


def _words(words: str, x: float, y: float, anchor: str) -> str:
    return tag("text", text(words), x=f"{x:.1f}", y=f"{y:.1f}", text_anchor=anchor, class_="soft")


def _range(points: Sequence[Point]) -> tuple[float, float]:
    """Return the ends of an axis that holds all values and intervals, with a margin."""
    ends = [end for point in points for end in point.ends]
    low, high = min(ends), max(ends)
    margin = 0.08 * (high - low) or 0.1 * abs(high) or 1.0
    return low - margin, high + margin


def _place(value: float, low: float, high: float) -> float:
    return EDGE + (value - low) / (high - low) * (WIDTH - 2 * EDGE)


def _ticks(low: float, high: float) -> list[float]:
    """Return two to five round numbers from ``low`` to ``high``."""
    step = 10.0 ** math.floor(math.log10((high - low) / 2))
    step *= next((factor for factor in (5, 2) if (high - low) / (step * factor) >= 2), 1)
    return [step * i for i in range(math.ceil(low / step), math.floor(high / step) + 1)]


def _plain(tick: float) -> str:
    return f"{tick:.6g}".replace("-", MINUS)


def _thinned(values: Sequence[float]) -> Sequence[float]:
    """Return at most eight of the values, evenly."""
    return values[:: math.ceil(len(values) / 8)]
