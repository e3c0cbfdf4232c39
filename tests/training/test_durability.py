"""Every model, stopped while it writes a snapshot, and one before and after each write: they go on to the same bits."""

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from baselines.training import kept, log, snapshots
from tests.cyclegan import test_train as cyclegan
from tests.pix2pix import test_train as pix2pix
from tests.stargan import test_train as stargan
from tests.starganv2 import test_train as starganv2
from tests.training.runs import IMAGES, same
from tests.training.short import SHORT

Train = Callable[..., Any]

POINTS = {
    "log": (log, "append"),
    "snapshot": (snapshots, "write"),
    "prune": (snapshots, "prune"),
    "weights": (kept, "export"),
    "grid": (importlib.import_module("baselines.training.frame"), "save_grid"),
}


class Stopped(BaseException):
    """What nobody catches."""


def short(name: str) -> Train:
    recipe = SHORT[name].change(**SHORT[name].varied)
    return lambda run_dir, **options: SHORT[name].train(IMAGES, recipe, run_dir, **options)


MODELS: dict[str, Train] = {
    **{name: short(name) for name in SHORT},
    "stargan": stargan.run,
    "starganv2": starganv2.run,
    "cyclegan": cyclegan.run,
    "pix2pix": pix2pix.run,
}


# What differs between models is what they save, so two points each; one model stops at all of them.
EACH, AT_ALL = [("snapshot", False), ("weights", True)], "pix2pix"
CASES = [
    pytest.param(name, point, before, id=f"{name}-{'before' if before else 'after'}-{point}")
    for name in MODELS
    for point in POINTS
    for before in (True, False)
    if name == AT_ALL or (point, before) in EACH
]


@pytest.fixture(scope="module")
def model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Train, Path]:
    """A model's training, and the folder of a run that nothing stopped."""
    torch.set_num_threads(1)
    whole = tmp_path_factory.mktemp(request.param) / "whole"
    MODELS[request.param](whole)
    return MODELS[request.param], whole


@pytest.mark.parametrize(("model", "point", "before"), CASES, indirect=["model"])
def test_stopped_at_a_write_it_goes_on_to_the_same_bits(
    model: tuple[Train, Path], point: str, before: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train, whole = model
    run_dir, (module, name) = tmp_path / "run", POINTS[point]
    real = getattr(module, name)

    def stopping(*given: Any, **named: Any) -> Any:
        late = snapshots.listed(run_dir) and log.read(run_dir / "log.jsonl")
        if late and before:
            raise Stopped
        found = real(*given, **named)
        if late:
            raise Stopped
        return found

    with monkeypatch.context() as patch:
        patch.setattr(module, name, stopping)
        with pytest.raises(Stopped):
            train(run_dir)
    assert snapshots.listed(run_dir)
    train(run_dir, resume=True)
    assert same(run_dir, whole)
    weights = sorted(path.name for path in whole.glob("*.safetensors"))
    assert sorted(path.name for path in run_dir.glob("*.safetensors")) == weights
    for path in weights:
        assert (run_dir / path).read_bytes() == (whole / path).read_bytes(), path
