"""A run from options to record: plan, compute the shards, merge them, compute the metrics, write."""

import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from baselines.ops import processes
from ganbench.engine.cache import Cache
from ganbench.engine.cache_usage import max_bytes, trim
from ganbench.engine.intervals import StoredGroups
from ganbench.engine.kept_intervals import with_kept_intervals
from ganbench.engine.modes import measuring, own_modes
from ganbench.engine.options import Options, names
from ganbench.engine.plan import Pass, Plan, Query, answered, extractors_of, stored_reals
from ganbench.engine.planning import PlannedRun, each_snapshot, plan_all
from ganbench.engine.ranks import share, shared, threads_of_rank
from ganbench.engine.results import Numbers, Outcome, measured, reason_of, warnings_of
from ganbench.engine.shards import Worker, collect, missing, tidy, tile_size, unfinished
from ganbench.engine.work import work
from ganbench.errors import BadInputError, CacheError, DataChangedError
from ganbench.inputs import Accumulator, Source
from ganbench.inputs.known import notes_on
from ganbench.launch import is_launched, launch
from ganbench.metrics import Metric
from ganbench.records.environment import describe, ganbench_version
from ganbench.records.record import SCHEMA, DataInfo, ModelInfo, RunRecord, new_id, utc_now
from ganbench.records.store import Store
from ganbench.types import Dataset, LoadedModel, NotedDataset

Filled = dict[tuple[Source, Query], Accumulator]
Failures = dict[tuple[Source, Query], Exception]


class Reporter(Protocol):
    """Receives the progress of a run."""

    def planned(self, planned: PlannedRun) -> None:
        """The plan is complete and about to run."""
        ...

    def begin(self, pass_: Pass, done: int) -> None:
        """A pass begins; ``done`` of its samples were finished before."""
        ...

    def advance(self, samples: int) -> None:
        """Some samples of the pass are finished."""
        ...

    def end(self, pass_: Pass) -> None:
        """The pass is finished."""
        ...

    def computing(self, metric: str) -> None:
        """A metric's interval is computed, which takes seconds for thousands of features."""
        ...

    def failed(self, metric: str, reason: str) -> None:
        """A metric could not be measured; the others still are."""
        ...


class Silence:
    """A reporter that prints nothing."""

    def planned(self, planned: PlannedRun) -> None:
        """Say nothing."""

    def begin(self, pass_: Pass, done: int) -> None:
        """Say nothing."""

    def advance(self, samples: int) -> None:
        """Say nothing."""

    def end(self, pass_: Pass) -> None:
        """Say nothing."""

    def computing(self, metric: str) -> None:
        """Say nothing."""

    def failed(self, metric: str, reason: str) -> None:
        """Say nothing."""


def run(
    models: str | Sequence[str],
    metrics: Any = (),
    *,
    results_dir: str | Path | None = None,
    reporter: Reporter | None = None,
    command: Sequence[str] = (),
    **options: Any,
) -> list[RunRecord]:
    """Return one record per model, each written to ``results_dir/records``; finished shards are never computed again.

    Where ``weights`` name several snapshots of a training run, by a folder or a pattern such as
    ``runs/x/network-snapshot-*``, there is a record for each, in the order of their kimg; one that cannot be read ends
    the run.

    A metric that fails during the run is listed under ``missing`` in the record, with the reason; the others are
    measured. Processes that ``torchrun`` started share the work: the first returns the records, the others an empty
    list.

    Args:
        models: names, such as ``["stylegan3"]``; or one, or several separated by commas.
        metrics: names, or metrics themselves; empty for the benchmark's.
        results_dir: None for ``$GANBENCH_RESULTS`` or ``./results``.
        reporter: receives the progress; not that of processes started by ``nproc``.
        command: stored in the record; ``sys.argv`` by default.
        options: see ``ganbench.engine.options.Options``: ``data``, ``benchmark``, ``seed``, ``limit`` and so on.

    Raises:
        BadInputError: no model, weights for several models, or an option that is unknown or out of range.
        PlanError: listing everything that keeps any of the models from running, before any work.
        GanbenchError: for anything that goes wrong during the run, in one sentence.
    """
    given = Options.of(metrics=metrics, **options)
    max_bytes()  # raises for a bad GANBENCH_CACHE_MAX before any work
    chosen = names(models, "models")
    if not chosen or (given.weights and len(chosen) > 1):
        raise BadInputError(
            f"expected one model for the weights {given.weights}, found {len(chosen)}: run them one by one."
            if given.weights
            else "expected at least one model, found none: name one, such as stylegan3."
        )
    command = command or sys.argv
    if given.nproc > 1 and not is_launched():
        return launch(_carried_out, (chosen, given, results_dir, command), given.nproc)
    return _carried_out(chosen, given, results_dir, command, reporter)


