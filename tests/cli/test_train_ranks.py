"""``ganbench train`` started by ``torchrun``, against itself started alone."""

import json
import os
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path

import click
import pytest

from baselines.training import ranks
from ganbench.cli.train import together
from tests.cli.command_line import ganbench

RUN = ("train", "--model", "stylegan2", "--data", "digits:train", "--kimg", "0.032", "--device", "cpu")


def several(count: int, *words: str) -> subprocess.CompletedProcess[str]:
    launcher = (sys.executable, "-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={count}")
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.run(
        [*launcher, "-m", "ganbench", *words],
        env=environment,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


def test_two_processes_log_and_measure_what_one_does_and_speak_once(tmp_path: Path) -> None:
    found = several(2, *RUN, "--run-dir", str(tmp_path / "two"), "--metrics", "fid@20")
    assert found.returncode == 0, found.stderr
    assert found.stdout == f"{tmp_path / 'two' / 'stylegan2.safetensors'}\n"
    assert [line.split()[2] for line in found.stderr.splitlines() if line.startswith("kimg")] == ["s/kimg", "fid@20"]
    assert len((tmp_path / "two" / "metrics.jsonl").read_text().splitlines()) == 1
    assert ganbench(*RUN, "--run-dir", str(tmp_path / "one")).exit_code == 0
    (two,), (one,) = (
        [json.loads(line) for line in (tmp_path / name / "log.jsonl").read_text().splitlines()]
        for name in ("two", "one")
    )
    assert two["losses"] == pytest.approx(one["losses"], rel=1e-3, abs=1e-3)  # in float32, after two steps of Adam


def test_processes_that_cannot_share_the_batch_say_so_once_and_end(tmp_path: Path) -> None:
    found = several(3, *RUN, "--run-dir", str(tmp_path / "three"))
    assert found.returncode != 0
    (line,) = [line for line in found.stderr.splitlines() if line.startswith("ganbench: ")]
    assert "divides the 4 groups of a batch" in line
    assert line.endswith("found 3: start another number of them.")
    assert "exitcode  : 2" in found.stderr


@pytest.mark.parametrize(("error", "code"), [(ValueError("?"), 2), (KeyboardInterrupt(), 130)])
def test_whoever_is_not_the_first_to_fail_ends_in_silence(
    monkeypatch: pytest.MonkeyPatch, error: BaseException, code: int
) -> None:
    monkeypatch.setenv("TORCHELASTIC_RUN_ID", "1")
    for first in (True, False):
        monkeypatch.setattr(ranks, "joined", lambda first=first: nullcontext(lambda: first))
        with pytest.raises(type(error) if first else click.exceptions.Exit) as stop, together():
            raise error
    assert isinstance(stop.value, click.exceptions.Exit)
    assert stop.value.exit_code == code


def test_alone_it_speaks() -> None:
    with together() as speaks:
        assert speaks
