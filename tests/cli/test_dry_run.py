"""``ganbench train --dry-run``: what a run would cost, and nothing written."""

import re
from pathlib import Path

import pytest

from baselines.stylegan2.networks import Generator
from ganbench.models.base import adapter_of
from tests.cli.command_line import complaint, ganbench

TINY = ("--set", "generator.channel_base=64,generator.channel_max=8,discriminator.channel_base=64,batch=8")


def test_a_dry_run_says_parameters_memory_and_time_and_writes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = ganbench("train", "--model", "stylegan2", "--data", "digits", "--device", "cpu", "--dry-run", *TINY)
    assert done.exit_code == 0, done.stderr
    parameters, memory, time = done.stdout.splitlines()
    config = {**adapter_of("stylegan2").recipes["digits32"].settings["generator"], "channel_base": 64, "channel_max": 8}
    G = Generator(c_dim=0, img_resolution=32, img_channels=1, **config)
    assert f"parameters: G {sum(each.numel() for each in G.parameters()):,}, D " in parameters
    assert not re.search(r"G_ema|augment| 0(,|$)", parameters)
    assert re.fullmatch(r"memory: \d+\.\d GiB at most", memory)
    found = re.fullmatch(r"time: ([\d.]+) s a kimg, ([\d.]+) hours for 200 kimg", time)
    assert found is not None, time
    assert float(found[2]) == pytest.approx(float(found[1]) * 200 / 3600, rel=0.01)
    assert "measuring Gmain" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_trained_has_no_cost(tmp_path: Path) -> None:
    line = ("train", "--model", "stylegan2", "--data", "digits", "--dry-run", "--run-dir", tmp_path / "run")
    assert "expected the setting batch" in complaint(*line, "--batch", "0")
    assert not (tmp_path / "run").exists()
