"""Metrics of training snapshots: planned before the first step, and unable to stop the training."""

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganbench import registry
from ganbench.printable import one_line

if TYPE_CHECKING:
    from ganbench.types import Adapter, Dataset, Recipe


class SnapshotMetrics:
    """Measures every snapshot: returns a line to show, and appends one to ``metrics.jsonl``.

    Attributes:
        adapter: of the model.
        metrics: names; empty to measure nothing.
        data: the reals.
        benchmark: the measuring protocol.
        log: the file of numbers.
    """

    def __init__(self, adapter: "Adapter", metrics: Sequence[str], data: "Dataset", benchmark: str, log: Path) -> None:
        self.adapter, self.metrics, self.data, self.benchmark, self.log = adapter, metrics, data, benchmark, log

    def check(self, recipe: "Recipe") -> None:
        """Plan the metrics with the untrained model.

        If the adapter cannot build it, the embedded weights take its place; without those, only the names are checked.

        Raises:
            PlanError: listing everything that keeps the metrics from being measured.
            GanbenchError: the model cannot be trained with these settings and data.
        """
        if not self.metrics:
            return
        from ganbench.engine.measure import planned_in_memory
        from ganbench.metrics import resolve

        model = self.adapter.untrained(self.data, recipe)
        if model is None and self.adapter.embedded is not None:
            model = self.adapter.load(None, "cpu")
        if model is None:
            short = registry.load("benchmarks", self.benchmark).short_names
            for name in self.metrics:
                resolve(name, short_names=short)
            return
        planned_in_memory(model, self.metrics, data=self.data, benchmark=self.benchmark)

    def __call__(self, tick: Mapping[str, Any]) -> str:
        """Return a line with the numbers of the weights that a tick wrote, and failures; "" if it wrote none."""
        if not self.metrics or not tick.get("weights"):
            return ""
        try:
            numbers, failed = self._measured(Path(tick["weights"]))
        except Exception as error:  # no error of a metric may end days of training
            numbers, failed = {}, {", ".join(self.metrics): f"{type(error).__name__}: {error}"}
        self._note({"kimg": tick["kimg"], **numbers, **({"missing": failed} if failed else {})})
        found = [f"{name} {value:.5g}" for name, value in numbers.items()]
        missing = [f"{name} could not be measured ({one_line(why)})" for name, why in failed.items()]
        return f"kimg {tick['kimg']:.1f}  " + "  ".join([*found, *missing])

    def _measured(self, weights: Path) -> tuple[dict[str, float], dict[str, str]]:
        """Return the numbers by column name, and the reasons of failures by metric."""
        from ganbench.engine.cache import Cache
        from ganbench.engine.measure import planned_in_memory
        from ganbench.engine.results import measured
        from ganbench.engine.run import Silence, fill

        model = self.adapter.load(weights, "cpu")
        planned = planned_in_memory(model, self.metrics, data=self.data, benchmark=self.benchmark)
        with tempfile.TemporaryDirectory() as folder:
            filled, failures, _ = fill(planned.plan, planned.batch_size, Cache(Path(folder)), Silence())
            outcome = measured(planned.plan, filled, failures)
        return {result.key: result.value for result in outcome.results}, dict(outcome.failed)

    def _note(self, entry: Mapping[str, Any]) -> None:
        from baselines.training import log

        log.mend(self.log)
        log.append(self.log, entry)
