"""Plans over the third-party package, for the tests of the engine."""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import toygan

from ganbench.engine.cache import Cache
from ganbench.engine.plan import Plan
from ganbench.engine.results import numbers_of
from ganbench.engine.run import Silence, fill
from ganbench.metrics import Metric, Number, resolve
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
    filled, failures, _ = fill(plan, batch_size, Cache(cache), Silence())
    values: dict[str, float] = {}
    for one in plan.metrics:
        values |= {key: number.value for key, number in numbers_of(one, plan, filled, failures).items()}
    return values


def flat(numbers: Mapping[str, Number]) -> dict[str, float]:
    """Return a metric's numbers by column name, and those of their parts as ``name/0->1``."""
    found = {key: number.value for key, number in numbers.items()}
    parts = ((key, part, value) for key, number in numbers.items() for part, value in number.parts.items())
    return found | {f"{key}/{'->'.join(map(str, part))}": value for key, part, value in parts}
