"""``ganbench train`` started by ``torchrun``, against itself started alone."""

import json
import os
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path

import click
import pytest

from baselines.training import log, ranks
from ganbench.cli.snapshot_metrics import SnapshotMetrics
from ganbench.cli.train import together
from ganbench.data import open_data
from ganbench.models.base import adapter_of
from tests.cli.command_line import ganbench
from tests.cli.test_train_goes_on import length_of, line

RUN = ("train", "--model", "stylegan2", "--data", "digits:train", "--kimg", "0.032", "--device", "cpu")


def several(count: int, *words: str, program: tuple[str, ...] = ("ganbench",)) -> subprocess.CompletedProcess[str]:
    launcher = (sys.executable, "-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={count}")
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONFAULTHANDLER": "1"}  # a crash shows its stack
    return subprocess.run(
        [*launcher, "-m", *program, *words],
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


def shards(folder: Path) -> tuple[list[str], list[str]]:
    """Return what two processes computed since the last call."""
    paths = [folder / f"samples-{rank}" for rank in (0, 1)]
    first, second = (path.read_text().splitlines() for path in paths)
    for path in paths:
        path.unlink()
    return first, second


def test_all_processes_measure_a_snapshot_and_one_that_a_stopped_run_had_not_measured(tmp_path: Path) -> None:
    """The numbers are those of one process, to the last bit."""
    pairs = 'discriminator={"channel_base":64,"channel_max":4,"epilogue_kwargs":{"mbstd_group_size":2}}'
    run_dir, metrics = tmp_path / "run", ("fid@1100", "is@1100")
    known = line("stylegan2", run_dir, *length_of("stylegan2", 2), "--metrics", ",".join(metrics))
    words = [pairs if word.startswith("discriminator=") else word for word in known]
    program = ("tests.cli.counted_samples", str(tmp_path))
    found = several(2, *words, program=program)
    assert found.returncode == 0, found.stderr
    entries = log.read(run_dir / "metrics.jsonl")
    assert [len(entry) for entry in entries] == [4, 4], entries
    first, second = shards(tmp_path)
    assert sorted(first + second) == sorted([*set(first + second)] * 2)  # once for each snapshot
    assert sum("samples" in shard for shard in second) == 2  # one of two shards
    assert any("reals" in shard for shard in second)

    alone = SnapshotMetrics(adapter_of("stylegan2"), metrics, open_data("digits"), "digits", tmp_path)
    for entry in entries:
        alone({"kimg": entry["kimg"], "weights": run_dir / f"stylegan2-{entry['kimg']:010.3f}.safetensors"})
    assert log.read(tmp_path / "metrics.jsonl") == entries

    kept = (run_dir / "metrics.jsonl").read_text().splitlines(keepends=True)
    (run_dir / "metrics.jsonl").write_text(kept[0])
    found = several(2, *words, "--resume", program=program)
    assert found.returncode == 0, found.stderr
    assert (run_dir / "metrics.jsonl").read_text() == "".join(kept)
    assert [line[:4] for line in found.stderr.splitlines() if "@" in line] == ["kimg", "best", "best"]
    assert "(best.safetensors)" not in found.stderr  # but the file of a snapshot
    first, second = shards(tmp_path)
    assert sorted(first + second) == sorted(set(first + second))
    assert len(second) >= 2


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
