"""A run that is killed, or whose disk fails, at each operation that changes the disk; and real kills of a process."""

import errno
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from baselines.errors import TrainingError, WriteError
from baselines.training import folder, snapshots
from baselines.training.files import PARTIAL
from tests.training import tiny
from tests.training.disk import Disk, Killed

ROOT = Path(__file__).resolve().parents[2]
STEPS = 3  # each with a line in the log, a snapshot, weights and a grid; the third snapshot replaces the first


def train(run_dir: Path, steps: int = STEPS, resume: bool = False) -> None:
    tiny.train(run_dir, steps, resume=resume, tick=1, snapshot=1)


def go_on(run_dir: Path) -> None:
    """Start a run again, or resume it, as its folder allows."""
    try:
        folder.check(run_dir, resume=False)
    except TrainingError:
        folder.check(run_dir, resume=True)
        train(run_dir, resume=True)
    else:
        train(run_dir)


def fresh(run_dir: Path) -> None:
    train(run_dir)


def resumed(run_dir: Path) -> None:
    train(run_dir, resume=True)


def half_done(run_dir: Path) -> None:
    train(run_dir, 1)


BEGINNINGS = [pytest.param(lambda run_dir: None, fresh, id="fresh"), pytest.param(half_done, resumed, id="resumed")]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Flushing to a real disk takes most of the time and is not what is tested."""
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    run_dir = tmp_path_factory.mktemp("quiet") / "run"
    train(run_dir)
    return run_dir


def stopped(
    run_dir: Path, begin: Callable[[Path], None], run: Callable[[Path], None], at: int | None, error: int | None = None
) -> tuple[Disk, BaseException | None]:
    """Return the disk and the error of a run that was stopped at an operation."""
    begin(run_dir)
    disk, found = Disk(run_dir, at, error), None
    with pytest.MonkeyPatch.context() as patch:
        disk.install(patch)
        try:
            run(run_dir)
        except (Killed, OSError) as problem:
            found = problem
    return disk, found


def assert_as_if_nothing_happened(run_dir: Path, quiet: Path) -> None:
    names = {path.name for path in run_dir.iterdir()}
    assert names == {path.name for path in quiet.iterdir()}
    for name in names - {"lock", "log.jsonl"}:
        assert (run_dir / name).read_bytes() == (quiet / name).read_bytes(), name
    lines = [[json.loads(line) for line in (at / "log.jsonl").read_text().splitlines()] for at in (run_dir, quiet)]
    assert [(entry["step"], entry["losses"]) for entry in lines[0]] == [
        (entry["step"], entry["losses"]) for entry in lines[1]
    ]


@pytest.mark.parametrize(("begin", "run"), BEGINNINGS)
def test_killed_anywhere_it_starts_again_or_goes_on_to_the_same_bits(
    tmp_path: Path, quiet: Path, begin: Callable[[Path], None], run: Callable[[Path], None]
) -> None:
    counted, _ = stopped(tmp_path / "whole" / "run", begin, run, None)
    assert len(counted.points) > 50
    for at in range(len(counted.points)):
        run_dir = tmp_path / str(at) / "run"
        _, error = stopped(run_dir, begin, run, at)
        assert isinstance(error, Killed), counted.points[at]
        go_on(run_dir)
        assert_as_if_nothing_happened(run_dir, quiet)


def targets(points: list[tuple[str, Path]]) -> list[str]:
    """Return which file each operation is for: of a partial file, the one that it becomes."""
    found: list[str] = []
    final = ""
    for operation, path in reversed(points):
        if operation == "replace":
            final = path.name
        own = PARTIAL.fullmatch(path.name)
        found.append(final if own else path.name)
    names = found[::-1]
    for place, (operation, _) in enumerate(points):
        if operation == "open folder" or (operation == "fsync" and points[place - 1][0] == "open folder"):
            names[place] = names[place - 1]
    return names


@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EROFS])
@pytest.mark.parametrize(("begin", "run"), BEGINNINGS)
def test_a_disk_that_fails_is_told_with_the_file_and_costs_no_snapshot(
    tmp_path: Path, quiet: Path, begin: Callable[[Path], None], run: Callable[[Path], None], error: int
) -> None:
    counted, _ = stopped(tmp_path / "whole" / "run", begin, run, None)
    for at, (name, point) in enumerate(zip(targets(counted.points), counted.points, strict=True)):
        if error == errno.ENOSPC and point[0] in ("unlink", "open folder"):
            continue
        run_dir = tmp_path / str(at) / "run"
        _, found = stopped(run_dir, begin, run, at, error)
        assert isinstance(found, WriteError), point
        expected = run_dir if point[0] == "mkdir" else run_dir / name
        assert (found.filename, found.errno) == (str(expected), error), point
        assert str(found).startswith(f"cannot write {expected} ({os.strerror(error)}): free space or choose")
        assert begin is not half_done or snapshots.listed(run_dir)
        if error == errno.ENOSPC and run_dir.exists():
            assert not [path for path in run_dir.iterdir() if PARTIAL.fullmatch(path.name)], point
        go_on(run_dir)
        assert_as_if_nothing_happened(run_dir, quiet)


KILLING = """
import os, signal, sys
from pathlib import Path
from tests.training import tiny

def hook(event, arguments, seen=[0]):
    if event == sys.argv[2] and str(arguments[-3 if event == "open" else 1]).startswith(sys.argv[1]):
        seen[0] += 1
        if seen[0] == int(sys.argv[3]):
            os.kill(os.getpid(), signal.SIGKILL)

sys.addaudithook(hook)
tiny.train(Path(sys.argv[1]), 3, tick=1, snapshot=1)
"""


@pytest.mark.parametrize(("event", "count"), [("os.rename", 2), ("os.rename", 5)], ids=["first", "second snapshot"])
def test_a_process_killed_outright_starts_again_or_goes_on(tmp_path: Path, quiet: Path, event: str, count: int) -> None:
    run_dir = tmp_path / "run"
    command = [sys.executable, "-c", KILLING, str(run_dir), event, str(count)]
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, "OMP_NUM_THREADS": "1"}, check=False, timeout=120)
    assert done.returncode == -signal.SIGKILL
    assert [path for path in run_dir.iterdir() if PARTIAL.fullmatch(path.name)], "it was killed before a renaming"
    go_on(run_dir)
    assert_as_if_nothing_happened(run_dir, quiet)
