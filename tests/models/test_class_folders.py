"""Conditional training on class folders: labels, the names in the header, and measuring with the same labels."""

import json
from pathlib import Path

from baselines.training.weights import read_header
from ganbench.data import open_data
from ganbench.models.base import adapter_of, load_model
from ganbench.types import Recipe
from tests.cli.command_line import complaint, ganbench
from tests.data.image_sets import noise, write_folder
from tests.models.tiny_stylegans import settings


def test_the_classes_are_in_the_header(tmp_path: Path) -> None:
    data = write_folder(tmp_path / "data", noise(4, 32, 1), ["b/0.png", "a/1.png", "c/2.png", "b/3.png"])
    recipe = Recipe("tiny", settings("stylegan2", conditional=True))
    path = adapter_of("stylegan2").train(open_data(data), recipe, tmp_path / "run", False, lambda tick: None)
    header = read_header(path)
    assert header["classes"] == ["a", "b", "c"]
    assert header["data_fingerprint"] == open_data(f"classes:{data}").fingerprint
    assert load_model("stylegan2", path).c_dim == 3


def test_the_command_trains_and_measures_on_class_folders(tmp_path: Path) -> None:
    names = [f"{'ab'[index % 2]}/{index}.png" for index in range(40)]
    data = write_folder(tmp_path / "data", noise(40, 32, 1), names)
    tiny = settings("stylegan2")
    given = [part for name in ("generator", "discriminator", "kimg", "batch", "snapshot_ticks")
             for part in ("--set", f"{name}={json.dumps(tiny[name])}")]  # fmt: skip
    run = ("train", "--model", "stylegan2", "--data", data, "--recipe", "digits32", "--conditional", *given)
    done = ganbench(*run, "--run-dir", tmp_path / "run", "--metrics", "fid@20", "--benchmark", "digits")
    assert done.exit_code == 0, done.stderr
    measured = [json.loads(line) for line in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()]
    assert measured
    assert all("error" not in line for line in measured), measured
    plain = write_folder(tmp_path / "plain", noise(4, 32, 1), [f"{index}.png" for index in range(4)])
    said = complaint(*("train", "--model", "stylegan2", "--data", plain, "--recipe", "digits32", "--conditional"))
    assert "found none in plain: put the images of each class into a folder" in said
