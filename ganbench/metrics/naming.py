"""Metrics by name: ``fid50k``, any sample count (``fid10k``, ``ppl2_wend@5k``), truncation, short names.

``stem + count + rest`` is the standard metric of that stem and rest with another count; ``name@count`` works for any
metric. ``--limit`` renames: ``fid50k`` at 500 is ``fid@500``. ``_psi0.7`` at the end truncates. Metrics of translations
count source images per domain: ``fid_latent@5`` translates the first five of each.
"""

from collections.abc import Mapping

from ganbench import registry
from ganbench.counts import COUNTED, countless, parse_count
from ganbench.errors import BadInputError
from ganbench.metrics.base import BaseMetric, Metric
from ganbench.plugins import completed
from ganbench.truncation import Truncation, split


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
    name, asked = split(name)
    name, meant = split((short_names or {}).get(name, name))
    metric = _of_name(name, short_names or {})
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
