"""Several processes on one run, for real: the same record, nothing shared but messages, and what becomes of a lost one.

The model is a function in a file: latents become images, and process 1 may be told to die in the middle.
"""

import json
import multiprocessing
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
import pytest

from ganbench.cli import main
from ganbench.cli.several import SharedVerb, in_rank
from ganbench.engine import ranks
from ganbench.errors import LostProcessError
from tests.cli.command_line import ganbench

FRAGILE = """
import os, signal, sys
from pathlib import Path
import torch

def make():
    calls = [0]
    def images(z):
        calls[0] += 1
        die_once = Path(os.environ.get("DIES_ONCE", "/nonexistent/file"))
        if os.environ.get("RANK") == "1" and calls[0] > 70 and die_once.parent.is_dir() and not die_once.exists():
            die_once.write_text("")
            os.kill(os.getpid(), signal.SIGKILL)
        slopes = z[:, 1:2, None, None] * torch.linspace(-1, 1, 32)
        return torch.tanh(z[:, :1, None, None] + slopes).expand(-1, 1, 32, 32)
    return images
"""
RUN = ("run", "--model", "fragile:make", "--z-dim", "8", "--benchmark", "digits", "--metrics", "fid@4k,is@2k")


@pytest.fixture
def where(tmp_path: Path) -> Path:
    (tmp_path / "fragile.py").write_text(FRAGILE)
    return tmp_path


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """What one process finds."""
    where = tmp_path_factory.mktemp("alone")
    (where / "fragile.py").write_text(FRAGILE)
    done = ran(where, "one", *RUN)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("record: ") == 1
    return results(where, "one")


def environment(where: Path, cache: str, **more: str) -> dict[str, str]:
    path = os.pathsep.join(filter(None, (str(where), os.environ.get("PYTHONPATH"))))
    return {**os.environ, "PYTHONPATH": path, "GANBENCH_CACHE": str(where / cache), "OMP_NUM_THREADS": "1", **more}


