import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import toygan
from PIL import Image

from ganbench.pictures import Sampler
from tests.cli.command_line import complaint, drawn, ganbench, pixels


def draw(out: Path, *arguments: Any) -> list[str]:
    return drawn(out, "generate", "--model", "waves", *arguments)


def of_seed(seed: int, **settings: Any) -> "np.ndarray[Any, np.dtype[np.uint8]]":
    found: np.ndarray[Any, np.dtype[np.uint8]] = (
        Sampler(toygan.adapter.load(None, "cpu"), **settings).image(seed)[0].numpy()
    )
    return found


def test_every_seed_is_a_file(tmp_path: Path) -> None:
    assert draw(tmp_path / "a" / "out", "--seeds", "3,1-2,3") == ["seed0003.png", "seed0001.png", "seed0002.png"]
    for seed in (1, 2, 3):
        assert np.array_equal(pixels(tmp_path / "a" / "out" / f"seed{seed:04d}.png"), of_seed(seed))


def test_sixteen_seeds_are_the_default(tmp_path: Path) -> None:
    assert draw(tmp_path / "out") == [f"seed{seed:04d}.png" for seed in range(16)]


def test_truncation_and_motion_reach_the_model(tmp_path: Path) -> None:
    draw(tmp_path / "psi", "--seeds", "1", "--truncation", "0.5")
    assert np.array_equal(pixels(tmp_path / "psi" / "seed0001.png"), of_seed(1, truncation_psi=0.5))
    draw(tmp_path / "moved", "--seeds", "1", "--translate", "0.25,0")
    moved = pixels(tmp_path / "moved" / "seed0001.png").astype(int)
    assert np.abs(moved - np.roll(of_seed(1), 8, axis=1)).max() <= 1
    draw(tmp_path / "turned", "--seeds", "1", "--rotate", "90")
    turned = pixels(tmp_path / "turned" / "seed0001.png").astype(int)
    assert np.abs(turned - np.rot90(of_seed(1))).max() <= 1


def test_a_grid_is_one_sheet(tmp_path: Path) -> None:
    assert draw(tmp_path / "out", "--grid", "3x2") == ["grid.png"]
    sheet = pixels(tmp_path / "out" / "grid.png")
    assert sheet.shape == (64, 96)
    assert np.array_equal(sheet[32:, :32], of_seed(3))


def test_a_sweep_has_labelled_rows_and_columns(tmp_path: Path) -> None:
    assert draw(tmp_path / "out", "--sweep", "0.5,1", "--seeds", "4-6") == ["sweep.png"]
    sheet = pixels(tmp_path / "out" / "sweep.png")
    assert sheet.shape[0] > 96
    assert sheet.shape[1] > 64
    assert np.array_equal(sheet[-96:-64, -32:], of_seed(4))


def test_a_mixing_table_has_its_sources_at_the_margins(tmp_path: Path) -> None:
    assert draw(tmp_path / "out", "--mix-rows", "0,1", "--mix-cols", "7-9", "--mix-layers", "2") == ["mixing.png"]
    sheet = pixels(tmp_path / "out" / "mixing.png")[-96:, -128:]
    assert np.array_equal(sheet[:32, 32:64], of_seed(7))
    assert np.array_equal(sheet[64:, :32], of_seed(1))
    assert np.array_equal(sheet[64:, 32:64], of_seed(7)), "the waves are made in the last layer"


@pytest.mark.parametrize(("form", "frames"), [("gif", 9), ("webp", 9)])
def test_a_walk_is_an_animation(tmp_path: Path, form: str, frames: int) -> None:
    assert draw(tmp_path / "out", "--walk", "z", "--seeds", "0-2", "--steps", "4", "--format", form) == [f"walk.{form}"]
    with Image.open(tmp_path / "out" / f"walk.{form}") as image:
        assert image.n_frames == frames  # type: ignore[attr-defined]


def test_a_walk_is_a_sheet_with_a_row_for_each_leg(tmp_path: Path) -> None:
    walk = ("--walk", "w", "--seeds", "0-2", "--steps", "4", "--format", "png")
    assert draw(tmp_path / "open", *walk) == ["walk.png"]
    sheet = pixels(tmp_path / "open" / "walk.png")
    assert sheet.shape == (2 * 32, 5 * 32)
    assert np.array_equal(sheet[:32, -32:], sheet[32:, :32])
    draw(tmp_path / "closed", *walk, "--loop")
    closed = pixels(tmp_path / "closed" / "walk.png")
    assert closed.shape == (3 * 32, 5 * 32)
    assert np.array_equal(closed[-32:, -32:], closed[:32, :32])


