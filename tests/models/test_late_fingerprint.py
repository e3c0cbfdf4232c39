"""The fingerprint of images in files is computed once, beside the first steps, and in time for the first snapshot."""

import json
import threading
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from baselines.training import loop
from baselines.training.later import Later
from baselines.training.weights import read_header
from ganbench.cli.snapshot_metrics import SnapshotMetrics
from ganbench.data import fingerprints, open_data
from ganbench.errors import BadInputError
from ganbench.models.base import adapter_of
from ganbench.types import Recipe
from tests.data.image_sets import noise, write_folder
from tests.training.short import SHORT

IMAGES = noise(12, 32)
WAIT = 60  # seconds, for what should take none


def recipe(**settings: Any) -> Recipe:
    return Recipe("tiny", {**asdict(SHORT["progan"].change(kimg=0.032, snapshot_ticks=2)), "device": "cpu", **settings})


@pytest.mark.parametrize("workers", [0, 2])
def test_steps_are_taken_before_the_fingerprint_is_known(
    tmp_path: Path, workers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticked, computed = threading.Event(), []
    compute = fingerprints.of

    def slow(*arguments: Any) -> str:
        assert ticked.wait(WAIT), "the first tick waits for the fingerprint"
        computed.append(threading.current_thread() is threading.main_thread())
        return compute(*arguments)

    def told(tick: Mapping[str, Any]) -> None:
        if not tick["weights"]:
            written = json.loads((tmp_path / "run" / "training_options.json").read_text())
            assert "data_fingerprint" not in written
        ticked.set()

    monkeypatch.setattr(fingerprints, "of", slow)
    path, adapter = write_folder(tmp_path / "set", IMAGES), adapter_of("progan")
    data = open_data(path)
    SnapshotMetrics(adapter, ["fid@8"], data, "digits", tmp_path / "run").check(recipe())
    adapter.train(data, recipe(workers=workers), tmp_path / "run", False, told)
    assert computed == [False]
    monkeypatch.undo()
    known = open_data(path).fingerprint
    assert read_header(tmp_path / "run" / "progan.safetensors")["data_fingerprint"] == known
    assert json.loads((tmp_path / "run" / "training_options.json").read_text())["data_fingerprint"] == known
    for snapshot in (tmp_path / "run").glob("snapshot-*"):
        header = read_header(snapshot)
        assert header["data_fingerprint"] == header["settings"]["data_fingerprint"] == known


def test_a_run_that_resumes_compares_before_its_first_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    adapter, run_dir = adapter_of("progan"), tmp_path / "run"
    adapter.train(open_data(write_folder(tmp_path / "set", IMAGES)), recipe(kimg=0.016), run_dir, False, lambda _: None)
    monkeypatch.setattr(loop, "reading_ahead", lambda *_: pytest.fail("a step was taken"))
    other = open_data(write_folder(tmp_path / "other", IMAGES[::-1]))
    with pytest.raises(BadInputError, match=r"expected the data set that the run in .* was started with"):
        adapter.train(other, recipe(), run_dir, True, lambda _: None)


def test_an_image_that_cannot_be_decoded_ends_the_run_at_the_next_tick(tmp_path: Path) -> None:
    data = open_data(write_folder(tmp_path / "set", IMAGES))
    bad = sorted((tmp_path / "set").rglob("*.png"))[-1]
    bad.write_bytes(bad.read_bytes()[:60])
    with pytest.raises(BadInputError, match=f"{bad.name} cannot be decoded"):
        adapter_of("progan").train(data, recipe(), tmp_path / "run", False, lambda _: None)


@pytest.mark.parametrize("late", [False, True])  # whether the fingerprint, too, is of the images after the change
def test_nothing_is_stored_of_images_that_change_during_a_run(
    tmp_path: Path, late: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = open_data(write_folder(tmp_path / "set", IMAGES))
    changed = threading.Event()
    compute = fingerprints.of
    if late:
        monkeypatch.setattr(fingerprints, "of", lambda *arguments: (changed.wait(WAIT), compute(*arguments))[1])

    def told(tick: Mapping[str, Any]) -> None:
        if not tick["weights"]:
            write_folder(tmp_path / "set", IMAGES[::-1])
            changed.set()

    with pytest.raises(BadInputError, match=r"set/.*\.png changed after the data were opened"):
        adapter_of("progan").train(data, recipe(), tmp_path / "run", False, told)
    assert not list((tmp_path / "run").glob("*.safetensors"))


def test_it_is_computed_once_whoever_asks() -> None:
    calls: list[int] = []
    value = Later(lambda: (calls.append(1), "abc")[1])
    value.begin()
    assert [value.value(), value.value()] == ["abc", "abc"]
    assert calls == [1]
    broken = Later(lambda: str(calls[1]))
    broken.check()  # not computed yet
    for _ in range(2):
        with pytest.raises(IndexError):
            broken.value()
    with pytest.raises(IndexError):
        broken.check()
