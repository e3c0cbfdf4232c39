"""A run from request to record: plan, work off the shards, merge them, compute, write."""

import dataclasses
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from ganbench.engine.cache import Cache
from ganbench.engine.distributed import work_in_processes
from ganbench.engine.plan import Pass, Plan, Tap
from ganbench.engine.request import Prepared, Request, prepare
from ganbench.engine.shards import Worker, collect, exact_float32, missing, work
from ganbench.errors import BadInputError, GanbenchError, PlanError
from ganbench.inputs import Accumulator, RealPairs, Reals, Source, Translations
from ganbench.metrics import Metric
from ganbench.metrics.pairs import Number, folded
from ganbench.records.environment import describe, ganbench_version
from ganbench.records.record import SCHEMA, Result, RunRecord, new_id, utc_now
from ganbench.records.store import Store


class Reporter(Protocol):
    """Who is told how far a run is."""

    def planned(self, prepared: Prepared) -> None:
        """The plan stands and is about to run."""
        ...

    def begin(self, one: Pass, done: int) -> None:
        """A pass begins; ``done`` of its samples were finished before."""
        ...

    def advance(self, samples: int) -> None:
        """Some samples of the pass are finished."""
        ...

    def end(self, one: Pass) -> None:
        """The pass is finished."""
        ...


class Silence:
    """A reporter that says nothing."""

    def planned(self, prepared: Prepared) -> None:
        """Say nothing."""

    def begin(self, one: Pass, done: int) -> None:
        """Say nothing."""

    def advance(self, samples: int) -> None:
        """Say nothing."""

    def end(self, one: Pass) -> None:
        """Say nothing."""


def run(
    models: str | Sequence[str],
    metrics: str | Sequence[str] = (),
    *,
    weights: str | Path | None = None,
    data: str | None = None,
    benchmark: str | None = None,
    seed: int = 0,
    batch_size: int | None = None,
    device: str = "auto",
    limit: int | None = None,
    double: bool = False,
    allow_missing: bool = False,
    attributes: str | Path | None = None,
    nproc: int = 1,
    results_dir: str | Path | None = None,
    reporter: Reporter | None = None,
    command: Sequence[str] = (),
) -> list[RunRecord]:
    """Return one record a model, each written to ``results_dir/records``; finished shards are never computed again.

    Args:
        models: names, such as ``["stylegan3"]``; or one, or several separated by commas.
        metrics: names; none for the benchmark's own.
        weights: path of a checkpoint; only with one model.
        data: name or path of the reals.
        benchmark: name; None for each model's own.
        seed: of all random streams, 0..2**63-1.
        batch_size: samples in work at once.
        device: ``auto``, ``cpu``, ``cuda`` or ``cuda:N``.
        limit: largest sample count of any metric.
        double: path lengths and equivariance in float64.
        allow_missing: leave out metrics that a model cannot have, as long as one is left.
        attributes: file of attribute classifiers for linear separability; None for the benchmark's.
        nproc: processes; on GPUs, rank r takes GPU r.
        results_dir: None for ``$GANBENCH_RESULTS`` or ``./results``.
        reporter: is told how far the run is.
        command: what is written into the record as the command.

    Raises:
        BadInputError: no model, no process, or weights for several models.
        PlanError: with everything that keeps any of the models from running, before any work.
        GanbenchError: what went wrong on the way, in one sentence.
    """
    models, metrics = _several(models), _several(metrics)
    if not models or (weights and len(models) > 1) or nproc < 1:
        raise BadInputError(
            f"{len(models)} models, weights {weights} and {nproc} processes do not go together: give at least one "
            "model and one process, and weights only with one model."
        )
    store, cache, reporter = Store(results_dir), Cache(), reporter or Silence()
    requests = [
        Request(name, str(weights) if weights else None, tuple(metrics), data, benchmark, seed, batch_size, device,
                limit, double, allow_missing, str(attributes) if attributes else None)
        for name in models
    ]  # fmt: skip
    prepared = prepare_all(requests)
    store.check_writable()
    cache.check_writable()
    return [_run(one, store, cache, reporter, nproc, command or sys.argv) for one in prepared]


def _several(names: str | Sequence[str]) -> Sequence[str]:
    """Return names from a sequence, or from a string as the command line takes them: ``fid,ppl``."""
    return tuple(name.strip() for name in names.split(",")) if isinstance(names, str) else names


def prepare_all(requests: Sequence[Request]) -> list[Prepared]:
    """Return every request made ready, or raise one ``PlanError`` with the problems of all."""
    prepared: list[Prepared] = []
    problems: list[str] = []
    for request in requests:
        try:
            prepared.append(prepare(request))
        except PlanError as error:
            problems += error.problems
        except GanbenchError as error:
            problems.append(str(error))
    if problems:
        raise PlanError(tuple(dict.fromkeys(problems)))
    return prepared


