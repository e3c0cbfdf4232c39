"""From a model's name and options to a plan of its run."""

import dataclasses
import itertools
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ganbench import registry
from ganbench.benchmarks import Benchmark
from ganbench.data import at_size
from ganbench.data.opening import is_there, open_reals
from ganbench.engine.first_batch import after_first_batch
from ganbench.engine.options import Options
from ganbench.engine.plan import Plan, extractors_of
from ganbench.errors import BadInputError, GanbenchError, PlanError
from ganbench.extractors.opening import without_fetching
from ganbench.inputs.domains import NO_DOMAINS
from ganbench.inputs.sources import NO_REALS
from ganbench.metrics import BaseMetric, Metric, limited, resolve
from ganbench.models.base import adapter_of, benchmark_of, open_model
from ganbench.models.snapshots import in_order, matches, several
from ganbench.plugins import completed
from ganbench.types import Dataset, LoadedModel, Sized, Statistics, Translator

CLASSIFIERS = "celebahq"  # the extractor that linear separability names


@dataclass(frozen=True, eq=False)
class PlannedRun:
    """The planned run of one model.

    Attributes:
        given: the options as requested.
        options: the options as resolved for this machine.
        benchmark: the measuring protocol.
        plan: what will be done.
    """

    given: Options
    options: Options
    benchmark: Benchmark
    plan: Plan

    @property
    def batch_size(self) -> int:
        """Number of samples in work at once."""
        assert self.options.batch_size is not None, "options are resolved"
        return self.options.batch_size


def plan_run(name: str, given: Options) -> PlannedRun:
    """Return the plan of a registered model's run.

    Args:
        name: such as ``stylegan3`` or ``stylegan3:ffhq-1024-t``.
        given: how to measure it.

    Raises:
        PlanError: listing everything that keeps it from running.
    """
    options = given.resolved()
    loaded = open_model(name, options.weights, options.device, options.entry, options.interface)
    return plan_model(loaded, given, options)


def plan_model(loaded: LoadedModel, given: Options, options: Options) -> PlannedRun:
    """Return the plan of a loaded model's run. Arguments and errors are those of ``plan_run``."""
    benchmark: Benchmark = registry.load("benchmarks", options.benchmark or loaded.benchmark)
    metrics, problems = metrics_of(options, benchmark)
    data, data_problems = _data(options, benchmark, loaded)
    problems += data_problems
    try:
        plan = Plan.build(
            loaded,
            metrics,
            data=data,
            seed=options.seed,
            device=options.device,
            allow_missing=options.allow_missing,
            fetches=not problems,
        )
    except PlanError as error:
        # Reals that cannot be opened are reported once, not by each metric that lacks them.
        about_lack = (NO_REALS, NO_DOMAINS) if data_problems else ()
        problems += [problem for problem in error.problems if not problem.endswith(about_lack)]
        raise PlanError(problems) from error
    if problems:
        raise PlanError(problems)
    return PlannedRun(given, options, benchmark, after_first_batch(plan))


def each_snapshot(models: Sequence[str], options: Options) -> list[Options]:
    """Return the options of each snapshot that the weights name, in the order of their kimg; else the options alone.

    Raises:
        BadInputError: there is none, or they are not of one training run.
    """
    weights = options.weights
    if weights is None or not several(weights) or (Path(weights).is_dir() and adapter_of(models[0]).takes_path):
        return [options]
    found = in_order(matches(weights))
    if not found:
        raise BadInputError(f"expected snapshots, found no file that matches {weights}: check the pattern.")
    return [dataclasses.replace(options, weights=str(each.path)) for each in found]


def plan_all(names: Sequence[str], given: Options) -> list[PlannedRun]:
    """Return every model's plan, or raise one ``PlanError`` listing the problems of all."""
    planned: list[PlannedRun] = []
    cause: GanbenchError | None = None
    problems = [problem for name in names for problem in _misnamed(name, given)]
    with without_fetching() if problems else nullcontext():
        for name in names:
            try:
                planned.append(plan_run(name, given))
            except PlanError as error:
                problems += error.problems
            except GanbenchError as error:
                problems.append(str(error))
                cause = cause or error
    if problems:
        raise PlanError(tuple(dict.fromkeys(problems))) from cause  # which --debug shows
    return planned


