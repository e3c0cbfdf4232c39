"""Every registered metric keeps the laws of metrics, and so do the sources, views and accumulators that it asks for."""

from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
import torch

from ganbench import registry
from ganbench.benchmarks import Benchmark
from ganbench.engine.measure import planned_in_memory
from ganbench.errors import PlanError
from ganbench.inputs import Accumulator, Input
from ganbench.metrics import Metric, resolve
from ganbench.models.base import benchmark_of, load_model
from ganbench.testing import check_accumulator, check_metric, check_source, check_together, check_view
from ganbench.types import Extractor

NAMES = registry.names("metrics")
MODELS = ("waves", "blur", "tint", "shades", "dusk")  # of the toy package: one of each kind, all of them fast
FIELDS = {"fcn": {"labels": "bee"}}  # what these domains call the label maps


@cache
def model(name: str) -> Any:
    return load_model(name)


@cache
def metric(name: str) -> Metric:
    found = resolve(name)
    return found.with_(**FIELDS.get(found.name, {}))


def few(one: Metric) -> int:
    """Return a number of samples that is soon measured: source images a domain, or more than a tile of samples."""
    if one.name.startswith("eqr"):  # rotations are slow
        return 2 if one.count is None else 18
    return 3 if one.count is None else 40


@cache
def home(name: str) -> str:
    """Return the toy model that a metric can be measured on."""
    told = []
    for each in MODELS:
        try:
            planned_in_memory(model(each), [metric(name)], benchmark=benchmark_of(each))
        except PlanError as error:
            told.append(str(error))
        else:
            return each
    raise AssertionError(f"no toy model answers {name}: {told}")


@pytest.mark.parametrize("name", NAMES)
def test_metrics_keep_their_laws(name: str) -> None:
    check_metric(metric(name), model=model(home(name)), benchmark=benchmark_of(home(name)), count=few(metric(name)))


@pytest.mark.parametrize("each", MODELS)
def test_all_metrics_of_a_model_share_passes_and_keep_their_numbers(each: str) -> None:
    metrics = [metric(name) for name in NAMES if home(name) == each]
    assert metrics
    check_together(
        metrics, model=model(each), benchmark=benchmark_of(each), count=3 if metrics[0].count is None else 40
    )


def needs() -> Iterator[tuple[str, Input]]:
    for name in NAMES:
        extractor = metric(name).with_(extractor="pool").inputs()
        yield from ((name, need) for need in extractor.values())


SOURCES = {need.source: name for name, need in needs()}
VIEWS = {(need.view, need.source): name for name, need in needs()}
ACCUMULATORS = dict.fromkeys(need.into for _, need in needs())  # in one order in each process that collects the tests


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.name)
def test_sources_keep_their_laws(source: Any) -> None:
    each = home(SOURCES[source])
    check_source(source, model=model(each), data=benchmark(each).data)


@pytest.mark.parametrize(("view", "source"), VIEWS, ids=lambda part: type(part).__name__)
def test_views_keep_their_laws(view: Any, source: Any) -> None:
    each = home(VIEWS[view, source])
    knowing: Extractor = registry.load("extractors", "knowing")()
    pool: Extractor = registry.load("extractors", "pool")()
    classifies = VIEWS[view, source].startswith(("accuracy", "fcn"))
    check_view(
        view,
        source,
        model=model(each),
        data=benchmark(each).data,
        extractors={"pool": knowing if classifies else pool},
    )


@pytest.mark.parametrize("into", ACCUMULATORS, ids=lambda into: into.__name__)
def test_accumulators_keep_their_laws(into: type[Accumulator]) -> None:
    check_accumulator(into)
    check_accumulator(into, torch.randint(-3, 4, (9, 2), generator=torch.Generator().manual_seed(0)).float())


def benchmark(each: str) -> Benchmark:
    found: Benchmark = registry.load("benchmarks", benchmark_of(each))
    return found