def _carried_out(
    models: Sequence[str],
    given: Options,
    results_dir: str | Path | None,
    command: Sequence[str],
    reporter: Reporter | None = None,
) -> list[RunRecord]:
    with shared() as first:
        if not first:
            return []
        with own_modes():
            planned = [each for one in each_snapshot(models, given) for each in plan_all(models, one)]
            return carry_out(planned, Store(results_dir), reporter or Silence(), command)


def carry_out(
    planned: Sequence[PlannedRun], store: Store, reporter: Reporter, command: Sequence[str]
) -> list[RunRecord]:
    """Return one record per planned run, each written to the store; arguments and errors are those of ``run``."""
    cache = Cache()
    store.check_writable()
    if any(unfinished(each.plan, each.batch_size, cache) for each in planned):  # a complete cache may be read-only
        cache.check_writable()
    records = [_run(each, store, cache, reporter, command) for each in planned]
    trim(cache.folder)
    return records


def _run(planned: PlannedRun, store: Store, cache: Cache, reporter: Reporter, command: Sequence[str]) -> RunRecord:
    started = time.perf_counter()
    reporter.planned(planned)
    filled, failures, seconds = fill(planned.plan, planned.batch_size, cache, reporter, planned)
    stored = StoredGroups(planned.plan, tile_size(planned.plan.context, planned.batch_size), cache)

    lost: list[str] = []

    def completed(metric: Metric, numbers: Numbers) -> Numbers:
        reporter.computing(metric.name)
        try:
            return with_kept_intervals(metric, planned.plan, numbers, filled, stored)
        except Exception as error:  # a third party's compute may refuse fewer samples, which costs its interval alone
            lost.append(f"{metric.name} has no interval: {reason_of(error)}")
            return numbers

    outcome = measured(planned.plan, filled, failures, completed)
    for metric, reason in outcome.failed.items():
        reporter.failed(metric, reason)
    seconds["total"] = time.perf_counter() - started
    record = record_of(planned, outcome, [*warnings_of(planned.plan, filled), *lost], seconds, command)
    store.write(record)
    return record


def fill(
    plan: Plan, batch_size: int, cache: Cache, reporter: Reporter, planned: PlannedRun | None = None
) -> tuple[Filled, Failures, dict[str, float]]:
    """Return every query's accumulator, the errors of queries that failed, and the seconds that each pass took.

    Args:
        plan: what to do.
        batch_size: samples in work at once.
        cache: of finished shards.
        reporter: receives the progress.
        planned: the run, which the other processes of a distributed one plan, too; None to use this process alone.
    """
    filled: Filled = answered(plan)
    failures: Failures = {}
    seconds: dict[str, float] = {}
    with measuring(plan), Worker(plan.context, batch_size, threads_of_rank()) as worker:
        for pass_ in plan.passes:
            started = time.perf_counter()
            left = sum(stop - start for (start, stop), _ in missing(pass_, plan.context, worker.tile, cache))
            reporter.begin(pass_, pass_.count - left)
            if left and planned and processes.count() > 1:
                share(planned, pass_, worker, cache, reporter.advance)
            found, failed = _answered(plan, pass_, worker, cache, reporter)
            filled |= {(pass_.source, query): accumulator for query, accumulator in found.items()}
            failures |= {(pass_.source, query): error for query, error in failed.items()}
            reporter.end(pass_)
            seconds[pass_.source.name] = time.perf_counter() - started
    return filled, failures, seconds


