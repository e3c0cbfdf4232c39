"""Running a command line within the tests."""

from pathlib import Path
from typing import Any

import numpy as np
from click.testing import CliRunner, Result
from PIL import Image

from ganbench.cli import main


def ganbench(*arguments: object) -> Result:
    """Return what a command line printed and how it exited."""
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def complaint(*arguments: object) -> str:
    """Return the one sentence of a command that could not run."""
    done = ganbench(*arguments)
    assert done.exit_code == 2, done.output
    assert done.stdout == ""
    lines = done.stderr.splitlines()
    assert len(lines) == 1, lines
    assert lines[0].startswith("ganbench: ")
    return lines[0]


def drawn(out: Path, *arguments: object) -> list[str]:
    """Return the names of the files that a command line printed, which are all of those in ``out``."""
    done = ganbench(*arguments, "--out", out)
    assert done.exit_code == 0, done.stderr
    paths = [Path(line) for line in done.stdout.splitlines()]
    assert all(path.parent == out for path in paths)
    assert sorted(path.name for path in paths) == sorted(path.name for path in out.iterdir())
    return [path.name for path in paths]


def pixels(path: Path) -> "np.ndarray[Any, np.dtype[np.uint8]]":
    """Return the pixels of an image file."""
    with Image.open(path) as image:
        return np.asarray(image)