def ran(
    where: Path, name: str, *words: str, start: tuple[str, ...] = (), **more: str
) -> subprocess.CompletedProcess[str]:
    """Run a command line in processes of its own, with a cache and a results folder of its own."""
    return subprocess.run(
        [sys.executable, "-m", *(start or ()), *(("-m",) if start else ()), "ganbench", *words, "--results-dir", name],
        env=environment(where, f"{name}-cache", **more),
        cwd=where,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def results(where: Path, name: str) -> list[dict[str, Any]]:
    (path,) = (where / name / "records").iterdir()
    found: list[dict[str, Any]] = json.loads(path.read_text())["results"]
    return found


def torchrun(*words: str) -> tuple[str, ...]:
    return ("torch.distributed.run", *words)


def test_processes_of_ones_own_or_of_torchrun_give_the_record_of_one(where: Path, alone: list[dict[str, Any]]) -> None:
    several = ran(where, "two", *RUN, "--nproc", "2")
    assert several.returncode == 0, several.stderr
    launched = ran(where, "run", *RUN, start=torchrun("--standalone", "--nproc-per-node=2"))
    assert launched.returncode == 0, launched.stderr
    assert results(where, "two") == results(where, "run") == alone
    for done in (several, launched):
        assert done.stdout.count("record: ") == 1  # the others print nothing


def two_machines(where: Path, *words: str) -> list[subprocess.CompletedProcess[str]]:
    """Run a command line by two launchers, whose processes have caches, results and current folders apart."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    started = []
    for node in range(2):
        launcher = torchrun("--nnodes=2", f"--node-rank={node}", "--nproc-per-node=1", f"--master-port={port}")
        command = [sys.executable, "-m", *launcher, "--master-addr=127.0.0.1", "-m", "ganbench", *words]
        given = {**environment(where, f"cache-{node}"), "PYTHONPATH": os.environ.get("PYTHONPATH", "")}
        started.append(
            subprocess.Popen(
                [*command, "--results-dir", "results"],
                env=given,
                cwd=where / str(node),
                stderr=subprocess.PIPE,
                text=True,
            )
        )
    said = [process.communicate(timeout=300)[1] for process in started]
    return [
        subprocess.CompletedProcess(process.args, process.returncode, "", errors)
        for process, errors in zip(started, said, strict=True)
    ]


def test_two_machines_need_no_disk_in_common(where: Path, alone: list[dict[str, Any]]) -> None:
    for node in "01":
        (where / node).mkdir()
        (where / node / "fragile.py").write_text(FRAGILE)
    assert [done.returncode for done in two_machines(where, *RUN)] == [0, 0]
    (written,) = [node for node in "01" if (where / node / "results").exists()]
    assert results(where, f"{written}/results") == alone
    assert not list((where / f"cache-{1 - int(written)}").rglob("*.safetensors"))


def test_a_machine_with_other_weights_is_refused(where: Path) -> None:
    for node in "01":
        (where / node).mkdir()
        (where / node / "fragile.py").write_text(FRAGILE + f"# {node}")
    done = two_machines(where, *RUN)
    told = [line for each in done for line in each.stderr.splitlines() if line.startswith("ganbench: ")]
    assert len(told) == 1
    assert "process 1: expected what the first process computes, found other weights" in told[0]
    assert not list(where.rglob("results/records/*.json"))


def test_a_lost_process_ends_the_run_in_one_sentence_and_costs_its_unfinished_shard(
    where: Path, alone: list[dict[str, Any]]
) -> None:
    lost = ran(where, "lost", *RUN, "--nproc", "2", DIES_ONCE=str(where / "died"))
    assert lost.returncode == 2
    told = [line for line in lost.stderr.splitlines() if line.startswith("ganbench: ")]
    assert len(told) == 1, lost.stderr
    assert re.search(r"found that process 1 ended \(signal 9\): repeat the command to continue", told[0])
    assert "Traceback" not in lost.stderr
    assert list((where / "lost-cache").rglob("*.safetensors"))  # what was finished is kept
    assert ran(where, "lost", *RUN).returncode == 0
    assert results(where, "lost") == alone


def test_of_a_lost_process_the_launcher_tells_alone(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The first process sees a closed connection, perhaps before the launcher sees why, and has time to say so."""

    @contextmanager
    def broken() -> Iterator[bool]:
        raise ranks.lost(1, "Connection closed by peer")
        yield True

    monkeypatch.setenv("TORCHELASTIC_RUN_ID", "one")
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setattr(ranks, "shared", broken)
    monkeypatch.setattr(multiprocessing, "parent_process", object)
    with pytest.raises(LostProcessError):
        in_rank("run", "--model", "stylegan3", "--metrics", "fid@20")
    assert not capsys.readouterr().err
    monkeypatch.setattr(multiprocessing, "parent_process", lambda: None)  # as under torchrun
    assert in_rank("run", "--model", "stylegan3", "--metrics", "fid@20") == 2
    assert "found that process 1 has ended (Connection closed" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("variable", "value"),
    [("WORLD_SIZE", "x"), ("WORLD_SIZE", "0"), ("LOCAL_WORLD_SIZE", "-1"), ("LOCAL_WORLD_SIZE", "")],
)
def test_a_number_of_processes_that_is_none_is_told_with_its_variable(
    variable: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORCHELASTIC_RUN_ID", "one")
    monkeypatch.setenv(variable, value)
    done = ganbench("run", "--model", "stylegan3", "--metrics", "fid@20")
    assert done.exit_code == 2
    told = done.stderr.splitlines()[-1]
    assert told.startswith(f"ganbench: expected a number of processes in ${variable}, found {value!r}")


@pytest.mark.parametrize("value", [None, "x"])
def test_variables_of_torchrun_that_are_missing_or_senseless_are_told(
    value: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORCHELASTIC_RUN_ID", "one")
    monkeypatch.setenv("WORLD_SIZE", "2")
    if value is not None:
        monkeypatch.setenv("RANK", value)
    done = ganbench("run", "--model", "stylegan3", "--metrics", "fid@20")
    assert (done.exit_code, done.stderr.count("\n")) == (2, 1)
    assert "expected the variables of torchrun, found others (" in done.stderr


def test_a_run_that_may_restart_goes_on(where: Path, alone: list[dict[str, Any]]) -> None:
    done = ran(where, "again", *RUN, "--nproc", "2", "--max-restarts", "1", DIES_ONCE=str(where / "died"))
    assert done.returncode == 0, done.stderr
    assert (where / "died").exists()
    assert results(where, "again") == alone


def test_an_interrupt_is_told_once(where: Path) -> None:
    command = [sys.executable, "-m", "ganbench", *RUN[:-1], "fid@500k", "--nproc", "2", "--results-dir", "i"]
    process = subprocess.Popen(
        command, env=environment(where, "i"), cwd=where, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    deadline = time.monotonic() + 120
    while not list((where / "i").rglob("*.safetensors")) and time.monotonic() < deadline:
        time.sleep(0.1)
    os.killpg(process.pid, signal.SIGINT)  # as Ctrl-C does
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 130
    assert errors.count("interrupted by SIGINT: repeat the command to continue.") == 1, errors
    assert "Traceback" not in errors
    assert "death signal" not in errors, "the launcher's own words"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_an_interrupt_of_one_process_is_told_with_how_to_go_on(
    number: signal.Signals, monkeypatch: pytest.MonkeyPatch
) -> None:
    verb = SharedVerb(
        "run", params=[click.Option(["--nproc"], default=1)], callback=lambda nproc: signal.raise_signal(number)
    )
    monkeypatch.setattr(main, "get_command", lambda ctx, name: verb)
    # Whoever started the tests may have had a signal ignored, as a shell does in the background.
    usual = signal.default_int_handler if number is signal.SIGINT else signal.SIG_DFL
    before = signal.signal(number, usual)
    try:
        done = ganbench("run")
        assert signal.getsignal(number) is usual
    finally:
        signal.signal(number, before)
    told = f"ganbench: interrupted by {number.name}: repeat the command to continue.\n"
    assert (done.exit_code, done.stderr) == (130, told)


def test_bad_input_is_told_once_and_exits_as_without_processes(where: Path) -> None:
    done = ran(where, "bad", *RUN[:-1], "fud", "--nproc", "2")
    assert done.returncode == 2
    assert sum(line.startswith("ganbench: ") for line in done.stderr.splitlines()) == 1


def test_verbs_with_nproc_share_their_work() -> None:
    import importlib

    for name in ("run", "truncation"):
        assert isinstance(importlib.import_module(f"ganbench.cli.{name}").command, SharedVerb)
