"""The embedded weights: what their ``README.md`` and training log say of the file that is shipped."""

import re
from pathlib import Path

import pytest

import baselines
from baselines.starganv2.recipes import RECIPES
from baselines.training import log
from baselines.training.weights import read_header
from ganbench.checkpoints import file_sha256

WEIGHTS = sorted(Path(baselines.__path__[0]).glob("*/weights/digits32.safetensors"))


def folder_of(path: Path) -> str:
    return path.parts[-3]


def test_eight_models_are_embedded() -> None:
    assert len(WEIGHTS) == 8


@pytest.mark.parametrize("path", WEIGHTS, ids=folder_of)
def test_the_readme_is_of_this_file(path: Path) -> None:
    text = path.with_name("README.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| file \| .*sha256 `(\w+)` \|$", text, re.M) == [file_sha256(path)]
    assert re.findall(r"^\| file \| .* ([\d,]+) bytes", text, re.M) == [f"{path.stat().st_size:,}"]


@pytest.mark.parametrize("path", WEIGHTS, ids=folder_of)
def test_the_log_is_of_this_file_from_start_to_end(path: Path) -> None:
    header, entries = read_header(path), log.read(path.with_name("log.jsonl"))
    steps, kimg = [entry["step"] for entry in entries], [entry["kimg"] for entry in entries]
    assert len(entries) == len(path.with_name("log.jsonl").read_text(encoding="utf-8").splitlines()), "cut short"
    assert steps == sorted(set(steps))
    assert kimg[-1] == header["kimg"]
    assert kimg[0] <= 2 * header["recipe_settings"]["tick_kimg"], "it starts late"
    assert all(entry["losses"] for entry in entries)
    assert "(log.jsonl)" in path.with_name("README.md").read_text(encoding="utf-8")


def test_the_first_part_of_starganv2_has_a_log_of_its_own() -> None:
    entries = log.read(Path(baselines.__path__[0]) / "starganv2" / "weights" / "log-free.jsonl")
    recipe, batch = RECIPES["digits32-free"], RECIPES["digits32-free"].batch / 1000
    assert entries[0]["kimg"] == pytest.approx(recipe.tick_kimg, abs=batch)
    assert entries[-1]["kimg"] == pytest.approx(recipe.kimg, abs=batch)
    assert entries[-1]["losses"]["G-latent/lambda_ds"] < 0.01  # it falls from 1 to 0
