"""Benchmarks: data that say how a paper measures, and what it published."""

import dataclasses

import pytest
import torch
from toygan import Stripes, Waves

import ganbench
from ganbench import registry
from ganbench.benchmarks import Benchmark
from ganbench.benchmarks.published import every
from ganbench.engine.options import Options
from ganbench.engine.planning import metrics_of
from ganbench.images import to_uint8
from ganbench.inputs import Features, Uint8
from ganbench.metrics import resolve
from ganbench.models.base import adapter_of

BENCHMARKS = [name for name in registry.names("benchmarks") if registry.load("benchmarks", name).papers]


@pytest.mark.parametrize("name", registry.names("benchmarks"))
def test_a_benchmark_measures_metrics_that_exist(name: str) -> None:
    benchmark: Benchmark = registry.load("benchmarks", name)
    assert benchmark.version >= 1
    found, problems = metrics_of(Options(), benchmark)
    assert problems == []
    assert len(found) == len(benchmark.metrics)
    for short in benchmark.short_names:
        assert resolve(short, short_names=benchmark.short_names)


@pytest.mark.parametrize("name", BENCHMARKS)
def test_published_numbers_have_source_and_confidence(name: str) -> None:
    published = registry.load("benchmarks", name).published
    assert published
    assert all(row.source and row.confidence in ("high", "med", "low") for row in published)


def test_published_numbers_are_of_their_papers() -> None:
    values = {
        (row.variant, row.dataset, row.metric): row.value for row in registry.load("benchmarks", "stylegan1").published
    }
    assert values["config-b", "ffhq", "fid50k"] == 5.25
    assert len(every()) == 460
    assert {row.model for row in registry.load("benchmarks", "starganv2").published} >= {"starganv2", "munit"}


def test_the_first_stylegan_divides_covariances_by_one_less() -> None:
    for name, ddof in (("stylegan1", 1), ("stylegan3", 0), ("starganv2", 1)):
        (metric, *_), _ = metrics_of(Options(), registry.load("benchmarks", name))
        assert metric.spec()["ddof"] == ddof


def test_quantiser_and_resizing_reach_the_metrics_and_their_records(monkeypatch: pytest.MonkeyPatch) -> None:
    toy: Benchmark = registry.load("benchmarks", "toy")
    other = dataclasses.replace(toy, quantiser="cyclegan", resize="box", ddof=1)
    (metric, *_), _ = metrics_of(Options(metrics=("fid@20",)), other)
    assert metric.spec() | {"class": None} == {
        "class": None, "max_real": 50_000, "ddof": 1, "quantiser": "cyclegan", "resize": "box",
    }  # fmt: skip
    assert metric.inputs()["fake"].view == Features("pool", "features", "cyclegan", "box")
    (usual, *_), _ = metrics_of(Options(metrics=("fid@20",)), toy)
    assert usual.spec() == {"max_real": 50_000, "ddof": 0}, "what is usual is left out, as in older records"


def test_images_are_quantised_as_the_benchmark_says() -> None:
    class Batch:
        drawn = {"image": torch.linspace(-1, 1, 97).reshape(1, 1, 1, 97)}  # noqa: RUF012 - a stand-in

    seen = Uint8("cyclegan").compute(Batch())  # type: ignore[arg-type]
    assert torch.equal(seen, to_uint8(Batch.drawn["image"], "cyclegan"))
    assert not torch.equal(seen, Uint8().compute(Batch()))  # type: ignore[arg-type]


def test_another_divisor_is_another_number() -> None:
    """N over N - 1 of the covariances, so the trace term grows by that where the means are equal."""
    metric = resolve("fid@20").with_(extractor="pool")
    plain = ganbench.measure(Waves(), [metric], data=Stripes(), benchmark="toy")
    less = ganbench.measure(Waves(), [metric.with_(ddof=1)], data=Stripes(), benchmark="toy")
    assert plain != less


@pytest.mark.parametrize("name", BENCHMARKS)
def test_a_paper_has_an_address_and_a_main_experiment(name: str) -> None:
    benchmark: Benchmark = registry.load("benchmarks", name)
    assert "arXiv:" in benchmark.paper
    assert benchmark.experiment is not None
    model, recipe = benchmark.experiment.model, benchmark.experiment.recipe
    assert not model or recipe in adapter_of(model).recipes  # ADM is no model of ours
    assert bool(benchmark.experiment.domains) == bool(benchmark.experiment.validation)


def test_the_official_counts() -> None:
    counts = {
        name: {metric.name: metric.count for metric in metrics_of(Options(), registry.load("benchmarks", name))[0]}
        for name in ("stylegan1", "stylegan2", "stylegan2-ada", "stylegan3", "adm")
    }
    assert set(counts["stylegan1"].values()) == {50_000, 100_000, 200_000}
    assert counts["stylegan1"]["ppl_wend@100k"] == 100_000
    for name in ("stylegan2", "stylegan2-ada", "stylegan3", "adm"):
        assert set(counts[name].values()) == {50_000}
    for name, most in (("stylegan1", 50_000), ("stylegan2", 50_000), ("stylegan2-ada", None), ("stylegan3", None)):
        (fid, *_), _ = metrics_of(Options(metrics=("fid",)), registry.load("benchmarks", name))
        assert fid.inputs()["real"].count == most


def test_spatial_fid_is_part_of_adms_protocol_and_its_published_numbers() -> None:
    benchmark: Benchmark = registry.load("benchmarks", "adm")
    found = {metric.name: metric for metric in metrics_of(Options(), benchmark)[0]}
    needs = found["sfid50k"].inputs()
    views = [need.view for need in needs.values()]
    assert views == 2 * [Features("inception", "spatial")]
    assert (needs["real"].count, found["sfid50k"].spec()["ddof"]) == (None, 1)
    measured = {row.metric: row.value for row in benchmark.published if row.variant == "guided+upsampled"}
    assert measured["sfid50k"] == pytest.approx(6.14, abs=0.005)


def test_a_benchmark_may_take_its_numbers_from_some_sources_alone() -> None:
    published = registry.load("benchmarks", "cleanfid").published
    assert {row.source.partition(" README")[0] for row in published} == {"clean-fid"}
    assert {row.model for row in published} == {"stylegan2", "stylegan2-ada", "cyclegan"}
