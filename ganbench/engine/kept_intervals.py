"""Intervals in the cache, beside the shards that they rest on: one of thousands of features takes half a minute.

The number itself is computed anew each time and is part of the key, with the keys of all groups, so that intervals of
other samples, parameters or versions are never taken for these.
"""

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, is_dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from ganbench.engine.cache import content_of, key_of, spec_of
from ganbench.engine.intervals import StoredGroups, with_intervals
from ganbench.engine.plan import Plan
from ganbench.engine.results import Where
from ganbench.errors import CacheError
from ganbench.inputs import Accumulator
from ganbench.inputs.accumulators import State
from ganbench.metrics import Interval, Metric, Number
from ganbench.records.environment import package_version

VERSION = 2  # of the computation in ``intervals``; raised whenever equal groups would give another interval
PACKAGES = ("ganbench", "torch", "numpy", "scipy", "scikit-learn")  # another version may compute in another way


class Kept:
    """Errors, interval and bias of each number of a metric.

    Args:
        fields: of each ``Number``, by its column.
    """

    def __init__(self, fields: Mapping[str, Mapping[str, Any]]) -> None:
        self.fields = fields

    @classmethod
    def of(cls, numbers: Mapping[str, Number]) -> Self:
        """Return what is kept of numbers."""
        return cls(
            {
                key: {"errors": dict(each.errors), "bias": each.bias, "interval": each.interval}
                for key, each in numbers.items()
            }
        )

    def added_to(self, numbers: Mapping[str, Number]) -> dict[str, Number]:
        """Return the same numbers with what was kept."""
        return {key: replace(number, **self.fields[key]) for key, number in numbers.items()}

    def state(self) -> State:
        """Return the bytes of a JSON text, from which every float comes back as it was."""
        text = json.dumps(self.fields, default=asdict)
        return {"json": np.frombuffer(text.encode(), np.uint8)}

    @classmethod
    def from_state(cls, state: Mapping[str, NDArray[np.generic]]) -> Self:
        """Return the object of a state."""
        fields = json.loads(state["json"].tobytes())
        for each in fields.values():
            each["interval"] = each["interval"] and Interval(**each["interval"])
        return cls(fields)


def with_kept_intervals(
    metric: Metric, plan: Plan, numbers: Mapping[str, Number], filled: Mapping[Where, Accumulator], stored: StoredGroups
) -> dict[str, Number]:
    """Return what ``with_intervals`` does, from the cache or else computed and stored there; arguments are the same."""
    if (key := intervals_key(metric, plan, numbers, filled, stored)) is None:
        return with_intervals(metric, plan, numbers, filled, stored)
    if (kept := stored.cache.read(key, Kept)) is not None:
        return kept.added_to(numbers)
    completed, data = with_intervals(metric, plan, numbers, filled, stored), plan.context.data
    about = {"model": plan.context.name, "data": data.name if data else "", "view": f"interval of {metric.name}"}
    with suppress(CacheError):  # in a cache that is full or cannot be written to, only time is lost
        stored.cache.write(key, Kept.of(completed), about)
    return completed


def intervals_key(
    metric: Metric, plan: Plan, numbers: Mapping[str, Number], filled: Mapping[Where, Accumulator], stored: StoredGroups
) -> str | None:
    """Return the sha256 over all that a metric's intervals depend on; None where its parameters cannot be told."""
    if not is_dataclass(metric):
        return None
    inputs = {key: _identity(plan, where, filled, stored) for key, where in plan.queries(metric).items()}
    fields = {
        "intervals": VERSION,
        "packages": [package_version(name) for name in PACKAGES],
        "metric": [*spec_of(metric), metric.uncertainty, metric.replicates],
        "numbers": [[key, number.value, [*number.parts.values()]] for key, number in numbers.items()],
        "inputs": inputs,
    }
    try:
        return key_of(fields)
    except TypeError:  # a field of a third party's metric that JSON cannot hold
        return None


def _identity(plan: Plan, where: Where, filled: Mapping[Where, Accumulator], stored: StoredGroups) -> list[str]:
    """Return the keys of an input's groups; of statistics, which are in no pass, the sha256 of their content."""
    source, query = where
    if any(pass_.source == source and query in pass_.queries for pass_ in plan.passes):
        return stored.keys_of(where)
    return [content_of(filled[where].state())]