def _answered(
    plan: Plan, pass_: Pass, worker: Worker, cache: Cache, reporter: Reporter
) -> tuple[dict[Query, Accumulator], dict[Query, Exception]]:
    """Return the accumulators of a pass, and the errors of the queries that have none.

    If the pass fails as a whole, each query is tried alone, so that one metric's bad view does not fail the others.
    """
    try:
        return _collected(plan, pass_, worker, cache, reporter), {}
    except (CacheError, DataChangedError):
        raise
    except Exception as error:  # whatever a third party's model, view or extractor raises
        if len(pass_.queries) == 1:
            return {}, {pass_.queries[0]: error}
    found: dict[Query, Accumulator] = {}
    failed: dict[Query, Exception] = {}
    for query in pass_.queries:
        one, lost = _answered(plan, Pass(pass_.source, (query,)), worker, cache, reporter)
        found, failed = found | one, failed | lost
    return found, failed


def _collected(plan: Plan, pass_: Pass, worker: Worker, cache: Cache, reporter: Reporter) -> dict[Query, Accumulator]:
    work(plan, worker, cache, pass_, reporter.advance)
    found = {query: collect(pass_, query, worker, cache, reporter.advance) for query in pass_.queries}
    tidy(pass_, worker, cache)
    return found


def record_of(
    planned: PlannedRun,
    outcome: Outcome,
    warnings: Sequence[str],
    seconds: Mapping[str, float],
    command: Sequence[str],
) -> RunRecord:
    """Return the record of a planned run with some outcome, not yet written."""
    options, loaded, data = planned.options, planned.plan.loaded, planned.plan.context.data
    return RunRecord(
        schema=SCHEMA,
        id=new_id(),
        created=utc_now(),
        ganbench=ganbench_version(),
        # `python -m ganbench` and the script of that name are one command.
        command=[Path(command[0]).name.replace("__main__.py", "ganbench"), *command[1:]],
        model=_model_info(loaded),
        data=_of_statistics(planned.plan) if data is None else _of_images(data, planned.plan),
        benchmark=planned.benchmark.name,
        seed=options.seed,
        batch_size=planned.batch_size,
        device=options.device,
        limit=options.limit,
        results=outcome.results,
        environment=describe(),
        seconds={name: round(value, 3) for name, value in seconds.items()},
        missing={**planned.plan.missing, **outcome.failed},
        options={"given": planned.given.as_json(), "resolved": _resolved(planned)},
        warnings=list(warnings),
        benchmark_data=planned.benchmark.data,
    )


def _model_info(loaded: LoadedModel) -> ModelInfo:
    info: ModelInfo = {
        "name": loaded.name,
        "weights": loaded.weights,
        "sha256": loaded.sha256,
        "embedded": loaded.embedded is not None,
    }
    if loaded.provenance:
        info["provenance"] = dict(loaded.provenance)
    if loaded.kimg is not None:
        info["kimg"] = loaded.kimg
    return info


def _of_statistics(plan: Plan) -> DataInfo | None:
    """Return what the record says of the reals if statistics take their place; None if there are no reals."""
    known = plan.context.statistics
    if known is None:
        return None
    # A file of statistics may not say how many images there were.
    info: DataInfo = {"name": known.name, "fingerprint": known.fingerprint, "count": known.known_total or 0}
    return _with_statistics(info, plan, ())


def _of_images(data: Dataset, plan: Plan) -> DataInfo:
    info: DataInfo = {"name": data.name, "fingerprint": data.fingerprint, "count": len(data)}
    return _with_statistics(info, plan, data.notes if isinstance(data, NotedDataset) else ())


def _with_statistics(info: DataInfo, plan: Plan, notes: tuple[str, ...]) -> DataInfo:
    """Return what the record says of the reals, with the statistics that stand for them and all notes."""
    known = stored_reals(plan)
    if known is not None:
        info["statistics"] = {"file": known.file, "count": known.count or 0}
        extractors = dict.fromkeys(name for metric in plan.metrics for name in extractors_of(metric))
        notes = (*notes_on(known, ", ".join(extractors)), *notes)
    if notes:
        info["notes"] = list(notes)
    return info


def _resolved(planned: PlannedRun) -> dict[str, Any]:
    """Return the options as used, with the metrics and the benchmark's version."""
    metrics = [metric.name for metric in planned.plan.metrics]
    benchmark = {"benchmark": planned.benchmark.name, "benchmark_version": planned.benchmark.version}
    return {**planned.options.as_json(), "metrics": metrics, **benchmark}
