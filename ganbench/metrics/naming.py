"""Metrics by name: ``fid50k``, any sample count (``fid10k``, ``ppl2_wend@5k``), truncation, short names.

``stem + count + rest`` is the standard metric of that stem and rest with another count; ``name@count`` works for any
metric. ``--limit`` renames: ``fid50k`` at 500 is ``fid@500``. ``_psi0.7`` at the end truncates. Metrics of translations
count source images per domain: ``fid_latent@5`` translates the first five of each.
"""

from collections.abc import Mapping

from ganbench import registry
from ganbench.counts import COUNTED, countless, parse_count
from ganbench.errors import BadInputError, GanbenchError, UnknownNameError
from ganbench.metrics.base import BaseMetric, Metric
from ganbench.plugins import completed
from ganbench.truncation import Truncation, split

# Of parts of a name that are none, by how they begin.
ADVICE = {
    "class": "for one class leave out the number, and add --class.",
    "psi": "write psi as a number, such as _psi0.7.",
    "cut": "write a cutoff after psi, such as _psi0.7_cut8.",
}


def resolve(name: str, *, short_names: Mapping[str, str] | None = None, limit: int | None = None) -> Metric:
    """Return the metric of a name.

    Args:
        name: a registered name, one with another count, ``name@count``, or a short name; each may end in ``_psi0.7`` or
            ``_psi0.7_cut8`` (see ``ganbench.truncation``).
        short_names: short names of the benchmark in use, such as ``{"ppl": "ppl2_wend"}``.
        limit: largest sample count; a metric with more is reduced to it and renamed.

    Raises:
        UnknownNameError: there is no such metric; the message suggests the nearest names.
        BadInputError: the count is out of range, or the metric cannot be truncated.
    """
    short = short_names or {}
    name, asked = split(name)
    name, meant = split(short.get(name, name))
    try:
        metric = _of_name(name, short)
    except GanbenchError as error:
        raise _advised(name, short) or error from None
    truncation = asked or meant or Truncation()
    return limited(metric, limit).with_(psi=truncation.psi, cutoff=truncation.cutoff)


def limited(metric: Metric, limit: int | None) -> Metric:
    """Return the metric with at most ``limit`` samples, renamed if it had more; None for no limit."""
    if limit is None:
        return metric
    return metric.with_(count=limit if metric.count is None else min(limit, metric.count))


def _of_name(name: str, short: Mapping[str, str]) -> Metric:
    standard = registry.names("metrics")
    if name in standard:
        return _registered(name)
    base, at, count = name.partition("@")
    if at:
        found = base if base in standard else _of_stem(base)
        if found or base in short:
            metric = _registered(found) if found else _of_name(short[base], {})
            return metric.with_(count=_count(name, count))
    match = COUNTED.fullmatch(name)
    found = _of_stem(countless(name)) if match else None
    if not (match and found):
        raise registry.unknown("metrics", name, (*standard, *short))
    return _registered(found).with_(count=_count(name, match["count"]), name=name)


def _advised(name: str, short: Mapping[str, str]) -> UnknownNameError | None:
    """Return the error for a metric's name with one part more, as in records; None for any other name."""
    stem, _, last = name.rpartition("_")
    try:
        _of_name(split(stem)[0], short)
    except GanbenchError:
        return None
    advice = next((told for kind, told in ADVICE.items() if last.startswith(kind)), "")
    if not advice and "@" not in name:  # the nearest names tell more
        return None
    return UnknownNameError(
        f"unknown metric {name[:80]!r}: {advice or f'did you mean {stem}, all numbers of which are shown?'}"
    )


def _count(name: str, text: str) -> int:
    try:
        return parse_count(text)
    except BadInputError as error:
        raise BadInputError(f"{name[:80]}: {error}") from error


def _registered(name: str) -> Metric:
    metric: Metric = completed(registry.load("metrics", name), BaseMetric)  # type: ignore[assignment]  # a metric's base
    return metric


def _of_stem(stem: str) -> str | None:
    return next((name for name in registry.names("metrics") if countless(name) == stem), None)
