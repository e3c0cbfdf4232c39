"""What was asked for, in plain values that another process can be handed, and how it becomes a plan."""

import dataclasses
from dataclasses import dataclass
from typing import Any

import torch

from ganbench import registry
from ganbench.benchmarks import Benchmark
from ganbench.data import at_size, open_data
from ganbench.engine.plan import Plan
from ganbench.engine.shards import default_batch_size
from ganbench.errors import BadInputError, GanbenchError, PlanError
from ganbench.inputs.domains import NO_DOMAINS
from ganbench.inputs.sources import NO_REALS
from ganbench.metrics import Metric, resolve
from ganbench.models.base import check_device, open_model
from ganbench.rng import MAX_SEED
from ganbench.types import Dataset, LoadedModel, Translator


@dataclass(frozen=True)
class Request:
    """One model's run, as asked for.

    Attributes:
        model: name, such as ``stylegan3`` or ``stylegan3:ffhq-1024-t``.
        weights: path of a checkpoint, or None.
        metrics: names; empty for the benchmark's own.
        data: name or path of the reals; None for the benchmark's.
        benchmark: name; None for the model's own.
        seed: 0..2**63-1.
        batch_size: samples in work at once; None to choose by device.
        device: ``auto``, ``cpu``, ``cuda`` or ``cuda:N``.
        limit: largest sample count of any metric; None for none.
        double: whether path lengths and equivariance run in float64.
        allow_missing: whether metrics that the model cannot have are left out.
        attributes: file of attribute classifiers for linear separability; None for the benchmark's.
    """

    model: str
    weights: str | None = None
    metrics: tuple[str, ...] = ()
    data: str | None = None
    benchmark: str | None = None
    seed: int = 0
    batch_size: int | None = None
    device: str = "auto"
    limit: int | None = None
    double: bool = False
    allow_missing: bool = False
    attributes: str | None = None

    def resolved(self) -> "Request":
        """Return the request with device and batch size filled in.

        Raises:
            BadInputError: a value out of range, or a device that is not there.
        """
        check_ranges(batch_size=self.batch_size, limit=self.limit, seed=self.seed)
        device = resolve_device(self.device)
        return dataclasses.replace(self, device=device, batch_size=self.batch_size or default_batch_size(device))


CLASSIFIERS = "celebahq"  # what linear separability calls its extractor
RANGES = {"batch_size": (1, 2**20), "limit": (1, 2**40), "seed": (0, MAX_SEED)}


def check_ranges(**values: int | None) -> None:
    """Check whole numbers by their names in ``RANGES``.

    Raises:
        BadInputError: one is out of its range.
    """
    for name, value in values.items():
        low, high = RANGES[name]
        if value is not None and not low <= value <= high:
            option = name.replace("_", "-")
            raise BadInputError(f"--{option} {value} is out of range: give a whole number from {low} to {high}.")


def resolve_device(device: str) -> str:
    """Return the device to run on; ``auto`` takes the first GPU, or else the CPU.

    Raises:
        BadInputError: no such device on this machine.
    """
    if device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    check_device(device)
    return device


@dataclass(frozen=True, eq=False)
class Prepared:
    """A request made ready: its benchmark, its data, its plan."""

    request: Request
    benchmark: Benchmark
    data: Dataset | None
    plan: Plan


def prepare(request: Request) -> Prepared:
    """Return the plan of a request.

    Raises:
        PlanError: with everything that keeps it from running.
    """
    request = request.resolved()
    subject = open_model(request.model, request.weights, request.device)
    benchmark: Benchmark = registry.load("benchmarks", request.benchmark or subject.benchmark)
    metrics, problems = _metrics(request, _with_attributes(benchmark, request.attributes))
    data, data_problems = _data(request, benchmark, subject)
    problems += data_problems
    try:
        plan = _build(subject, metrics, data, request)
    except PlanError as error:
        # Where the reals could not be opened, that sentence says it all.
        about_lack = (NO_REALS, NO_DOMAINS) if data_problems else ()
        problems += [problem for problem in error.problems if not problem.endswith(about_lack)]
        raise PlanError(problems) from error
    if problems:
        raise PlanError(problems)
    return Prepared(request, benchmark, data, plan)


def _build(subject: LoadedModel, metrics: list[Metric], data: Dataset | None, request: Request) -> Plan:
    return Plan.build(
        subject, metrics, data=data, seed=request.seed, device=request.device, allow_missing=request.allow_missing
    )


def _data(request: Request, benchmark: Benchmark, subject: LoadedModel) -> tuple[Dataset | None, list[str]]:
    name = request.data or benchmark.data
    try:
        return (sized_for(subject.model, open_data(name)) if name else None), []
    except GanbenchError as error:
        return None, [str(error)]


def sized_for(model: Any, data: Dataset) -> Dataset:
    """Return the data as a model takes them: a translator has images of other sizes resized, where the data can be."""
    if not isinstance(model, Translator):
        return data
    return at_size(data, getattr(model, "img_resolution", None), getattr(model, "img_channels", None))


def _with_attributes(benchmark: Benchmark, file: str | None) -> Benchmark:
    """Return the benchmark with the attribute classifiers of a file, if one is named."""
    replaced = {} if file is None else {CLASSIFIERS: f"attributes:{file}"}
    return dataclasses.replace(benchmark, extractors={**benchmark.extractors, **replaced})


def _metrics(request: Request, benchmark: Benchmark) -> tuple[list[Metric], list[str]]:
    """Return the metrics asked for, fitted to the benchmark, and what is wrong with their names."""
    found, problems = [], []
    for name in request.metrics or benchmark.metrics:
        try:
            metric = resolve(name, short_names=benchmark.short_names, limit=request.limit)
            found.append(fitted(metric, benchmark, request.double))
        except GanbenchError as error:
            problems.append(str(error))
    if request.attributes and benchmark.extractors[CLASSIFIERS] not in (getattr(m, "extractor", "") for m in found):
        problems.append(f"--attributes {request.attributes} goes with the metric ls: add that or leave this out.")
    return found, problems


def fitted(metric: Any, benchmark: Benchmark, double: bool = False) -> Metric:
    """Return the metric with the benchmark's extractor, and in float64 where asked and possible."""
    changes: dict[str, Any] = {}
    if hasattr(metric, "extractor"):
        changes["extractor"] = benchmark.extractors.get(metric.extractor, metric.extractor)
    if double and hasattr(metric, "double"):
        changes["double"] = True
    replaced: Metric = dataclasses.replace(metric, **changes)
    return replaced
