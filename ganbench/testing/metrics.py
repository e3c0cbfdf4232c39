"""The laws of metrics."""

import dataclasses
import inspect
import math
import pickle
from collections.abc import Mapping, Sequence
from typing import Any, get_args

from ganbench.counts import countless
from ganbench.engine.measure import planned_in_memory
from ganbench.engine.planning import PlannedRun
from ganbench.errors import BadInputError
from ganbench.inputs import Input
from ganbench.metrics import BaseMetric, Metric, Number
from ganbench.metrics.base import Uncertainty
from ganbench.metrics.naming import limited
from ganbench.models.base import benchmark_of, load_model
from ganbench.plugins import completed
from ganbench.testing.filling import filled, flat, numbers
from ganbench.testing.laws import Laws

SPLIT = 1e-7  # relative difference of float64 sums in another order, amplified by a matrix square root
NONE: Mapping[Metric, Mapping[str, float]] = {}
DIRECTIONS = {True: "higher is", False: "lower is"}


def check_metric(
    metric: Any, *, model: Any = "stylegan3", data: Any = None, benchmark: str | None = None, count: int = 40
) -> None:
    """Check the laws of a metric, by measuring a few samples in every way that must not change a number.

    Sources, views and accumulators have their own checks.

    Args:
        metric: the registered object, a frozen dataclass.
        model: the model to measure, or the name of one.
        data: a data set, or its name or path; None for that of the benchmark.
        benchmark: name of the benchmark whose extractors replace the metric's; None for that of the model's embedded
            weights.
        count: maximum number of samples, at least two; for metrics of translations, source images per domain.

    Raises:
        AssertionError: a law is broken.
        PlanError: the metric cannot be measured on this model and data.
    """
    whole: Metric = completed(metric, BaseMetric)  # type: ignore[assignment]  # a metric's base
    laws = Laws(f"the metric {getattr(metric, 'name', type(metric).__name__)}")  # a missing name is reported below
    laws.follow(whole, Metric)
    laws.hold(dataclasses.is_dataclass(whole), "it is a frozen dataclass", "one", type(metric).__name__)
    laws.frozen(metric)
    _check_declared(laws, whole)
    _check_variations(laws, whole)
    small, planning = limited(whole, count), _Planning(model, data, benchmark)
    with laws.untouched_random_state():
        planned = planning.of([small])
        accumulators = filled(planned.plan)
        found = _checked_numbers(laws, planned, accumulators)
        _check_splits(laws, planned, found)
        _check_fused(planning, [small, small.with_(count=(small.count or count) - 1)], {small: flat(found)})


def check_together(
    metrics: Sequence[Any], *, model: Any = "stylegan3", data: Any = None, benchmark: str | None = None, count: int = 40
) -> None:
    """Check that metrics that share passes give the same numbers as each of them alone.

    Args:
        metrics: metrics that can be measured on this model and data.
        model: the model to measure, or the name of one.
        data: a data set, or its name or path; None for that of the benchmark.
        benchmark: name of the benchmark whose extractors replace those of the metrics.
        count: maximum number of samples of each metric.

    Raises:
        AssertionError: a number differs.
        PlanError: a metric cannot be measured on this model and data.
    """
    whole: Any = [completed(metric, BaseMetric) for metric in metrics]
    _check_fused(_Planning(model, data, benchmark), [limited(metric, count) for metric in whole])


class _Planning:
    """Plans for metrics on one model and data set."""

    def __init__(self, model: Any, data: Any, benchmark: str | None) -> None:
        named = isinstance(model, str)
        self.model = load_model(model) if named else model
        self.options = {
            "benchmark": benchmark or ((benchmark_of(model) or "digits") if named else "digits"),
            **({} if data is None else {"data": data}),
        }

    def of(self, metrics: Sequence[Metric]) -> PlannedRun:
        """Return the plan of metrics."""
        return planned_in_memory(self.model, metrics, **self.options)

    def alone(self, metric: Metric) -> dict[str, float]:
        """Return the numbers of a metric measured alone."""
        planned = self.of([metric])
        return flat(numbers(planned.plan.metrics[0], planned, filled(planned.plan)))


def _check_declared(laws: Laws, metric: Metric) -> None:
    laws.hold(bool(metric.name) and metric.name.isprintable(), "it has a name", "printable text", repr(metric.name))
    laws.hold(isinstance(metric.version, int), "its version is a whole number", "an int", metric.version)
    laws.hold(
        metric.higher_is_better in (True, False, None), "it has a direction", "a bool or None", metric.higher_is_better
    )
    laws.hold(
        metric.uncertainty in get_args(Uncertainty),
        "its interval is found in a known way",
        Uncertainty,
        metric.uncertainty,
    )
    laws.json(metric.spec(), "spec is made of JSON values, for the record")
    lines = " ".join((type(metric).__doc__ or "").split())
    if metric.higher_is_better is not None:
        words = DIRECTIONS[metric.higher_is_better]
        laws.hold(words in lines.lower(), "its docstring says which direction is better", f"'{words} ...'", lines)
    laws.hold(metric.unit in lines, "its docstring names the unit", metric.unit, lines)
    needs = metric.inputs()
    declared = bool(needs) and all(isinstance(need, Input) for need in needs.values())
    laws.hold(declared, "inputs declares Inputs by name", "one at least", dict(needs))
    laws.equal(dict(needs), dict(metric.inputs()), "inputs is the same each time")
    for key, need in needs.items():
        laws.pickled(need, f"the input {key} can be pickled, for other processes")
    _check_arguments(laws, metric, needs)


