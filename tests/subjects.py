"""Plans over the third-party package, for the tests of the engine."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import toygan

from ganbench.engine.cache import Cache
from ganbench.engine.plan import Plan
from ganbench.engine.run import Silence, compute, fill
from ganbench.metrics import Metric, resolve
from ganbench.types import LoadedModel


def waves(model: Any = None) -> LoadedModel:
    """Return the toy generator as the subject of a run."""
    return LoadedModel("waves", model or toygan.adapter.load(None, "cpu"), "none", "0" * 64, benchmark="toy")


def metric(name: str, **changes: Any) -> Metric:
    """Return a metric by name, with the toy extractor."""
    found: Any = resolve(name)
    if hasattr(found, "extractor"):
        changes = {"extractor": "pool", **changes}
    fitted: Metric = dataclasses.replace(found, **changes)
    return fitted


def plan(names: Sequence[str], model: Any = None, *, seed: int = 0, data: Any = toygan.Stripes()) -> Plan:  # noqa: B008 - immutable
    """Return the plan of metrics by name on the toy parts."""
    return Plan.build(waves(model), [metric(name) for name in names], data=data, seed=seed)


def measure(plan: Plan, cache: Path, batch_size: int = 64) -> dict[str, float]:
    """Return every number of a plan."""
    filled, _ = fill(plan, batch_size, Cache(cache), Silence())
    values: dict[str, float] = {}
    for one in plan.metrics:
        values |= compute(one, plan, filled)
    return values
