"""Metrics of training snapshots: planned before the first step, and unable to stop the training."""

import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganbench import registry
from ganbench.printable import one_line

if TYPE_CHECKING:
    from ganbench.engine.planning import PlannedRun
    from ganbench.engine.ranks import Task
    from ganbench.engine.shards import Worker
    from ganbench.types import Adapter, Dataset, Recipe

LARGEST = 1e300  # no number is larger
METRICS, BEST, BEST_WEIGHTS = "metrics.jsonl", "best.json", "best.safetensors"


class SnapshotMetrics:
    """Measures every snapshot, on the device of the training: returns a line to show, and keeps the numbers.

    The numbers go to ``metrics.jsonl``, the best snapshot for each of them to ``best.json``, and the weights of the
    best for the first of them to ``best.safetensors``. Of several processes the first does all that; in the body of
    ``beside`` the others compute their shares of the samples.

    Attributes:
        adapter: of the model.
        metrics: names; empty to measure nothing.
        data: the reals.
        benchmark: the measuring protocol.
        run_dir: the run folder.
        device: where to measure.
    """

    def __init__(
        self,
        adapter: "Adapter",
        metrics: Sequence[str],
        data: "Dataset",
        benchmark: str,
        run_dir: Path,
        device: str = "cpu",
    ) -> None:
        self.adapter, self.metrics, self.data, self.benchmark = adapter, metrics, data, benchmark
        self.run_dir, self.device = run_dir, device
        self.shares = False  # whether the other processes wait for their shares

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
        better: Mapping[str, bool] = {}
        try:
            model = tick.get("model") or self.adapter.load(Path(tick["weights"]), self.device)
            numbers, better, failed = self._measured(model, tick["weights"])
        except Exception as error:  # no error of a metric may end days of training
            numbers, failed = {}, {", ".join(self.metrics): f"{type(error).__name__}: {error}"}
        self._note({"kimg": tick["kimg"], **numbers, **({"missing": failed} if failed else {})})
        if better:
            self._name_best(better, Path(tick["weights"]), tick["kimg"])
        found = [f"{name} {value:.5g}" for name, value in numbers.items()]
        missing = [f"{name} could not be measured ({one_line(why)})" for name, why in failed.items()]
        return f"kimg {tick['kimg']:.1f}  " + "  ".join([*found, *missing])

    def catch_up(self) -> str:
        """Measure the newest weights of a run that was stopped before it had; return a line to show, or "".

        Raises:
            TrainingError: another process is using the run folder.
        """
        from baselines.training.files import locked
        from baselines.training.kept import KEPT
        from baselines.training.weights import read_header

        paths = [path for path in self.run_dir.glob("*.safetensors") if KEPT.fullmatch(path.name)]
        paths = sorted((path for path in paths if not path.name.startswith("snapshot-")), key=lambda path: path.stem)
        if not self.metrics or not paths:
            return ""
        try:
            kimg = read_header(paths[-1]).get("kimg")
        except ValueError:  # damaged; the run itself goes on from its full state
            return ""
        if kimg is None or any(entry.get("kimg") == kimg for entry in entries_of(self.run_dir)):
            return ""
        with locked(self.run_dir):
            return self({"kimg": kimg, "weights": paths[-1]})

    @contextmanager
    def beside(self, model: Any = None) -> Iterator[None]:
        """Share the work of the first process in the body among all; in the others it is done when the body begins.

        Args:
            model: this process's; None to load the weights that the first process measures.
        """
        from baselines.ops import processes
        from ganbench.engine.modes import measuring
        from ganbench.engine.ranks import shared, threads_of_rank
        from ganbench.engine.shards import Worker

        def worker(task: "Task", held: ExitStack) -> "Worker":
            weights = Path(task.given.weights or "")
            planned = self._planned(self.adapter.load(weights, self.device) if model is None else model, weights)
            held.enter_context(measuring(planned.plan))
            return Worker(planned.plan.context, planned.batch_size, threads_of_rank())

        if not self.metrics or processes.count() == 1:
            yield
            return
        self.shares = True
        try:
            with shared(worker):
                yield
        finally:
            self.shares = False

    def best(self) -> list[str]:
        """Return a line for each metric on its best snapshot."""
        return [
            f"best {name}: {each['value']:.5g} at kimg {each['kimg']:g} ({each['weights']})"
            for name, each in best_of(self.run_dir).items()
        ]

    def _planned(self, model: Any, weights: Path) -> "PlannedRun":
        """Return the plan for a model, which is the same in every process; the others are asked by its ``given``."""
        from ganbench.engine.measure import planned_in_memory
        from ganbench.engine.modes import networks_in
        from ganbench.engine.options import Options
        from ganbench.models.digest import digest_of

        # All processes tell by it that they have the same weights.
        sha256 = "".join(digest_of("snapshot", network) for network in networks_in(model)) if self.shares else None
        given = {"data": self.data, "benchmark": self.benchmark, "device": self.device}
        planned = planned_in_memory(model, self.metrics, sha256, **given)
        return replace(planned, given=Options(weights=str(weights)))  # the data set is in every process

    def _measured(self, model: Any, weights: Path) -> tuple[dict[str, float], dict[str, bool], dict[str, str]]:
        """Return the numbers and whether higher ones are better by column name, and reasons of failures by metric."""
        from ganbench.engine.cache import Cache
        from ganbench.engine.results import measured
        from ganbench.engine.run import Silence, fill

        planned = self._planned(model, weights)
        with tempfile.TemporaryDirectory() as folder:
            cache, asked = Cache(Path(folder)), planned if self.shares else None
            filled, failures, _ = fill(planned.plan, planned.batch_size, cache, Silence(), asked)
            outcome = measured(planned.plan, filled, failures)
        better = {result.key: result.higher_is_better for result in outcome.results}
        numbers = {result.key: result.value for result in outcome.results}
        return numbers, {key: up for key, up in better.items() if up is not None}, dict(outcome.failed)

    def _note(self, entry: Mapping[str, Any]) -> None:
        from baselines.training import log

        log.mend(self.run_dir / METRICS)
        log.append(self.run_dir / METRICS, entry)

    def _name_best(self, better: Mapping[str, bool], newest: Path, now: float) -> None:
        """Write which snapshots are the best so far, and link the weights of the best for the first metric.

        Args:
            better: column name -> whether higher numbers are better.
            newest: the weights that were just measured.
            now: their kimg.
        """
        from baselines.training.files import link_atomically, write_atomically
        from baselines.training.kept import KEPT, path_of

        named = KEPT.fullmatch(newest.name)  # those of a run that was stopped are not MODEL.safetensors
        model = named["model"] if named else newest.stem
        entries = {entry["kimg"]: entry for entry in entries_of(self.run_dir) if _is_number(entry.get("kimg"))}
        found: dict[str, dict[str, Any]] = {}
        for name, higher in better.items():
            known = [(kimg, entry[name]) for kimg, entry in entries.items() if _is_number(entry.get(name))]
            if known:
                kimg, value = (max if higher else min)(known, key=lambda pair: pair[1])
                kept = path_of(self.run_dir, model, kimg)
                # Another adapter may keep one file; and --keep deletes weights, but not their link as the best.
                weights = kept if kept.exists() else newest if kimg == now else self.run_dir / BEST_WEIGHTS
                found[name] = {"value": value, "kimg": kimg, "weights": weights.name, "higher_is_better": higher}
        write_atomically(self.run_dir / BEST, json.dumps(found, indent=1).encode())
        weights = self.run_dir / next((each["weights"] for each in found.values()), BEST_WEIGHTS)
        if weights.exists():
            link_atomically(weights, self.run_dir / BEST_WEIGHTS)


def entries_of(run_dir: Path) -> list[dict[str, Any]]:
    """Return the numbers of a run's snapshots, in the order in which they were measured."""
    from baselines.training import log

    return log.read(run_dir / METRICS)


def best_of(run_dir: Path) -> dict[str, dict[str, Any]]:
    """Return the best snapshots by metric: ``value``, ``kimg`` and the file name of the ``weights``.

    Entries that are not so are left out: a finished run does not depend on the file.
    """
    try:
        found = json.loads((run_dir / BEST).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return {name: each for name, each in found.items() if _is_best(each)} if isinstance(found, dict) else {}


def _is_best(entry: Any) -> bool:
    numbers = isinstance(entry, dict) and all(_is_number(entry.get(name)) for name in ("value", "kimg"))
    return numbers and isinstance(entry.get("weights"), str)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < LARGEST  # NaN is not
