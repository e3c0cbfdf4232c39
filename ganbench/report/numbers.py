"""The numbers of a group as a table, and as plots of compared models."""

import math
from collections.abc import Iterator, Sequence

from ganbench.records.labels import row_key
from ganbench.records.names import headed, printed
from ganbench.records.notes import EMBEDDED_NOTE
from ganbench.records.record import Result
from ganbench.report import plots
from ganbench.report.groups import ARROWS, SPOKEN, Group, Line, half, number, shown
from ganbench.report.markup import scrolling, tag, text

MOST_COLUMNS = 8  # of models; of more, each is a row


def table(group: Group) -> str:
    """Return a table with a row for each number and a column for each model, or the other way round, and its notes."""
    metrics, models = [_heading(line) for line in group.lines], [text(label) for label in group.labels]
    cells = [[_cell(line, i) for i in range(len(line.cells))] for line in group.lines]
    if len(models) > MOST_COLUMNS:
        grid = _grid("Model", metrics, models, [list(column) for column in zip(*cells, strict=True)])
    else:
        grid = _grid("Metric", models, metrics, cells)
    caption = tag("p", text(_caption(group)), class_="note")
    return caption + scrolling(grid, f"Numbers of {group.title}") + "".join(_notes(group))


def _grid(corner: str, columns: Sequence[str], rows: Sequence[str], cells: Sequence[Sequence[str]]) -> str:
    head = "".join(tag("th", name, scope="col") for name in (corner, *columns))
    body = (tag("th", name, scope="row") + "".join(row) for name, row in zip(rows, cells, strict=True))
    return tag("table", tag("thead", tag("tr", head)) + tag("tbody", "".join(tag("tr", row) for row in body)))


def compared(group: Group) -> str:
    """Return an interval plot for each number that two models or more have; "" where there is none."""
    cards = [card for line in group.lines if (card := _card(group, line))]
    return tag("h3", "Models compared") + tag("div", "".join(cards), class_="cards") if cards else ""


def value(result: Result) -> str:
    """Return a value with its interval as HTML: ``± half``, or both bounds where the halves differ much."""
    unit = f" {result.unit}" if result.unit else ""
    return text(shown(result)) + tag("span", text(_interval(result)), class_="pm") + text(unit)


def _interval(result: Result) -> str:
    error = half(result.interval)
    if result.interval is None:
        return ""
    low, high = result.interval["low"], result.interval["high"]
    if error is None or abs((low + high) / 2 - result.value) > 0.1 * error:
        return f" [{number(low, error)}, {number(high, error)}]"
    return f" ± {number(error, error)}"


def _heading(line: Line) -> str:
    arrow = ARROWS[line.result.higher_is_better]
    spoken = tag("span", text(arrow), title=SPOKEN[line.result.higher_is_better])
    return f"{text(headed(line.protocol.key))} {spoken}{details(line.result, line.protocol.divisor)}"


def details(result: Result, divisor: str = "") -> str:
    """Return how a number was measured, in small print: its key, samples and extractor."""
    samples = f"{result.count:,} samples" if result.count is not None else ""
    return tag("small", text(", ".join(filter(None, (result.key, samples, result.extractor, divisor)))))


def _cell(line: Line, index: int) -> str:
    cell = line.cells[index]
    if cell is None:
        return tag("td", "-", class_="none")
    written = value(cell[1])
    known = line.published[index]
    beside = tag("small", text(f"published {known[0]:.10g}")) if known else ""
    return tag("td", (tag("strong", written) if index in line.best else written) + beside)


def _caption(group: Group) -> str:
    parts = ["Bold is best, with all that do not differ from it by more than chance"] if len(group.models) > 1 else []
    found = {cell[1].interval["level"] for line in group.lines for cell in line.cells if cell and cell[1].interval}
    parts += [f"± is half of the {100 * level:g} % interval" for level in sorted(found)]
    return "; ".join(parts) + "." if parts else "One model; no intervals were recorded."


def _notes(group: Group) -> Iterator[str]:
    """Yield why numbers are missing, what may be wrong with those that are there, and biases that are known."""
    labels = dict(zip(group.models, group.labels, strict=True))
    reasons: dict[tuple[str, str], list[str]] = {}
    warnings: dict[str, list[str]] = {}
    for record in group.records:
        who = labels[row_key(record)]
        for metric, reason in record.missing.items():
            found = reasons.setdefault((who, reason.removeprefix(f"{metric}: ")), [])
            found += [name for name in [printed(metric)] if name not in found]
        for warning in record.warnings:
            warnings.setdefault(warning, []).append(who)
    together: dict[tuple[str, str], list[str]] = {}
    for (who, reason), metrics in reasons.items():
        together.setdefault((", ".join(metrics), reason), []).append(who)
    for (metrics_of, reason), models in together.items():
        yield _note(models, f"No {metrics_of}: {reason}")
    for warning, models in warnings.items():
        yield _note(models, f"Warning: {warning}", " warn")
    if limits := [limit for line in group.lines for limit in _limits(group, line)]:
        yield tag("p", text(f"Extrapolated to infinitely many samples: {'; '.join(limits)}."), class_="note")
    if sources := dict.fromkeys(known[1] for line in group.lines for known in line.published if known):
        told = f"Published numbers are of the same weights by the same protocol: {'; '.join(sources)}."
        yield tag("p", text(told), class_="note")
    if any(record.model["embedded"] for record in group.records):
        yield tag("p", text(EMBEDDED_NOTE), class_="note")


def _note(models: Sequence[str], sentence: str, kind: str = "") -> str:
    return tag("p", f"{tag('strong', text(', '.join(dict.fromkeys(models))))} {text(sentence)}", class_=f"note{kind}")


def _limits(group: Group, line: Line) -> Iterator[str]:
    """Yield what a number would be without its bias, for each model where that is known and beyond its interval."""
    for label, cell in zip(group.labels, line.cells, strict=True):
        if cell and cell[1].bias is not None and cell[1].higher_is_better is not None:
            error = half(cell[1].interval)
            if abs(cell[1].bias) > (error or 0):
                limit = number(cell[1].value - cell[1].bias, error)
                yield f"{headed(line.protocol.key)} of {label} {limit} instead of {shown(cell[1])}"


def _card(group: Group, line: Line) -> str:
    found = [(label, cell[1]) for label, cell in zip(group.labels, line.cells, strict=True) if cell]
    finite = [(label, result) for label, result in found if _is_finite(result)]
    if len(finite) < 2 or line.result.higher_is_better is None:
        return ""
    name = f"{headed(line.protocol.key)} {ARROWS[line.result.higher_is_better]}"
    unit = f" ({line.result.unit})" if line.result.unit else ""
    points = [plots.Point(label, result.value, result.interval) for label, result in finite]
    drawn = plots.intervals(points, [shown(r) + _interval(r) for _, r in finite], _spoken(name, finite))
    return tag("div", tag("h4", text(name + unit)) + drawn, class_="card")


def _is_finite(result: Result) -> bool:
    return math.isfinite(result.value) and (result.interval is None or half(result.interval) is not None)


def _spoken(name: str, found: Sequence[tuple[str, Result]]) -> str:
    return f"{name}: " + ", ".join(f"{label} {shown(result)}{_interval(result)}" for label, result in found)
