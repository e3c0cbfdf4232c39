"""Which published number a measured one is held against: the same weights, data and protocol, or none."""

from dataclasses import replace

import pytest

from ganbench import registry
from ganbench.benchmarks import Benchmark
from ganbench.benchmarks.matching import Measured, published_of

T = Measured("stylegan3:ffhqu-1024-t", "stylegan3-t.pkl", "fid50k_full", "fid50k_full", "inception", "ffhqu-1024x1024")
FIGURE_5 = ("stylegan3-t", "ffhqu", "fid50k_full")


def benchmark(name: str) -> Benchmark:
    found: Benchmark = registry.load("benchmarks", name)
    return found


def value(measured: Measured, name: str = "stylegan3") -> float | None:
    row = published_of(measured, benchmark(name))
    return row.value if row else None


def test_an_official_checkpoint_by_the_official_protocol_has_its_published_number() -> None:
    """Values of StyleGAN3's Figure 5, and of the README of StyleGAN and of StarGAN v2."""
    assert value(T) == 3.67
    assert value(replace(T, model="stylegan3:ffhqu-1024-r")) == 3.66
    assert value(replace(T, metric="eqt50k_int", key="eqt50k_int", extractor=None, data=None)) == 61.69
    one = Measured("stylegan1:ffhq-1024", "x", "ppl_zfull@100k", "ppl_zfull@100k", "vgg16", None)
    assert value(one, "stylegan1") == 664.8854
    assert value(replace(one, metric="ls", key="ls_w"), "stylegan1") == 3.7447
    star = Measured("starganv2:celebahq-256", "x", "fid_latent", "fid_latent", "torchvision", "celebahq_256")
    assert value(star, "starganv2") == 13.73


def test_a_file_of_the_official_name_counts_as_the_official_one() -> None:
    own = Measured("stylegan2", "stylegan2-ffhq-config-f.pkl", "fid50k", "fid50k", "inception", "ffhq")
    assert value(own, "stylegan2") == 2.84
    assert value(replace(own, weights="G.pkl"), "stylegan2") is None


@pytest.mark.parametrize(
    "other",
    [
        replace(T, model="stylegan3"),
        replace(T, model="stylegan3:ffhqu-256-t"),
        replace(T, model="stylegan3:ffhqu"),
        replace(T, model="stylegan3:"),
        replace(T, model="other:ffhqu-1024-t"),
        replace(T, metric="fid@500", key="fid@500"),
        replace(T, metric="fid50k", key="fid50k"),
        replace(T, metric="fid50k_full_psi0.7", key="fid50k_full_psi0.7"),
        replace(T, data="ffhq-1024"),
        replace(T, data="ffhqu-256x256.zip"),
        replace(T, data="sketches"),
    ],
)
def test_other_weights_counts_truncations_or_data_have_no_published_number(other: Measured) -> None:
    assert value(other) is None


def test_a_paper_that_takes_another_count_than_ours_is_not_held_against_ours() -> None:
    one = Measured("stylegan1:ffhq-1024", "x", "ppl_zfull", "ppl_zfull", "vgg16", None)
    assert value(one, "stylegan1") is None, "the paper has 100,000 paths"


def test_parts_that_ship_with_ganbench_compare_with_nothing_published() -> None:
    assert value(T, "digits") is None
    assert value(replace(T, extractor="digits"), "digits") is None


def test_the_most_certain_number_is_taken_and_none_of_low_confidence(monkeypatch: pytest.MonkeyPatch) -> None:
    protocol = benchmark("stylegan3")
    (row,) = [row for row in protocol.published if (row.variant, row.dataset, row.metric) == FIGURE_5]
    low, med = replace(row, confidence="low", value=1.0), replace(row, confidence="med", value=2.0)
    high = replace(row, confidence="high", value=3.0)
    monkeypatch.setattr(Benchmark, "published", (low,))
    assert value(T) is None
    monkeypatch.setattr(Benchmark, "published", (low, med))
    assert value(T) == 2
    monkeypatch.setattr(Benchmark, "published", (low, med, high))
    assert value(T) == 3
