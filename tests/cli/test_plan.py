"""``ganbench plan``: what a run or a benchmark needs, what is missing here, and how long it would take."""

import os
import re
from pathlib import Path

import pytest

from ganbench.cli.plan import _about
from ganbench.engine import estimates
from ganbench.engine.shards import Worker
from tests.cli.command_line import complaint, ganbench


@pytest.fixture
def no_measuring(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take a second for each sample of anything."""
    monkeypatch.setattr(estimates, "seconds_per_sample", lambda *_: (1.0, False))


def squeezed(text: str) -> list[str]:
    return [" ".join(line.split()) for line in text.splitlines()]


def test_a_model_has_its_passes_and_their_times() -> None:
    done = ganbench("plan", "--model", "waves", "--metrics", "fid@40,eqr@9")
    assert done.exit_code == 0, done.stderr
    lines = squeezed(done.stdout)
    assert "extractor pool: here" in lines
    assert "FID@40 40 to 50,000 pool reals, samples" in lines
    assert "EQR@9 9 - - transformed inputs" in lines
    assert any(re.fullmatch(r"reals 200 of 200 about \d+ s", line) for line in lines)
    assert any(re.fullmatch(r"samples 40 of 40 about \d+ s", line) for line in lines)
    assert re.fullmatch(r"total: about \d+ s", lines[-1])


@pytest.mark.usefixtures("no_measuring")
def test_missing_weights_do_not_keep_a_plan_from_being_shown() -> None:
    line = ("plan", "--model", "waves", "--benchmark", "stylegan3", "--metrics", "fid@99,pr3@99", "--data", "stripes")
    done = ganbench(*line)
    assert done.exit_code == 2
    lines = squeezed(done.stdout)
    assert any(line.startswith("extractor inception: pt_inception-2015-12-05-6726825d.pth, 91.2 MiB") for line in lines)
    assert any("not here: https://" in line for line in lines)
    assert "samples 99 of 99 about 99 s" in lines
    assert "total: about 5 min" in lines
    assert [line.split()[1] for line in done.stderr.splitlines()] == [
        "pt_inception-2015-12-05-6726825d.pth",
        "vgg16-397923af.pth",
    ]


@pytest.mark.usefixtures("no_measuring")
def test_the_time_is_that_of_what_is_left_on_all_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    assert ganbench("run", "--model", "waves", "--metrics", "fid@40").exit_code == 0
    lines = squeezed(ganbench("plan", "--model", "waves", "--metrics", "fid@40,brightness@60").stdout)
    assert "reals 0 of 200 about 0 s" in lines
    assert "samples 60 of 60 about 60 s" in lines


@pytest.mark.usefixtures("no_measuring")
def test_a_benchmark_says_what_it_needs_without_a_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    done = ganbench("plan", "--benchmark", "stylegan3")
    assert done.exit_code == 2, "the weights of Inception are not here"
    lines = squeezed(done.stdout)
    assert any("an untrained stylegan3 of the recipe ffhqu-1024-t; name one with --model" in line for line in lines)
    assert any("70,000 images of 1024x1024, like FFHQ-U; name a folder or zip with --data" in line for line in lines)
    assert "FID50k_full 50,000 all inception reals, samples, weights" in lines
    assert "EQR50k 50,000 - - transformed inputs" in lines
    assert "reals 70,000 of 70,000 about 19 h" in lines
    assert "total: about 47 h" in lines
    assert len(lines) <= 24, "one screen"
    written = [Path(os.environ[name]).rglob("*") for name in ("GANBENCH_CACHE", "GANBENCH_RESULTS")]
    assert [path for paths in written for path in paths if path.is_file()] == []


def test_an_embedded_benchmark_needs_nothing() -> None:
    done = ganbench("plan", "--benchmark", "digits", "--limit", "20")
    assert done.exit_code == 0, done.stderr
    lines = squeezed(done.stdout)
    assert "FID@20 20 to 50,000 digits reals, samples" in lines
    assert not any(line.startswith("data:") for line in lines)


def test_a_benchmark_of_no_model_that_is_known_here_is_timed_on_noise() -> None:
    done = ganbench("plan", "--benchmark", "toy", "--limit", "20")
    assert done.exit_code == 0, done.stderr
    assert "noise instead of images, which takes no time to make" in done.stdout
    assert "samples  " in done.stdout


@pytest.mark.usefixtures("no_measuring")
def test_translations_are_of_the_paper_s_domains() -> None:
    lines = squeezed(ganbench("plan", "--benchmark", "cyclegan").stdout)
    assert "reals 2,400 of 2,400 about 40 min" in lines
    assert "translations 260 of 260 about 4 min" in lines


def test_neither_model_nor_benchmark_is_one_sentence() -> None:
    assert "expected --model or --benchmark, found neither" in complaint("plan")
    assert "name the model" in complaint("plan", "--benchmark", "toy", "--weights", "a.pkl")
    assert "did you mean toy?" in complaint("plan", "--benchmark", "toi")


def test_a_tile_that_takes_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    from ganbench.engine.options import Options
    from ganbench.engine.planning import plan_run

    planned = plan_run("waves", Options(metrics=("fid@40", "ppl@40"), device="cpu"))
    tried: list[str] = []

    def shard(_worker: Worker, source: object, *_: object) -> None:
        tried.append(source.name)  # type: ignore[attr-defined]  # a source's
        if source.name != "reals":  # type: ignore[attr-defined]
            raise estimates.TooSlowError

    monkeypatch.setattr(Worker, "shard", shard)
    found = {each.pass_.source.name: each for each in estimates.estimates(planned, patience=3.0)}
    assert tried == ["reals", "reals", "samples"], "the model is not tried again"
    assert not found["reals"].at_least
    assert found["samples"].at_least
    assert found["path pairs in w"].at_least
    with Worker(planned.plan.context, planned.batch_size) as worker:
        slowest = 40 * 3.0 / (16 * worker.threads)
    assert found["samples"].seconds == pytest.approx(slowest)


def test_every_network_looks_at_the_clock() -> None:
    import torch

    network = torch.nn.Sequential(torch.nn.Identity())
    with estimates.giving_up_after(60):
        network(torch.zeros(1))
    with pytest.raises(estimates.TooSlowError), estimates.giving_up_after(-1):
        network(torch.zeros(1))
    network(torch.zeros(1))


@pytest.mark.parametrize(
    ("seconds", "bound", "told"),
    [
        (0.2, False, "about 0 s"),
        (119, True, "over 119 s"),
        (7199, False, "about 120 min"),
        (172_800, True, "over 2 days"),
    ],
)
def test_times_are_told_in_the_unit_that_suits_them(seconds: float, bound: bool, told: str) -> None:
    assert _about(seconds, bound) == told
