"""``ganbench data prepare`` from the command line."""

import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import get_args

import pytest

from ganbench.cli.data import COLOURS, CROPS, FILTERS
from ganbench.data import open_data, preparing
from ganbench.images import ResizeMethod
from tests.cli.command_line import complaint, ganbench
from tests.data.image_sets import dataset_json, noise, write_folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Six images of 16x16 with labels."""
    path = write_folder(tmp_path / "a", noise(6))
    (path / "dataset.json").write_bytes(dataset_json([0, 1, 2, 0, 1, 2]))
    return path


def test_crops_and_filters_are_those_of_the_library() -> None:
    assert (preparing.CROPS, preparing.COLOURS) == (CROPS, COLOURS)
    assert get_args(ResizeMethod) == FILTERS


def test_a_zip_is_written_and_its_path_printed(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "b.zip"
    done = ganbench("data", "prepare", folder, "--out", out, "--size", 8, "--filter", "box", "--limit", 5)
    assert (done.exit_code, done.stdout) == (0, f"{out}\n"), done.stderr
    assert "5 images, 8x8 RGB, with labels" in done.stderr
    data = open_data(out)
    assert (len(data), data.resolution, data.label_dim) == (5, 8, 3)


def test_labels_may_be_left_out_or_named(folder: Path, tmp_path: Path) -> None:
    for labels, expected in (("none", 0), ("folders", 2), (folder / "dataset.json", 3)):
        out = tmp_path / f"{expected}.zip"
        assert ganbench("data", "prepare", folder, "--out", out, "--labels", labels).exit_code == 0
        assert open_data(out).label_dim == expected


def test_an_older_zip_stays_unless_forced(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "b.zip"
    out.write_bytes(b"precious")
    assert "b.zip exists" in complaint("data", "prepare", folder, "--out", out)
    assert out.read_bytes() == b"precious"
    assert ganbench("data", "prepare", folder, "--out", out, "--force").exit_code == 0
    assert len(open_data(out)) == 6


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--filter", "pil-lanzcos"], "did you mean pil-lanczos?"),
        (["--crop", "centre-crop"], "did you mean center-crop"),
        (["--size", "big"], "expected a size in pixels, found 'big'"),
        (["--size", "8x4"], "expected a square size, found 8x4"),
        (["--size", "9" * 5000], "expected a size in pixels"),
        (["--labels", "nowhere.json"], "found no file 'nowhere.json'"),
        (["--out", "b.tar"], "name ending in .zip"),
        (["--out", "/nowhere/b/c.zip"], "cannot write to"),
    ],
)
def test_what_cannot_be_is_told_in_one_sentence(
    folder: Path, options: list[str], told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    if options[1].startswith("/nowhere"):
        monkeypatch.setattr("ganbench.cli.files.probe", refuse)
    assert told in complaint("data", "prepare", folder, "--out", "b.zip", *options)
    assert not (folder / "b.zip").exists()


def refuse(folder: Path) -> None:
    raise OSError(30, "Read-only file system")


def test_the_group_shows_its_verbs_and_the_nearest() -> None:
    assert "prepare" in ganbench("data").stdout
    assert "did you mean prepare?" in complaint("data", "perpare")
    assert "ganbench data prepare" in ganbench("data", "prepare", "--help").stdout


def test_a_killed_run_is_continued(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "a", noise(40, 64))
    line = [sys.executable, "-m", "ganbench", "data", "prepare", str(folder), "--size", "512", "--out"]
    child = subprocess.Popen([*line, str(tmp_path / "b.zip")], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    with child:
        until = time.monotonic() + 60
        while not any(part.stat().st_size > 2**20 for part in tmp_path.glob(".b.zip.*.partial")):
            assert time.monotonic() < until
            assert child.poll() is None
            time.sleep(0.002)
        child.send_signal(signal.SIGKILL)
    assert not (tmp_path / "b.zip").exists()
    done = ganbench("data", "prepare", folder, "--size", 512, "--out", tmp_path / "b.zip")
    assert "images were already there" in done.stderr
    ganbench("data", "prepare", folder, "--size", 512, "--out", tmp_path / "c.zip")
    assert (tmp_path / "b.zip").read_bytes() == (tmp_path / "c.zip").read_bytes()


def test_labels_that_are_not_read_are_told(folder: Path, tmp_path: Path) -> None:
    (folder / "dataset.json").rename(folder / "00000" / "dataset.json")
    done = ganbench("data", "prepare", folder, "--out", tmp_path / "b.zip")
    assert "00000/dataset.json are not read: move them to" in done.stderr
    assert "6 images, 16x16 RGB, without labels" in done.stderr
