"""What is said when a training run ends early can be pasted, for every model; metrics at snapshots leave it alone."""

import json
import shlex
from pathlib import Path
from typing import Any

import pytest

from baselines.training import log, plan, snapshots, steps
from baselines.training.weights import read_header
from ganbench.cli import snapshot_metrics
from ganbench.cli.snapshot_metrics import SnapshotMetrics
from ganbench.data import open_data
from ganbench.models.base import adapter_of
from tests.cli.command_line import ganbench
from tests.training.runs import same

# Each a run of some steps, with a snapshot after every one.
TINY: dict[str, tuple[str, ...]] = {
    "progan": ("digits",
               'generator={"z_dim":4,"fmap_base":32,"fmap_max":4}',
               'discriminator={"fmap_base":32,"fmap_max":4}', "initial_resolution=32", "batch=4", 'batches={}',
               'g_lrs={"32":0.002}'),
    "stylegan1": ("digits",
                  'generator={"z_dim":4,"w_dim":4,"mapping_kwargs":{"num_layers":1},"fmap_base":32,"fmap_max":4}',
                  'discriminator={"fmap_base":32,"fmap_max":4}', "initial_resolution=32", "batch=4", 'batches={}'),
    "stylegan2": ("digits",
                  'generator={"z_dim":4,"w_dim":4,"mapping_kwargs":{"num_layers":1},"channel_base":64,"channel_max":4}',
                  'discriminator={"channel_base":64,"channel_max":4}', "batch=4"),
    "stylegan3": ("digits",
                  'generator={"z_dim":4,"w_dim":4,"mapping_kwargs":{"num_layers":1},"num_layers":4,"num_critical":1,'
                  '"channel_base":128,"channel_max":4}',
                  'discriminator={"channel_base":64,"channel_max":4}', "batch=4"),
    "stargan": ("digit-domains", 'generator={"conv_dim":1,"repeat_num":1}',
                'discriminator={"conv_dim":2,"repeat_num":2}',
                "batch=4", "num_iters_decay=1", "n_critic=1"),
    "starganv2": ("digit-domains", "style_dim=3", "latent_dim=2", "hidden_dim=4", "base_channels=2", "max_conv_dim=4",
                  "bottleneck=4", "batch=4"),
    "cyclegan": ("digit-domains:3,8", 'generator={"netG":"resnet","ngf":1,"n_blocks":1}',
                 'discriminator={"netD":"n_layers","ndf":2,"n_layers":1}', "batch=4"),
    "pix2pix": ("digit-edges", 'generator={"netG":"unet","ngf":1,"num_downs":5}',
                'discriminator={"netD":"n_layers","ndf":2,"n_layers":1}', "batch=4"),
}  # fmt: skip


def line(model: str, run_dir: Path, *more: str) -> list[str]:
    data, *pairs = TINY[model]
    pairs += ["tick_kimg=0.004", "snapshot_ticks=1"]
    settings = [word for pair in pairs for word in ("--set", pair)]
    known = ("--data", data, "--recipe", "digits32", "--device", "cpu", "--run-dir", str(run_dir))
    return ["train", "--model", model, *known, *settings, *more]


def told_by_a_diverged_run(monkeypatch: pytest.MonkeyPatch, *words: str) -> str:
    accumulate = steps.accumulate

    def spoilt(phase: plan.Phase, at: plan.StepContext, count: int) -> Any:
        found = accumulate(phase, at, count)
        return {name: mean * float("nan") for name, mean in found.items()} if at.step == 2 else found

    with monkeypatch.context() as patch:
        patch.setattr(steps, "accumulate", spoilt)
        return complaint_of(*words)


