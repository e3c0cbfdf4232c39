"""Numbers against a variable: the truncation of one model, or the length of its training."""

import math
import re
from collections.abc import Sequence
from dataclasses import replace

from ganbench.records.names import headed
from ganbench.records.record import Result, RunRecord
from ganbench.records.truncation import subject, truncation
from ganbench.report import plots
from ganbench.report.groups import ARROWS, as_printed
from ganbench.report.markup import scrolling, tag, text
from ganbench.report.numbers import details, value

SNAPSHOT = re.compile(r"-(\d{6,}(?:\.\d{3})?)\.\w+$")  # official snapshots and those of `ganbench train`


def truncations(record: RunRecord) -> str:
    """Return the plots and the table of a study of truncation."""
    found: dict[str, dict[float, Result]] = {}
    for result in record.results:
        at = truncation(result)
        found.setdefault(result.key.replace(at.suffix, "", 1), {})[at.psi] = as_printed(result)
    return tag("p", text(subject(record)), class_="soft") + _charts(found, "ψ") + _table(found, "ψ")


def snapshots(records: Sequence[RunRecord]) -> dict[tuple[str, str], dict[str, dict[float, Result]]]:
    """Return (model, benchmark) -> key -> thousands of images -> number, for models with several snapshots."""
    found: dict[tuple[str, str], dict[str, dict[float, Result]]] = {}
    for record in records:
        if match := SNAPSHOT.search(record.model["weights"]):
            keyed = found.setdefault((record.model["name"], record.benchmark), {})
            for result in record.results:
                keyed.setdefault(result.key, {})[record.model.get("kimg", float(match[1]))] = as_printed(result)
    several = {name: {key: each for key, each in keyed.items() if len(each) > 1} for name, keyed in found.items()}
    return {name: keyed for name, keyed in several.items() if keyed}


def over_training(keyed: dict[str, dict[float, Result]]) -> str:
    """Return the plots of numbers against thousands of images seen in training."""
    return _charts(keyed, "kimg")


def _charts(found: dict[str, dict[float, Result]], axis: str) -> str:
    """Return a plot for each metric, with a curve for each of its numbers."""
    metrics: dict[str, dict[str, dict[float, Result]]] = {}
    for key, results in found.items():
        first = next(iter(results.values()))
        if first.higher_is_better is not None:  # no curve for the spread of a score
            metrics.setdefault(first.metric.replace(truncation(first).suffix, "", 1), {})[key] = results
    cards = ""
    for metric, series in metrics.items():
        points = {key.removeprefix(f"{metric}_"): _points(results) for key, results in series.items()}
        points = {key: each for key, each in points.items() if each}
        if points:
            one = next(iter(next(iter(series.values())).values()))
            unit = f" ({one.unit})" if one.unit else ""
            name = f"{headed(metric)}{unit} {ARROWS[one.higher_is_better]}"
            plot = plots.curves(points, f"{name} against {axis}", axis)
            cards += tag("div", tag("h4", text(name) + details(replace(one, key=metric))) + plot, class_="card")
    return tag("div", cards, class_="cards") if cards else ""


def _points(results: dict[float, Result]) -> list[plots.Point]:
    return [
        plots.Point("", result.value, result.interval, x)
        for x, result in sorted(results.items())
        if all(map(math.isfinite, (result.value, *_bounds(result))))
    ]


def _bounds(result: Result) -> tuple[float, ...]:
    return (result.interval["low"], result.interval["high"]) if result.interval else ()


def _table(found: dict[str, dict[float, Result]], axis: str) -> str:
    one = {key: replace(next(iter(results.values())), key=key) for key, results in found.items()}
    heads = "".join(tag("th", text(headed(key)) + details(result), scope="col") for key, result in one.items())
    head = tag("thead", tag("tr", tag("th", text(axis), scope="col") + heads))
    rows = ""
    for x in sorted({x for results in found.values() for x in results}):
        cells = [tag("td", value(results[x]) if x in results else "-") for results in found.values()]
        rows += tag("tr", tag("th", text(f"{x:g}"), scope="row") + "".join(cells))
    return scrolling(tag("table", head + tag("tbody", rows)), f"Numbers against {axis}")
