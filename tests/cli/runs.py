"""Runs within the tests: their exit code and output, and images to measure."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ganbench.cli import main

Outcome = tuple[int, str, str]
Invoke = Callable[..., Outcome]


@pytest.fixture
def invoke(capsys: pytest.CaptureFixture[str]) -> Invoke:
    """Run a command line in this process; returns exit code, stdout and stderr."""

    def run(*arguments: str | Path) -> Outcome:
        with pytest.raises(SystemExit) as stop:
            main.main([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        return int(stop.value.code or 0), out, err

    return run


def snapshot(folder: Path) -> dict[str, bytes]:
    """Return every file below a folder with its content."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


@pytest.fixture
def results(tmp_path: Path) -> Path:
    return tmp_path / "results"


def images(folder: Path, count: int = 12, size: int = 32, mode: str = "L") -> Path:
    """Write random images of one size and mode."""
    folder.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(0)
    for i in range(count):
        shape = (size, size) if mode == "L" else (size, size, len(mode))
        Image.fromarray(noise.integers(0, 256, shape, dtype=np.uint8), mode).save(folder / f"{i:03}.png")
    return folder