@pytest.mark.parametrize("model", TINY)
def test_the_command_that_a_diverged_run_recommends_goes_on(
    model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_dir = tmp_path / "a run"
    length = length_of(model, 3)
    told = told_by_a_diverged_run(monkeypatch, *line(model, run_dir, *length))
    assert " became nan at " in told
    words = shlex.split(told.partition("For example: ")[2])
    assert words[:2] == ["ganbench", "train"]
    assert words[2 : 2 + len(line(model, run_dir, *length)) - 1] == line(model, run_dir, *length)[1:]
    done = ganbench(*words[1:])
    assert done.exit_code == 0, done.stderr
    newest = snapshots.latest(run_dir)
    (change,) = newest.changes
    changed = {name: pair[1] for name, pair in change.items() if name != "kimg"}
    given = [word for word in words[words.index("--resume") :] if "=" in word]
    assert given == [f"{name}={value:g}" for name, value in changed.items()]
    assert all(name.endswith("lr") or name.partition(".")[0].endswith("lrs") for name in changed)
    if model == "progan":  # whose rate of this level is not g_lr
        assert changed["g_lrs.32"] == 0.001
    assert read_header(run_dir / f"{model}.safetensors")["changes"] == [change]
    assert [entry[log.CHANGED] for entry in log.read(run_dir / "log.jsonl") if log.CHANGED in entry] == [change]


def complaint_of(*arguments: str) -> str:
    done = ganbench(*arguments)
    assert done.exit_code == 2, done.output
    return done.stderr.splitlines()[-1]


def length_of(model: str, steps: int) -> tuple[str, ...]:
    """Return options for the length of a run, which some models count in iterations or epochs."""
    return ("--set", f"num_iters={steps}") if model == "stargan" else ("--kimg", str(0.004 * steps))


@pytest.mark.parametrize("rates", ["--glr 0.002 --dlr=0.002", "--g_lr=0.002 --set d_lr=0.002"])
def test_it_does_so_whatever_the_rates_were_called(rates: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given = (*rates.split(), "--gamma", "2", *length_of("stylegan2", 3))
    told = told_by_a_diverged_run(monkeypatch, *line("stylegan2", tmp_path / "run", *given))
    words = shlex.split(told.partition("For example: ")[2])
    assert "--gamma" in words
    assert "lr 0.002" not in told
    assert "lr=0.002" not in told
    found = ganbench(*words[1:])
    assert found.exit_code == 0, found.stderr


@pytest.mark.parametrize("model", TINY)
def test_metrics_at_snapshots_are_those_of_the_files_and_leave_the_training_alone(model: str, tmp_path: Path) -> None:
    length, metric = length_of(model, 2), "fid@20" if TINY[model][0] == "digits" else "fid_translated@4"
    if model in ("starganv2", "stargan"):
        metric = "lpips_latent@2" if model == "starganv2" else metric
    done = ganbench(*line(model, tmp_path / "measured", *length), "--metrics", metric)
    assert done.exit_code == 0, done.stderr
    assert ganbench(*line(model, tmp_path / "plain", *length)).exit_code == 0
    assert same(tmp_path / "measured", tmp_path / "plain")
    entries = log.read(tmp_path / "measured" / "metrics.jsonl")
    assert len(entries) == 2
    assert not any("missing" in entry for entry in entries), entries
    adapter, data = adapter_of(model), open_data(TINY[model][0])
    for entry in entries:
        weights = next((tmp_path / "measured").glob(f"{model}-{entry['kimg']:010.3f}.safetensors"))
        again = SnapshotMetrics(adapter, [metric], data, _protocol(model), tmp_path)
        again({"kimg": entry["kimg"], "weights": weights})
        assert log.read(tmp_path / "metrics.jsonl")[-1] == entry


def _protocol(model: str) -> str:
    from ganbench.cli.train import _benchmark

    return _benchmark(adapter_of(model), TINY[model][0])


def test_a_snapshot_that_was_not_measured_is_measured_when_the_run_resumes(tmp_path: Path) -> None:
    given = ("--metrics", "fid@20,kid@20")
    done = ganbench(*line("stylegan3", tmp_path, *length_of("stylegan3", 2)), *given)
    assert done.exit_code == 0, done.stderr
    path = tmp_path / "metrics.jsonl"
    lines = path.read_text().splitlines(keepends=True)
    assert len(lines) == 2
    for left, found in ((lines[:1], lines), ([], lines[1:])):  # stopped while measuring the last one; or the first one
        path.write_text("".join(left))
        done = ganbench(*line("stylegan3", tmp_path, *length_of("stylegan3", 2)), *given, "--resume")
        assert done.exit_code == 0, done.stderr
        assert path.read_text() == "".join(found)
        assert "fid@20 " in done.stderr.splitlines()[0]
    done = ganbench(*line("stylegan3", tmp_path, *length_of("stylegan3", 2)), *given, "--resume")
    assert path.read_text() == "".join(lines[1:])


def test_what_is_no_best_snapshot_is_left_out(tmp_path: Path) -> None:
    good = {"value": 2.5, "kimg": 1, "weights": "a.safetensors", "higher_is_better": False}
    odd = [3, None, [], {}, {**good, "value": "x"}, {**good, "kimg": 10**400}, {**good, "weights": 5}, good]
    (tmp_path / "best.json").write_text(json.dumps({f"fid@{place}": each for place, each in enumerate(odd)}))
    assert snapshot_metrics.best_of(tmp_path) == {f"fid@{len(odd) - 1}": good}
    (tmp_path / "best.json").write_text("[" * 100000)
    assert snapshot_metrics.best_of(tmp_path) == {}


@pytest.mark.parametrize("resumed", [False, True])
def test_the_best_snapshots_are_named_and_linked(tmp_path: Path, resumed: bool) -> None:
    given = ("--metrics", "fid@20,vendi@20")
    for length, more in ((2, ()), (4, ("--resume",))) if resumed else ((4, ()),):
        done = ganbench(*line("stylegan3", tmp_path, *length_of("stylegan3", length)), *given, *more)
        assert done.exit_code == 0, done.stderr
    entries = log.read(tmp_path / "metrics.jsonl")
    assert len(entries) == 4
    named = json.loads((tmp_path / "best.json").read_text())
    keys = list(entries[0])[1:]
    assert len(keys) == 2
    assert list(named) == keys
    for key, best in zip(keys, (min, max), strict=True):
        value = best(entry[key] for entry in entries)
        kimg = next(entry["kimg"] for entry in entries if entry[key] == value)
        weights = f"stylegan3-{kimg:010.3f}.safetensors"
        assert named[key] == {"value": value, "kimg": kimg, "weights": weights, "higher_is_better": best is max}
        assert f"best {key}: {value:.5g} at kimg {kimg:g} ({weights})" in done.stderr.splitlines()
    first = tmp_path / named[keys[0]]["weights"]
    assert (tmp_path / "best.safetensors").samefile(first)
    assert len({entry[keys[0]] for entry in entries}) == 4
