"""Names that are not UTF-8, or that are there to harm: measured, recorded, and printed as plain text."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.cli.command_line import ganbench

HOSTILE = "x\x1b[2J\x1b]0;owned\x07\u202e=1"


def odd(folder: Path, name: str) -> Path:
    return Path(os.fsdecode(os.fsencode(folder) + b"/" + name.encode() + b"\xff"))


def photos(folder: Path) -> Path:
    folder.mkdir(parents=True)
    random = np.random.default_rng(0)
    for number in range(12):
        Image.fromarray(random.integers(0, 256, (16, 16, 3), np.uint8)).save(folder / f"{number}.png")
    return folder


def is_plain(text: str) -> bool:
    return text.replace("\n", "").isprintable()


@pytest.mark.parametrize("name", ["results", HOSTILE])
def test_any_results_folder_holds_records_that_table_and_check_read(name: str, tmp_path: Path) -> None:
    where = odd(tmp_path, name)
    line = ("run", "--model", "waves", "--metrics", "fid@8", "--results-dir", where)
    done = ganbench(*line)
    assert done.exit_code == 0, done.stderr
    assert is_plain(done.stdout + done.stderr)
    assert is_plain(done.stdout)
    assert "\\xff/records/" in done.stdout
    (path,) = (where / "records").glob("*.json")
    assert json.loads(path.read_bytes())["command"]
    done = ganbench("table", where)
    assert done.exit_code == 0, done.stderr
    assert is_plain(done.stdout + done.stderr)
    assert is_plain(done.stdout)
    done = ganbench("table", "--results-dir", where, "--output", where / "table.csv")
    assert done.exit_code == 0, done.stderr
    assert is_plain(done.stdout + done.stderr)
    done = ganbench("check", "--baseline", path, "--results-dir", where, "--max-regression", "fid=1%")
    assert "expected a record newer than the baseline" in done.stderr
    assert is_plain(done.stderr)


@pytest.mark.parametrize("name", ["data", HOSTILE])
def test_any_data_and_weights_are_recorded_and_named(name: str, tmp_path: Path) -> None:
    data = photos(odd(tmp_path, name))
    line = ("run", "--model", f"images:{data}", "--data", data, "--benchmark", "toy", "--metrics", "fid@8")
    done = ganbench(*line, "--results-dir", tmp_path)
    assert done.exit_code == 0, done.stderr
    assert is_plain(done.stdout + done.stderr)
    for form in ("text", "markdown", "csv", "latex", "html"):
        done = ganbench("table", "--results-dir", tmp_path, "--format", form)
        assert done.exit_code == 0, done.stderr
        assert is_plain(done.stdout)
        assert "xff" in done.stdout
