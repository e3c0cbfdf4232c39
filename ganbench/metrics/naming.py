"""Names of metrics to metrics: ``fid50k``, any sample count (``fid10k``, ``ppl2_wend@5k``), truncation, short names.

``stem + count + rest`` names the standard metric of that stem and rest with another count; ``name@count`` does so
for any metric. A run with ``--limit`` renames: ``fid50k`` at 500 is ``fid@500``. ``_psi0.7`` at the end truncates.
Metrics of translations count source images a domain: ``fid_latent@5`` translates the first five of each.
"""

import dataclasses
import re
from collections.abc import Mapping
from typing import Any

from ganbench import registry
from ganbench.counts import parse_count, show_count
from ganbench.metrics.base import Metric
from ganbench.metrics.truncated import truncated
from ganbench.truncation import Truncation, split

# Thousands only: fid50 would rather be a slip for fid50k than a wish for fifty samples, which is fid@50.
_COUNTED = re.compile(r"(?P<stem>[a-z]+)(?P<count>\d+k)(?P<rest>\w*)")


def countless(name: str) -> str:
    """Return a metric's name without its count: ``fid50k_full`` is ``fid_full``, ``pr50k3`` is ``pr3``."""
    match = _COUNTED.fullmatch(name)
    return match["stem"] + match["rest"] if match else name.partition("@")[0]


def with_count(metric: Any, count: int) -> Metric:
    """Return the metric at another sample count, renamed ``stem@count``; the same metric at its own count."""
    if count == metric.count:
        return metric  # type: ignore[no-any-return]  # any frozen metric
    renamed: Metric = dataclasses.replace(metric, name=f"{countless(metric.name)}@{show_count(count)}", count=count)
    return renamed


def resolve(name: str, *, short_names: Mapping[str, str] | None = None, limit: int | None = None) -> Metric:
    """Return the metric of a name.

    Args:
        name: a registered name, one with another count, ``name@count``, or a short name; each may end in ``_psi0.7`` or
            ``_psi0.7_cut8`` (see ``ganbench.truncation``).
        short_names: of the benchmark in use, such as ``{"ppl": "ppl2_wend"}``.
        limit: largest sample count; a metric that wants more is cut to it and renamed.

    Raises:
        UnknownNameError: nothing of that name; suggests the nearest.
        BadInputError: a count that is none, or a metric that cannot be truncated.
    """
    name, asked = split(name)
    name, meant = split((short_names or {}).get(name, name))
    metric = _resolve(name, short_names or {})
    if limit is not None:
        metric = with_count(metric, limit if metric.count is None else min(limit, metric.count))
    return truncated(metric, asked or meant or Truncation())


def _resolve(name: str, short: Mapping[str, str]) -> Metric:
    standard = registry.names("metrics")
    if name in standard:
        metric: Metric = registry.load("metrics", name)
        return metric
    base, at, count = name.partition("@")
    if at:
        found = base if base in standard else _of_stem(base)
        if found or base in short:
            metric = registry.load("metrics", found) if found else _resolve(short[base], {})
            return with_count(metric, parse_count(count))
    match = _COUNTED.fullmatch(name)
    found = _of_stem(countless(name)) if match else None
    if not (match and found):
        raise registry.unknown("metrics", name, (*standard, *short))
    counted: Metric = dataclasses.replace(registry.load("metrics", found), name=name, count=parse_count(match["count"]))
    return counted


def _of_stem(stem: str) -> str | None:
    return next((name for name in registry.names("metrics") if countless(name) == stem), None)
