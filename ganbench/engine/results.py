"""From filled accumulators to results: numbers with the metric's parameters, and the reasons of metrics that failed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ganbench.engine.modes import own_modes
from ganbench.engine.plan import Plan, Query, extractors_of
from ganbench.errors import GanbenchError
from ganbench.inputs import Accumulator, Source
from ganbench.inputs.domains import names_of_domains
from ganbench.metrics import Metric, Number
from ganbench.metrics.base import Part
from ganbench.records.record import Interval, Result

Where = tuple[Source, Query]
Numbers = dict[str, Number]
Completed = Callable[[Metric, Numbers], Numbers]
NONE: Mapping[Where, Exception] = {}


@dataclass(frozen=True)
class Outcome:
    """The outcome of a plan.

    Attributes:
        results: in the order of the metrics.
        failed: metrics that failed, with the reason.
    """

    results: tuple[Result, ...]
    failed: Mapping[str, str] = field(default_factory=dict)


def as_they_are(metric: Metric, numbers: Numbers) -> Numbers:
    """Return numbers without intervals."""
    return numbers


def measured(
    plan: Plan,
    filled: Mapping[Where, Accumulator],
    failures: Mapping[Where, Exception],
    completed: Completed = as_they_are,
) -> Outcome:
    """Return the results of the metrics that succeed, and the reasons of those that fail.

    Args:
        plan: what was measured.
        filled: accumulators of the queries that succeeded.
        failures: errors of the others.
        completed: adds intervals to a metric's numbers.

    Raises:
        Exception: that of the first metric, if all of them fail.
    """
    results: list[Result] = []
    failed: dict[str, Exception] = {}
    for metric in plan.metrics:
        try:
            results += results_of(metric, plan, filled, failures, completed)
        except Exception as error:  # a third party's compute may raise anything; the other metrics must not be lost
            failed[metric.name] = error
    if failed and not results:
        raise next(iter(failed.values()))
    return Outcome(tuple(results), {name: f"{name}: {reason_of(error)}" for name, error in failed.items()})


def numbers_of(
    metric: Metric, plan: Plan, filled: Mapping[Where, Accumulator], failures: Mapping[Where, Exception] = NONE
) -> dict[str, Number]:
    """Return a metric's numbers by column name; a plain float takes the metric's ``higher_is_better``.

    Raises:
        Exception: that of one of its inputs, or of ``compute``.
    """
    queries = plan.queries(metric)
    for where in queries.values():
        if where in failures:
            raise failures[where]
    with own_modes():
        found = metric.compute(**{key: filled[where] for key, where in queries.items()})
    return {
        key: number if isinstance(number, Number) else Number(float(number), metric.higher_is_better)
        for key, number in found.items()
    }


def warnings_of(plan: Plan, filled: Mapping[Where, Accumulator]) -> list[str]:
    """Return warnings about the images that a plan's passes produced, and about what its metrics saw of them."""
    found: dict[str, None] = dict.fromkeys(plan.loaded.warnings)
    for pass_ in plan.passes:
        for check in pass_.source.checks(plan.context):
            seen = next(
                (filled.get((pass_.source, query)) for query in pass_.queries if query.view == check.view), None
            )
            if seen is not None and (told := check.warning(seen)):
                found[told] = None
    for metric in plan.metrics:
        queries = plan.queries(metric)
        if all(where in filled for where in queries.values()):
            found |= dict.fromkeys(metric.warnings({key: filled[where] for key, where in queries.items()}))
    return list(found)


def results_of(
    metric: Metric,
    plan: Plan,
    filled: Mapping[Where, Accumulator],
    failures: Mapping[Where, Exception] = NONE,
    completed: Completed = as_they_are,
) -> list[Result]:
    """Return a metric's results, one per number; errors are those of ``numbers_of``."""
    extractor = next((plan.context.extractors[name] for name in extractors_of(metric)), None)
    samples = {key: query.count for key, (_, query) in plan.queries(metric).items()}
    # A conditional model takes its labels from the data.
    reads_data = plan.context.c_dim > 0 or any(need.source.reads_data for need in metric.inputs().values())
    return [
        Result(
            metric=metric.name,
            key=key,
            value=number.value,
            higher_is_better=number.higher_is_better,
            count=metric.generated(samples),
            extractor=extractor.name if extractor else None,  # for weights from a file, without their folder
            extractor_sha256=extractor.sha256 if extractor else None,
            spec={"class": f"{type(metric).__module__}:{type(metric).__qualname__}", **metric.spec()},
            version=metric.version,
            unit=metric.unit,
            uses_data=reads_data,
            parts={_name(part, plan): value for part, value in number.parts.items()},
            interval=_interval(number),
            errors=dict(number.errors),
            bias=number.bias,
        )
        for key, number in completed(metric, numbers_of(metric, plan, filled, failures)).items()
    ]


def _interval(number: Number) -> Interval | None:
    found = number.interval
    return (
        None if found is None else {"low": found.low, "high": found.high, "level": found.level, "method": found.method}
    )


def _name(part: Part, plan: Plan) -> str:
    """Return a part's name: the names of its domains, joined by arrows."""
    domains = names_of_domains(plan.context.data)
    return "->".join(domains[each] if isinstance(each, int) and each < len(domains) else str(each) for each in part)


def reason_of(error: Exception) -> str:
    """Return an exception as the end of a sentence."""
    told: Any = " ".join(str(error).split())[:500] or type(error).__name__
    return told if isinstance(error, GanbenchError) else f"it failed with {type(error).__name__}: {told}"
