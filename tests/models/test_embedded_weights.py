"""The embedded weights: what their ``README.md`` and training log say of the file that is shipped."""

import re
from pathlib import Path

import pytest

import baselines
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