def test_files_that_are_there_stay_unless_forced(tmp_path: Path) -> None:
    precious = tmp_path / "seed0001.png"
    precious.write_text("precious")
    line = ("generate", "--model", "waves", "--out", tmp_path, "--seeds", "0-1")
    assert "seed0001.png exists" in complaint(*line)
    assert [path.name for path in tmp_path.iterdir()] == ["seed0001.png"]
    assert precious.read_text() == "precious"
    assert ganbench(*line, "--force").exit_code == 0
    assert np.array_equal(pixels(precious), of_seed(1))


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ("--grid 2x2 --sweep 1", "expected one study, found --grid and --sweep"),
        ("--walk z --mix-rows 1 --mix-cols 2", "expected one study, found"),
        ("--steps 3", "expected --walk with --steps"),
        ("--truncation-cutoff 3", "expected --truncation or --sweep with --truncation-cutoff"),
        ("--loop", "expected --walk with --loop"),
        ("--format png", "expected --walk with --format"),
        ("--mix-cols 1", "expected --mix-rows with --mix-cols"),
        ("--mix-rows 1", "expected --mix-cols with --mix-rows"),
        ("--mix-rows 1 --mix-cols 2 --mix-layers 3", "from 0 to 2 for waves, found 3"),
        ("--mix-rows 1 --mix-cols 2 --seeds 3", "--seeds and --mix-rows"),
        ("--sweep 0.5 --truncation 1", "--truncation and --sweep"),
        ("--walk z --seeds 1", "two seeds"),
        ("--walk z --format png --fps 3", "--fps"),
        ("--walk q", "expected one of z, w, found 'q'"),
        ("--grid 2by2", "2by2"),
        ("--grid 0x2", "0x2"),
        ("--grid 2x2 --seeds 0-4", "found 5"),
        ("--sweep half", "half"),
        ("--seeds 3-1", "3-1"),
        ("--truncation nan", "found nan"),
        ("--truncation 1e300", "psi from -1000 to 1000 for --truncation, found 1e+300"),
        ("--truncation -inf", "found -inf"),
        ("--sweep 0.5,1e39", "for --sweep, found 1e+39"),
        ("--translate 1e300,0", "up to 1000 image widths"),
        ("--walk z --fps nan", "--fps"),
        ("--grid 9999x9999", "at most 1,000,000 images, found 99,980,001"),
        ("--walk z --seeds 0-9999 --steps 10000", "at most 1,000,000 images"),
        ("--mix-rows 0-99999 --mix-cols 0-99999", "at most 1,000,000 images"),
        ("--device meta", "meta"),
        ("--translate 1", "expected shifts"),
        ("--translate 1,nan", "--translate"),
        ("--rotate nan", "an angle"),
        ("--class 1", "expected a conditional model for class 1, found waves"),
        ("--device gpu", "gpu"),
        ("--model waevs", "did you mean waves"),
        ("--model images", "images:FOLDER"),
        ("--entry G", "add --weights FILE"),
    ],
)
def test_what_cannot_be_drawn_is_said_in_one_sentence_and_leaves_nothing(
    arguments: str, told: str, tmp_path: Path
) -> None:
    assert told in complaint("generate", "--model", "waves", "--out", tmp_path / "out", *arguments.split())
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert "file" in complaint("generate", "--model", "waves", "--out", tmp_path / "file")
    if Path("/sys/kernel").exists():
        assert "/sys/kernel" in complaint("generate", "--model", "waves", "--out", "/sys/kernel/out")


def test_the_embedded_model_says_what_it_is_on_stderr(tmp_path: Path) -> None:
    done = ganbench("generate", "--model", "waves", "--out", tmp_path, "--seeds", "0")
    assert len(done.stderr.splitlines()) == 1
    assert "not comparable" in done.stderr


def test_a_real_run_prints_paths_alone_on_stdout(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "ganbench", "generate", "--model", "waves", "--seeds", "0-1", "--out", "out"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path)
    assert json.loads(json.dumps(done.stdout.splitlines())) == ["out/seed0000.png", "out/seed0001.png"]
