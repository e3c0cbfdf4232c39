"""Several files of weights of one model, measured one after the other: they share the reals, and work is resumed."""

import dataclasses
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from ganbench.engine.cache_usage import max_bytes
from ganbench.engine.options import Options
from ganbench.engine.plan import extractors_of
from ganbench.engine.planning import PlannedRun, plan_run
from ganbench.engine.results import Outcome
from ganbench.engine.run import Reporter, Silence, carry_out, record_of
from ganbench.errors import BadInputError, CacheError, GanbenchError, PlanError
from ganbench.models.snapshots import TrainingSnapshot
from ganbench.records.fields import plain_json
from ganbench.records.record import RunRecord
from ganbench.records.store import Store, read

Failed = Callable[[Path, GanbenchError], None]
Definition = tuple[int, str | None, Any]  # of a metric: its version, the sha256 of its extractor, its parameters
SAME = ("ganbench", "data", "benchmark", "seed", "limit", "missing", "benchmark_data")  # of equal runs
NO_NUMBER = ("batch_size", "nproc", "weights")  # options that change none; the sha256 says which weights these are


def sweep(
    model: str,
    metrics: Any,
    snapshots: Sequence[TrainingSnapshot],
    failed: Failed,
    *,
    results_dir: str | Path | None = None,
    reporter: Reporter | None = None,
    command: Sequence[str] = (),
    **options: Any,
) -> Iterator[RunRecord]:
    """Yield the record of each snapshot; one that was measured in the same way before has its record already.

    Args:
        model: name, such as ``stylegan3``.
        metrics, results_dir, reporter, command, options: see ``ganbench.engine.run.run``.
        snapshots: files of weights; the reals are read once for all of them.
        failed: is told of each that cannot be measured; the others still are.

    Raises:
        PlanError: for what keeps the first from being planned and is no fault of its file.
        GanbenchError: options or folders cannot be used.
    """
    given, store = Options.of(metrics=metrics, **options), Store(results_dir)
    max_bytes()  # raises for a bad GANBENCH_CACHE_MAX before any work
    store.check_writable()
    known = list(_readable(store))
    planned_any = False
    for snapshot in snapshots:
        try:
            planned = _planned(model, given, snapshot)
            planned_any = True
            record = _measured(planned, known) or _carried_out(planned, store, reporter, command)
        except CacheError:
            raise
        except GanbenchError as error:
            if isinstance(error, PlanError) and not planned_any:  # about metrics or data, which all snapshots share
                raise
            failed(snapshot.path, error)
        else:
            yield record


def _planned(model: str, given: Options, snapshot: TrainingSnapshot) -> PlannedRun:
    snapshot.check()
    planned = plan_run(model, dataclasses.replace(given, weights=str(snapshot.path)))
    loaded = dataclasses.replace(planned.plan.loaded, kimg=snapshot.kimg)  # also of a foreign program
    return dataclasses.replace(planned, plan=dataclasses.replace(planned.plan, loaded=loaded))


def _carried_out(planned: PlannedRun, store: Store, reporter: Reporter | None, command: Sequence[str]) -> RunRecord:
    (record,) = carry_out([planned], store, reporter or Silence(), command or sys.argv)
    return record


def _readable(store: Store) -> Iterator[RunRecord]:
    for path in store.files():
        with suppress(BadInputError):  # which the verbs for records report
            yield read(path)


def _measured(planned: PlannedRun, known: Sequence[RunRecord]) -> RunRecord | None:
    """Return the record of a run that was like a planned one in all that its numbers depend on; None without one."""
    like = record_of(planned, Outcome(()), (), {}, ["ganbench"])
    asked = _of_planned(planned)
    return next((record for record in known if _alike(record, like) and _of_record(record) == asked), None)


def _alike(record: RunRecord, like: RunRecord) -> bool:
    same = all(getattr(record, name) == getattr(like, name) for name in SAME)  # fields of the class
    return same and _without_paths(record) == _without_paths(like)


def _without_paths(record: RunRecord) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the model and the options as used, without what changes no number."""
    model = {name: value for name, value in record.model.items() if name != "weights"}
    resolved = record.options.get("resolved", {})
    return model, {name: value for name, value in resolved.items() if name not in NO_NUMBER}


def _of_planned(planned: PlannedRun) -> dict[str, Definition]:
    """Return what the number of each planned metric depends on beside model, data and options."""
    opened = planned.plan.context.extractors
    found = {}
    for metric in planned.plan.metrics:
        extractor = next((opened[name].sha256 for name in extractors_of(metric)), None)
        spec = plain_json({"class": f"{type(metric).__module__}:{type(metric).__qualname__}", **metric.spec()}, "spec")
        found[metric.name] = (metric.version, extractor, spec)
    return found


def _of_record(record: RunRecord) -> dict[str, Definition]:
    """Return the same of a record's numbers."""
    return {result.metric: (result.version, result.extractor_sha256, result.spec) for result in record.results}