def _run(
    prepared: Prepared, store: Store, cache: Cache, reporter: Reporter, nproc: int, command: Sequence[str]
) -> RunRecord:
    started = time.perf_counter()
    reporter.planned(prepared)
    request, plan = prepared.request, prepared.plan
    assert request.batch_size is not None
    filled, seconds = fill(plan, request.batch_size, cache, reporter, request, nproc)
    results = tuple(result for metric in plan.metrics for result in _results(metric, plan, filled))
    seconds["total"] = time.perf_counter() - started
    record = _record(prepared, results, {k: round(v, 3) for k, v in seconds.items()}, command)
    store.write(record)
    return record


Filled = Mapping[tuple[Source, Tap], Accumulator]


def fill(
    plan: Plan, batch_size: int, cache: Cache, reporter: Reporter, request: Request | None = None, nproc: int = 1
) -> tuple[Filled, dict[str, float]]:
    """Return every tap's accumulator, and the seconds that each pass took.

    Args:
        plan: what to do.
        batch_size: samples in work at once.
        cache: of finished shards.
        reporter: is told how far it is.
        request: from which other processes can make the same plan; needed for more than one.
        nproc: processes.
    """
    filled: dict[tuple[Source, Tap], Accumulator] = {}
    seconds: dict[str, float] = {}
    with exact_float32(), Worker(plan.setting, batch_size) as worker:
        for one in plan.passes:
            started = time.perf_counter()
            left = sum(stop - start for (start, stop), _ in missing(one, plan.setting, worker.tile, cache))
            reporter.begin(one, one.count - left)
            if request and nproc > 1 and left:
                work_in_processes(request, one, plan.setting, worker.tile, cache, reporter.advance, nproc)
            work(plan, worker, cache, one, reporter.advance)
            for tap in one.taps:
                filled[one.source, tap] = collect(one, tap, worker, cache, reporter.advance)
            reporter.end(one)
            seconds[one.source.name] = time.perf_counter() - started
    return filled, seconds


def compute(metric: Metric, plan: Plan, filled: Filled) -> dict[str, float]:
    """Return a metric's numbers by column name, from the filled accumulators of its plan."""
    return {key: number.value for key, number in _numbers(metric, plan, filled).items()}


def _numbers(metric: Metric, plan: Plan, filled: Filled) -> dict[str, Number]:
    numbers = metric.compute(**{key: filled[where] for key, where in plan.taps(metric).items()})
    return folded(numbers, getattr(plan.setting.data, "domains", ()))


def _results(metric: Metric, plan: Plan, filled: Filled) -> list[Result]:
    name = getattr(metric, "extractor", None)
    # A conditional model takes its labels from the data.
    conditional = bool(getattr(plan.subject.model, "c_dim", 0))
    sources = [need.source for need in metric.inputs().values()]
    uses_data = conditional or any(isinstance(source, Reals | RealPairs | Translations) for source in sources)
    return [
        Result(
            metric=metric.name,
            key=key,
            value=number.value,
            # The spread of an inception score is neither good nor bad.
            higher_is_better=None if key.endswith("_std") else metric.higher_is_better,
            count=_generated(metric, plan),
            extractor=plan.setting.extractors[name].name if name else None,  # of a file, it leaves out the folder
            extractor_sha256=plan.setting.extractors[name].sha256 if name else None,
            spec={"class": f"{type(metric).__module__}:{type(metric).__qualname__}", **_spec(metric)},
            version=metric.version,
            unit=metric.unit,
            uses_data=uses_data,
            parts=number.parts,
        )
        for key, number in _numbers(metric, plan, filled).items()
    ]


def _generated(metric: Metric, plan: Plan) -> int | None:
    """Return how many generated images a metric's numbers rest on."""
    taps = plan.taps(metric).values()
    translated = [tap.count * source.weight for source, tap in taps if isinstance(source, Translations)]
    return max(translated) if translated else metric.count


def _spec(metric: Any) -> dict[str, Any]:
    """Return the parameters that make the number what it is; the name and the extractor stand elsewhere.

    No truncation is not mentioned, so that a metric compares with those that know of none.
    """
    left_out = {"name", "count", "extractor"}
    if getattr(metric, "truncation_psi", 1) == 1:
        left_out |= {"truncation_psi", "truncation_cutoff"}
    return {k: v for k, v in dataclasses.asdict(metric).items() if k not in left_out}


def _record(
    prepared: Prepared, results: tuple[Result, ...], seconds: Mapping[str, float], command: Sequence[str]
) -> RunRecord:
    request, subject, data = prepared.request, prepared.plan.subject, prepared.data
    assert request.batch_size is not None
    return RunRecord(
        schema=SCHEMA,
        id=new_id(),
        created=utc_now(),
        ganbench=ganbench_version(),
        # `python -m ganbench` and the script of that name are one command.
        command=[Path(command[0]).name.replace("__main__.py", "ganbench"), *command[1:]],
        model={
            "name": subject.name,
            "weights": subject.weights,
            "sha256": subject.sha256,
            "embedded": subject.embedded is not None,
        },
        data=None if data is None else {"name": data.name, "fingerprint": data.fingerprint, "count": len(data)},
        benchmark=prepared.benchmark.name,
        seed=request.seed,
        batch_size=request.batch_size,
        device=request.device,
        limit=request.limit,
        results=results,
        environment=describe(),
        seconds=dict(seconds),
        missing=dict(prepared.plan.missing),
        benchmark_data=prepared.benchmark.data,
    )