def _misnamed(name: str, options: Options) -> list[str]:
    """Return what is wrong with the names of metrics, benchmark and data, without loading or fetching anything."""
    try:
        protocol = options.benchmark or (None if options.weights else benchmark_of(name))
        problems = metrics_of(options, registry.load("benchmarks", protocol))[1] if protocol else []
        if options.extractor:
            registry.load("extractors", options.extractor.partition(":")[0])  # raises if unknown
        if isinstance(options.data, str) and not is_there(options.data):
            open_reals(options.data)  # raises if not found
    except GanbenchError as error:
        return [str(error)]
    return problems


def _data(options: Options, benchmark: Benchmark, loaded: LoadedModel) -> tuple[Dataset | Statistics | None, list[str]]:
    named = options.data or benchmark.data
    try:
        found = open_reals(named, rectangles=True) if isinstance(named, str) else named
        return (found if found is None or isinstance(found, Statistics) else sized_for(loaded.model, found)), []
    except GanbenchError as error:
        return None, [str(error)]


def sized_for(model: Any, data: Dataset) -> Dataset:
    """Return the data in the form that a model takes: for a translator, resized to its resolution if possible."""
    if not isinstance(model, Translator):
        return data
    return at_size(data, model.img_resolution, model.img_channels) if isinstance(model, Sized) else at_size(data)


def metrics_of(options: Options, benchmark: Benchmark) -> tuple[list[Metric], list[str]]:
    """Return the requested metrics as the benchmark measures them, and the problems of those that do not exist."""
    if options.attributes is not None:
        extractors = {**benchmark.extractors, CLASSIFIERS: f"attributes:{options.attributes}"}
        benchmark = dataclasses.replace(benchmark, extractors=extractors)
    found, problems = [], []
    wanted = options.metrics or benchmark.metrics
    for psi, asked in itertools.product(options.truncation_psi or (None,), wanted):
        try:
            found.append(_metric(asked, psi, options, benchmark))
        except GanbenchError as error:
            problems.append(str(error))
    if options.extractor and not any(options.extractor in extractors_of(metric) for metric in found):
        problems.append(
            f"expected a metric of features for extractor {options.extractor}, found none: add one or leave it out."
        )
    if options.attributes and not any(benchmark.extractors[CLASSIFIERS] in extractors_of(metric) for metric in found):
        problems.append(
            f"expected the metric ls for attributes {options.attributes}, found others: add it or leave them out."
        )
    return found, problems


def _metric(asked: Any, psi: float | None, options: Options, benchmark: Benchmark) -> Metric:
    """Return one metric, varied as options and benchmark say."""
    if isinstance(asked, str):
        metric = resolve(asked, short_names=benchmark.short_names, limit=options.limit)
    else:
        metric = limited(completed(asked, BaseMetric), options.limit)  # type: ignore[arg-type]  # a metric's base
    if options.truncation_cutoff is not None and psi is None:
        raise BadInputError(
            f"expected a truncation psi with a truncation cutoff, found the cutoff {options.truncation_cutoff} alone: "
            "give both or neither."
        )
    if options.label is not None:
        metric = metric.of_class(options.label)
    return metric.with_(
        psi=psi,
        cutoff=options.truncation_cutoff,
        extractor=_extractor(metric, options, benchmark),
        float64=options.float64,
        **{**benchmark.fields, **({"resize": None} if _is_of_another_kind(metric, options) else {})},
    )


def _is_of_another_kind(metric: Metric, options: Options) -> bool:
    """Return whether another extractor was chosen, whose usual way of resizing then replaces the benchmark's."""
    return bool(options.extractor) and (options.extractor or "").partition(":")[0] not in extractors_of(metric)


def _extractor(metric: Metric, options: Options, benchmark: Benchmark) -> str | None:
    """Return the extractor that replaces a metric's; None to keep it."""
    named = extractors_of(metric)
    classifies = options.attributes is not None and CLASSIFIERS in named
    if options.extractor and named and not classifies:
        return options.extractor
    return next((benchmark.extractors[it] for it in named if it in benchmark.extractors), None)
