"""From metrics to passes: equal sources become one pass, equal views one computation; all problems are raised at "
"once."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from typing import Any

from ganbench.errors import GanbenchError, PlanError
from ganbench.extractors.opening import open_extractor, without_fetching
from ganbench.inputs import Accumulator, Context, Input, Source, View
from ganbench.metrics import Metric
from ganbench.types import Dataset, Extractor, ImageSize, LoadedModel, Statistics, WithStatistics, shown_size


@dataclass(frozen=True)
class Query:
    """What a metric draws from a pass: the first ``count`` samples, through a view, into an accumulator."""

    view: View
    into: type[Accumulator]
    count: int


@dataclass(frozen=True)
class Pass:
    """One run over a source, serving every query.

    Attributes:
        source: of the batches.
        queries: without repetition.
    """

    source: Source
    queries: tuple[Query, ...]

    @property
    def count(self) -> int:
        """Number of samples that the pass must process."""
        return max(query.count for query in self.queries)


@dataclass(frozen=True, eq=False)
class Plan:
    """What a run will do.

    Attributes:
        loaded: the model.
        context: model, data, extractors, seed and device.
        metrics: in the order given, without repetition.
        passes: those over the data first, so that bad data is noticed before the expensive work.
        missing: requested metrics that cannot be measured, with the reason; empty unless ``allow_missing``.
    """

    loaded: LoadedModel
    context: Context
    metrics: tuple[Metric, ...]
    passes: tuple[Pass, ...]
    missing: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def build(
        cls,
        loaded: LoadedModel,
        metrics: Sequence[Metric],
        *,
        data: Dataset | Statistics | None,
        seed: int = 0,
        device: str = "cpu",
        allow_missing: bool = False,
        fetches: bool = True,
    ) -> "Plan":
        """Return the plan of a run. Extractors are fetched only if nothing else keeps it from running.

        Args:
            loaded: the model.
            metrics: what to measure.
            data: the reals, if any, or statistics of them.
            seed: of all random streams.
            device: where the model is.
            allow_missing: leave out metrics with an unmet need, as long as one is left.
            fetches: whether weights of extractors may be fetched.

        Raises:
            PlanError: listing every unmet need of every metric, before any work.
        """
        metrics = tuple(dict.fromkeys(metrics))
        images, known = (None, data) if isinstance(data, Statistics) else (data, _beside(data))
        problems = _name_clashes(metrics)
        context = Context(loaded.model, loaded.sha256, images, {}, seed, device, loaded.name, known)
        ready = [metric for metric in metrics if not any(_unmet(metric, context))]
        stands = len(ready) == len(metrics) or (allow_missing and bool(ready))
        with nullcontext() if fetches and stands and not problems else without_fetching():
            extractors, lacking = _open_extractors(ready if allow_missing and ready else metrics, device)
        problems += lacking
        context = replace(context, extractors=extractors)
        unmet = {metric: list(dict.fromkeys(_unmet(metric, context))) for metric in metrics}
        possible = tuple(metric for metric in metrics if not unmet[metric])
        if not (allow_missing and possible):
            problems += _together(unmet)
        if problems:
            raise PlanError(tuple(dict.fromkeys(problems)))
        missing = {metric.name: f"{metric.name}: {told[0]}" for metric, told in unmet.items() if told}
        return cls(loaded, context, possible, _passes(possible, context), missing)

    def queries(self, metric: Metric) -> dict[str, tuple[Source, Query]]:
        """Return the source and query of each accumulator of a metric."""
        return {key: (need.source, _query(need, self.context)) for key, need in metric.inputs().items()}


def _beside(data: Dataset | None) -> Statistics | None:
    """Return the statistics that come with a data set."""
    return data.statistics if isinstance(data, WithStatistics) else None


def answered(plan: Plan) -> dict[tuple[Source, Query], Accumulator]:
    """Return the accumulators that statistics of the reals supply, so that no pass has to fill them."""
    needs = [need for metric in plan.metrics for need in metric.inputs().values()]
    answers = {(need.source, _query(need, plan.context)): need.answer(plan.context) for need in needs}
    return {where: answer for where, answer in answers.items() if answer is not None}


def stored_reals(plan: Plan) -> Statistics | None:
    """Return the statistics that stand for the reals in any of the plan's metrics; None where the images do."""
    needs = (need for metric in plan.metrics for need in metric.inputs().values())
    return plan.context.statistics if any(need.is_known(plan.context) for need in needs) else None


def extractors_of(metric: Metric) -> tuple[str, ...]:
    """Return the names of the extractors that a metric's views need, each once."""
    return tuple(dict.fromkeys(need.view.extractor for need in metric.inputs().values() if need.view.extractor))


