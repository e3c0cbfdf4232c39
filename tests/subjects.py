"""Plans over the third-party package, for the tests of the engine."""

from collections.abc import Sequence
from typing import Any

import toygan

from ganbench.engine.plan import Plan
from ganbench.metrics import Metric, resolve
from ganbench.types import Subject


def waves(model: Any = None) -> Subject:
    """Return the toy generator as the subject of a run."""
    return Subject("waves", model or toygan.adapter.load(None, "cpu"), "none", "0" * 64, benchmark="toy")


def metric(name: str, **changes: Any) -> Metric:
    """Return a metric by name, with the toy extractor."""
    import dataclasses

    found: Any = resolve(name)
    if hasattr(found, "extractor"):
        changes = {"extractor": "pool", **changes}
    fitted: Metric = dataclasses.replace(found, **changes)
    return fitted


def plan(names: Sequence[str], model: Any = None, *, seed: int = 0, data: Any = toygan.Stripes()) -> Plan:  # noqa: B008 - immutable
    """Return the plan of metrics by name on the toy parts."""
    return Plan.build(waves(model), [metric(name) for name in names], data=data, seed=seed)