def _check_arguments(laws: Laws, metric: Metric, needs: Mapping[str, Input]) -> None:
    parameters = inspect.signature(metric.compute).parameters.values()
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
        return
    taken = sorted(parameter.name for parameter in parameters)
    laws.equal(sorted(needs), taken, "compute takes the inputs by their names")


def _check_variations(laws: Laws, metric: Metric) -> None:
    laws.equal(metric, metric.with_(), "with_ without arguments changes nothing")
    few = 1 if metric.count != 1 else 2
    cut = metric.with_(count=few)
    laws.equal(few, cut.count, "with_(count=) changes the count")
    laws.equal(f"{countless(metric.name)}@{few}", cut.name, "with_(count=) renames the metric")
    laws.equal(metric.spec(), cut.spec(), "with_(count=) changes nothing else")
    try:
        truncated = metric.with_(psi=0.5)
    except BadInputError:  # it is not measured on truncated samples
        pass
    else:
        laws.equal(f"{metric.name}_psi0.5", truncated.name, "with_(psi=) renames the metric")
        laws.hold(truncated.spec() != metric.spec(), "with_(psi=) changes what is measured", "another spec", "the same")
    if any(field.name == "extractor" for field in dataclasses.fields(metric)):  # type: ignore[arg-type]  # a dataclass
        views = [need.view.extractor for need in metric.with_(extractor="another").inputs().values()]
        law = "with_(extractor=) changes the extractor of all its views"
        laws.hold({*views} - {None} == {"another"}, law, "another", views)


def _checked_numbers(laws: Laws, planned: PlannedRun, accumulators: Any) -> dict[str, Number]:
    """Return the numbers, after checking that they are valid and that computing them changed nothing."""
    (metric,) = planned.plan.metrics
    queries = planned.plan.queries(metric)
    before = {key: pickle.dumps(accumulators[where].state()) for key, where in queries.items()}
    found = numbers(metric, planned, accumulators)
    laws.hold(bool(found), "compute returns numbers by column name", "one at least", "none")
    for key, value in flat(found).items():
        laws.hold(not math.isnan(value), "a number is never NaN", "a number", f"{value} in {key}")
    for key, number in found.items():
        law = "columns begin with the metric's name, which says how many samples there were"
        laws.hold(key.startswith(metric.name), law, f"{metric.name}...", key)
        laws.hold(number.higher_is_better in (True, False, None), "a number has a direction", "a bool or None", number)
    laws.equal(flat(found), flat(numbers(metric, planned, accumulators)), "equal accumulators give equal numbers")
    told = metric.warnings({key: accumulators[where] for key, where in queries.items()})
    sentences = isinstance(told, list) and all(isinstance(each, str) and each for each in told)
    laws.hold(sentences, "warnings are sentences", "a list of texts", told)
    after = {key: pickle.dumps(accumulators[where].state()) for key, where in queries.items()}
    laws.equal(before, after, "compute and warnings leave the accumulators as they are, which other metrics see too")
    return found


def _check_splits(laws: Laws, planned: PlannedRun, found: Mapping[str, Number]) -> None:
    (metric,) = planned.plan.metrics

    def again(**split: Any) -> dict[str, float]:
        return flat(numbers(metric, planned, filled(planned.plan, **split)))

    expected = flat(found)
    for batch_size in (1, 1000):
        laws.equal(expected, again(batch_size=batch_size), f"any batch size gives the same number ({batch_size})")
    split = again(tiles=1)
    laws.equal(
        split, again(tiles=1, backwards=True), "the same shards give the same number, in whatever order they are made"
    )
    for tiles, values in ((1, split), (2, again(tiles=2))):
        law = f"any shard split gives the same number, up to rounding ({tiles} tiles)"
        laws.equal(sorted(expected), sorted(values), law)
        close = all(math.isclose(values[key], expected[key], rel_tol=SPLIT, abs_tol=SPLIT) for key in expected)
        laws.hold(close, law, expected, values)


def _check_fused(
    planning: _Planning, metrics: Sequence[Metric], known: Mapping[Metric, Mapping[str, float]] = NONE
) -> None:
    """Check that each metric has the same numbers alone as together with the others.

    Args:
        planning: plans for metrics.
        metrics: metrics to measure together.
        known: numbers of metrics that were already measured alone.
    """
    distinct = list(dict.fromkeys(metrics))
    together = planning.of(distinct)
    accumulators = filled(together.plan)
    for place, metric in enumerate(together.plan.metrics):
        separate = known.get(distinct[place]) or planning.alone(distinct[place])
        fused = flat(numbers(metric, together, accumulators))
        Laws(f"the metric {metric.name}").equal(
            separate, fused, "it has the same number alone and beside other metrics"
        )
