"""Training on images in files: read by any number of workers, the run is the same; what cannot be read is named."""

from dataclasses import asdict
from pathlib import Path

import pytest
import torch

from baselines.training.data import Batches
from baselines.training.loading import loaded
from ganbench.data import open_data
from ganbench.errors import BadInputError
from ganbench.models import training
from ganbench.models.base import adapter_of
from ganbench.models.training import Pictures
from ganbench.types import Recipe
from tests.data.image_sets import members, noise, write_folder, write_zip
from tests.training.runs import same
from tests.training.short import SHORT

IMAGES = noise(12, 16)


def recipe(**settings):
    return Recipe("tiny", {**asdict(SHORT["progan"].change(kimg=0.032)), "device": "cpu", **settings})


def batches(path: Path) -> Batches:
    return Batches(Pictures(open_data(path)), None, 4, seed=0)


@pytest.mark.parametrize("kind", ["folder", "zip", "domains"])
def test_every_worker_reads_the_files_by_itself(tmp_path: Path, kind: str) -> None:
    if kind == "zip":
        path = write_zip(tmp_path / "a.zip", members(IMAGES))
    elif kind == "folder":
        path = write_folder(tmp_path / "set", IMAGES)
    else:
        path = tmp_path / "domains"
        for place, part in enumerate(("train/a", "train/b", "val/a", "val/b")):
            write_folder(path / part, IMAGES[3 * place : 3 * place + 3])
    data = batches(path)
    expected = [data.draw(step)[0] for step in range(8)]  # opens the zip in this process, too
    with loaded(data, range(8), 3, "cpu") as ahead:
        found = [batch.real for batch in ahead]
    assert all(map(torch.equal, found, expected))


@pytest.mark.parametrize("workers", [0, 2])
def test_a_file_that_breaks_while_a_run_reads_is_named(tmp_path: Path, workers: int) -> None:
    data = batches(write_folder(tmp_path / "set", IMAGES))
    bad = tmp_path / "set" / "00001" / "img00000004.png"
    bad.write_bytes(bad.read_bytes()[:60])
    with pytest.raises(BadInputError) as caught, loaded(data, range(9), workers, "cpu") as ahead:
        list(ahead)
    assert str(caught.value).startswith(f"{bad} cannot be decoded")
    assert "\n" not in str(caught.value)


def test_workers_change_no_bit_and_may_change_when_a_run_resumes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, adapter = open_data(write_zip(tmp_path / "a.zip", members(IMAGES))), adapter_of("progan")
    used = []
    run = training.PreparedRun.run
    monkeypatch.setattr(
        training.PreparedRun, "run", lambda self, **given: (used.append(given["workers"]), run(self, **given))[1]
    )

    def train(name, resume=False, **settings):
        return adapter.train(data, recipe(**settings), tmp_path / name, resume, lambda tick: None)

    train("none", workers=0)
    train("some", workers=2, kimg=0.016)
    train("some", resume=True)
    assert used == [0, 2, training.default_workers()]
    assert same(tmp_path / "none", tmp_path / "some")


def test_data_in_memory_need_no_workers_and_their_number_is_checked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    used = []
    monkeypatch.setattr(training.PreparedRun, "run", lambda self, **given: used.append(given["workers"]))
    adapter = adapter_of("progan")
    adapter.train(open_data("digits"), recipe(), tmp_path, False, lambda tick: None)
    assert used == [0]
    for bad in (-1, 1.5, "many"):
        with pytest.raises(BadInputError, match="workers"):
            adapter.train(open_data("digits"), recipe(workers=bad), tmp_path, False, lambda tick: None)
