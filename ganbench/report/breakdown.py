"""Numbers of parts of the samples: a heat map over ordered pairs of domains, or bars over classes."""

import math
from collections.abc import Mapping, Sequence

from ganbench.records.names import headed
from ganbench.records.record import Result
from ganbench.report.groups import ARROWS, Group, number
from ganbench.report.markup import MINUS, scrolling, tag, text

FAINT, STRONG = 0.04, 0.62  # opacity of the smallest and the largest number
MOST_BARS = 100  # of a metric; the rest stays in the record
FEW = 3  # domains, up to which all metrics share one table


def breakdowns(group: Group) -> str:
    """Return the parts of every number that has some; "" where none has."""
    html = ""
    for index, label in enumerate(group.labels):
        found = [cell[1] for line in group.lines if (cell := line.cells[index]) and cell[1].parts]
        if found:
            heading = f"By {_kind(found)}" + (f": {label}" if len(group.labels) > 1 else "")
            html += tag("h3", text(heading)) + _parts(found)
    return html


def _parts(results: Sequence[Result]) -> str:
    domains = {domain for result in results for pair in _pairs(result) for domain in pair}
    if domains and len(domains) <= FEW:
        return _together(results)
    cards = [_heat_map(result) if _pairs(result) else _bars(result) for result in results]
    return tag("div", "".join(tag("div", card, class_="card") for card in cards), class_="cards big")


def _kind(results: Sequence[Result]) -> str:
    return "ordered pair of domains" if any(map(_pairs, results)) else "part of the samples"


def _pairs(result: Result) -> dict[tuple[str, str], float]:
    """Return the numbers by source and target domain; empty where the parts are not pairs."""
    found = {tuple(name.split("->")): value for name, value in result.parts.items()}
    return {(pair[0], pair[1]): value for pair, value in found.items() if len(pair) == 2}


def _heading(result: Result) -> str:
    unit = f" ({result.unit})" if result.unit else ""
    mean = tag("span", text(f"mean {number(result.value)}"), class_="soft")
    return tag("h4", f"{text(headed(result.key) + unit)} {ARROWS[result.higher_is_better]} {mean}")


def _together(results: Sequence[Result]) -> str:
    """Return one table of all metrics, a row each, with a column for each pair."""
    pairs = list(dict.fromkeys(name for result in results for name in result.parts))
    heads = ["Metric", *(name.replace("->", " → ") for name in pairs), "mean"]
    head = tag("thead", tag("tr", "".join(tag("th", text(name), scope="col") for name in heads)))
    rows = [
        [tag("th", text(f"{headed(r.key)} {ARROWS[r.higher_is_better]}"), scope="row")]
        + [tag("td", text(number(r.parts[name]) if name in r.parts else "-")) for name in pairs]
        + [tag("td", text(number(r.value)))]
        for r in results
    ]
    body = tag("tbody", "".join(tag("tr", "".join(row)) for row in rows))
    return scrolling(tag("table", head + body), "Numbers by ordered pair of domains")


def _heat_map(result: Result) -> str:
    """Return a table with sources as rows and targets as columns; the larger a number, the stronger its colour."""
    pairs = _pairs(result)
    sources, targets = (list(dict.fromkeys(pair[side] for pair in pairs)) for side in (0, 1))
    domains = sorted({*sources, *targets}, key=_order)
    corner = tag("th", "from ↓ to →", scope="col")
    head = tag("tr", corner + "".join(tag("th", text(each), scope="col") for each in domains if each in targets))
    rows = ""
    for source in (each for each in domains if each in sources):
        cells = [_heat(pairs, source, target) for target in domains if target in targets]
        rows += tag("tr", tag("th", text(source), scope="row") + "".join(cells))
    table = tag("table", tag("thead", head) + tag("tbody", rows), class_="heat")
    return _heading(result) + scrolling(table, f"{headed(result.key)} by ordered pair of domains")


def _heat(pairs: Mapping[tuple[str, str], float], source: str, target: str) -> str:
    if (source, target) not in pairs:
        return tag("td", "·", class_="own")
    finite = [value for value in pairs.values() if math.isfinite(value)]
    value, low, high = pairs[source, target], min(finite, default=0.0), max(finite, default=0.0)
    share = (value - low) / (high - low) if high > low and math.isfinite(value) else 0.0
    return tag("td", text(_short(value, max(abs(low), abs(high)))), style=f"--a:{FAINT + share * (STRONG - FAINT):.2f}")


def _bars(result: Result) -> str:
    """Return a bar for each part, from 0 or from the smallest number where there are negative ones."""
    shown = list(result.parts.items())[:MOST_BARS]
    finite = [value for _, value in shown if math.isfinite(value)]
    low, high = min([0.0, *finite]), max([0.0, *finite])
    rows = ""
    for name, value in shown:
        share = (value - low) / (high - low) if high > low and math.isfinite(value) else 0.0
        bar = tag("td", tag("i", style=f"width:{100 * share:.1f}%"), class_="bar", aria_hidden="true")
        rows += tag("tr", tag("th", text(name), scope="row") + bar + tag("td", text(number(value))))
    left = len(result.parts) - len(shown)
    note = tag("p", text(f"{left:,} more are in the record."), class_="note") if left else ""
    return _heading(result) + scrolling(tag("table", tag("tbody", rows), class_="bars"), result.key) + note


def _short(value: float, largest: float) -> str:
    """Return a number with as many decimals as give the largest beside it three digits, or two below 0.1."""
    if not math.isfinite(value):
        return "∞" if value > 0 else f"{MINUS}∞"
    digits = 3 if largest >= 0.1 else 2  # so that ten columns fit into a card
    places = min(max(digits - 1 - math.floor(math.log10(largest)), 0), 6) if largest else 0
    return f"{value:.{places}f}".replace("-", MINUS)


def _order(domain: str) -> tuple[int, str]:
    return (int(domain), "") if domain.isdecimal() and len(domain) < 10 else (10**9, domain)