def _open_extractors(metrics: Iterable[Metric], device: str) -> tuple[dict[str, Extractor], list[str]]:
    """Return the extractors that the metrics' views name, and the messages of those that cannot be opened."""
    opened: dict[str, Extractor] = {}
    problems = []
    for name in dict.fromkeys(name for metric in metrics for name in extractors_of(metric)):
        try:
            opened[name] = open_extractor(name).to(device)
        except GanbenchError as error:
            problems.append(str(error))
    return opened, problems


def _name_clashes(metrics: Sequence[Metric]) -> list[str]:
    names = [metric.name for metric in metrics]
    return [
        f"expected one metric named {name}, found two that differ: rename one."
        for name in set(names)
        if names.count(name) > 1
    ]


def _together(unmet: Mapping[Metric, Sequence[str]]) -> list[str]:
    """Return each problem once, after the names of all metrics that have it."""
    found: dict[str, list[str]] = {}
    for metric, problems in unmet.items():
        for problem in problems:
            found.setdefault(problem, []).append(metric.name)
    return [f"{', '.join(names)}: {problem}" for problem, names in found.items()]


def _unmet(metric: Metric, context: Context) -> Iterator[str]:
    """Yield what keeps one metric from being measured."""
    needs = list(metric.inputs().values())
    answered = [need for need in needs if not need.problems(context)]
    for need in needs:
        problems = need.problems(context) or [*_wrong_size(need, answered if answered == needs else [], context)]
        yield from problems
        if not problems:
            yield from _too_few(need, context)


def _too_few(need: Input, context: Context) -> Iterator[str]:
    short = "" if need.count is None else need.source.shortage(context, need.count)
    if short:
        yield short
    elif (have := need.samples(context)) < need.minimum:
        yield f"expected at least {need.minimum} {need.source.name}, found {have}: raise the count or add data."


def _wrong_size(need: Input, needs: Sequence[Input], context: Context) -> Iterator[str]:
    """Yield the problem of images that the extractor does not accept, or that differ in size from the others.

    Args:
        need: the input to check.
        needs: all inputs of the metric whose images are compared.
        context: of the run.
    """
    extractor = context.extractors.get(need.view.extractor or "")
    size = need.source.image_size(context)
    if extractor is None or size is None:
        return
    seen = {it.source.reads_data: it.source.image_size(context) for it in needs if it.view.extractor}
    made, real = seen.get(False), seen.get(True)
    if made and real and made != real and _takes(extractor, need.view, made):
        sizes = f"expected images of {shown_size(made)}, which the model makes, found {shown_size(real)} in the data"
        yield f"{sizes}: name data of the size of the model with --data."
    elif not _takes(extractor, need.view, size):
        taken = f"{extractor.resolution}x{extractor.resolution}"
        yield (
            f"expected {taken} images for the extractor {extractor.name!r}, found {shown_size(size)}: choose another "
            "benchmark."
        )


def _takes(extractor: Extractor, view: View, size: ImageSize) -> bool:
    """Return whether an extractor accepts images of a size, after the view has downsampled them if it does."""
    if extractor.resolution is None:
        return True
    if isinstance(size, tuple):
        return False
    return size % extractor.resolution == 0 if view.downsamples else size == extractor.resolution


def _query(need: Input, context: Context) -> Query:
    return Query(need.view, need.into, need.samples(context))


def _passes(metrics: Iterable[Metric], context: Context) -> tuple[Pass, ...]:
    grouped: dict[Source, dict[Query, None]] = {}
    for metric in metrics:
        for need in metric.inputs().values():
            if not need.is_known(context):
                grouped.setdefault(need.source, {})[_query(need, context)] = None
    passes = [Pass(source, (*queries, *_checks(source, queries, context))) for source, queries in grouped.items()]
    return tuple(sorted(passes, key=lambda pass_: not pass_.source.reads_data))


def _checks(source: Source, queries: Iterable[Query], context: Context) -> list[Query]:
    """Return the queries by which a source's images are checked while they are made."""
    most = max(query.count for query in queries)
    return [Query(check.view, check.into, min(most, check.count)) for check in source.checks(context)]


def describe(plan: Plan) -> list[Mapping[str, Any]]:
    """Return one row per pass, for people: ``source``, ``count``, ``serves`` (names of metrics)."""
    return [
        {
            "source": pass_.source.name,
            "count": pass_.count,
            "serves": [m.name for m in plan.metrics if any(n.source == pass_.source for n in m.inputs().values())],
        }
        for pass_ in plan.passes
    ]
