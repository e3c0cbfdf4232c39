"""The plan of a benchmark without a model or data: its paper's model, untrained, and noise for images."""

import dataclasses
from dataclasses import dataclass
from typing import Any

from ganbench import registry
from ganbench.benchmarks import Benchmark, Experiment
from ganbench.data import at_size
from ganbench.data.opening import open_reals
from ganbench.data.stand_in import StandIn, StandInDomains, StandInPairs, StandInSamples
from ganbench.engine.options import Options
from ganbench.engine.planning import PlannedRun, plan_model
from ganbench.errors import BadInputError
from ganbench.models.base import adapter_of
from ganbench.types import Dataset, LoadedModel, Statistics

UNKNOWN = Experiment("the data", 50_000, 256)  # for a benchmark that does not specify one


@dataclass(frozen=True, eq=False)
class ProtocolPlan:
    """The plan of a benchmark.

    Attributes:
        planned: the run with stand-ins.
        model: what stands in for the model, for people.
        data: what stands in for the real images, for people; "" if they are available.
    """

    planned: PlannedRun
    model: str
    data: str


def plan_protocol(given: Options) -> ProtocolPlan:
    """Return the plan of a benchmark on this machine, with stand-ins for model and data that are not named.

    Args:
        given: with the name of the benchmark.

    Raises:
        BadInputError: weights are named without their model.
        PlanError: listing everything that keeps it from running.
    """
    if given.weights or given.entry:
        raise BadInputError(
            f"expected --model with the weights {given.weights or given.entry}, found none: name the model."
        )
    options = given.resolved()
    benchmark: Benchmark = registry.load("benchmarks", options.benchmark or "")
    named = options.data or benchmark.data
    data = open_reals(named) if isinstance(named, str) else named
    loaded, told = _model(benchmark, None if isinstance(data, Statistics) else data, options.device)
    reals = data or stand_in(benchmark.experiment or UNKNOWN)
    options = dataclasses.replace(options, data=reals, allow_missing=True)
    planned = plan_model(loaded, given, options)
    return ProtocolPlan(planned, told, _told(benchmark.experiment or UNKNOWN) if data is None else "")


def stand_in(experiment: Experiment) -> StandIn:
    """Return noise images of the size and number of an experiment's data."""
    if not experiment.domains:
        return StandIn(experiment.data, experiment.images, experiment.resolution)
    count = len(experiment.domains)
    return (StandInPairs if experiment.paired else StandInDomains)(
        experiment.data,
        experiment.images * count,
        experiment.resolution,
        domains=experiment.domains,
        num_validation=experiment.validation * count,
    )


def _model(benchmark: Benchmark, data: Dataset | None, device: str) -> tuple[LoadedModel, str]:
    """Return the paper's model untrained, or noise if ganbench does not have it, and a description of it."""
    experiment = benchmark.experiment or UNKNOWN
    if experiment.model:
        adapter = adapter_of(experiment.model)
        like: Dataset = data or stand_in(experiment)
        model: Any = adapter.untrained(at_size(like, experiment.resolution), adapter.recipes[experiment.recipe])
        told = f"an untrained {experiment.model} of the recipe {experiment.recipe}"
        return LoadedModel(told, model.to(device), "none", "untrained", benchmark=benchmark.name), told
    noise = StandIn("noise", 1, data.resolution, data.channels) if data else stand_in(experiment)
    told = "noise instead of images, which takes no time to make"
    return LoadedModel("noise", StandInSamples(noise), "none", "noise", benchmark=benchmark.name), told


def _told(experiment: Experiment) -> str:
    size = f"{experiment.resolution}x{experiment.resolution}"
    a_domain = " per domain" if experiment.domains else ""
    return f"{experiment.images:,} images{a_domain} of {size}, like {experiment.data}"
