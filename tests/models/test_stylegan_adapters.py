"""What holds for the adapters of all three StyleGANs: the laws of models, and training through them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
import toygan

from baselines.training.weights import load_state, read_header
from ganbench.errors import BadInputError
from ganbench.rng import Streams
from ganbench.testing import check_model
from ganbench.types import Adapter, EquivariantGenerator, FixedSamples, Recipe, StyleGenerator
from tests.models.tiny_stylegans import GENERATORS, adapter_of, settings, weights_of

BY_NAME = pytest.mark.parametrize("name", GENERATORS)
NUM_WS = {"stylegan1": 6, "stylegan2": 6, "stylegan3": 8}


@BY_NAME
def test_our_own_weights_keep_the_laws_of_models(name: str, tmp_path: Path) -> None:
    assert isinstance(adapter_of(name), Adapter)
    model: Any = adapter_of(name).load(weights_of(name, tmp_path), "cpu")
    check_model(model)
    assert isinstance(model, StyleGenerator)
    assert isinstance(model, EquivariantGenerator) is (name == "stylegan3")
    assert not isinstance(model, FixedSamples)
    sizes = [model.z_dim, model.c_dim, model.w_dim, model.num_ws, model.img_resolution, model.img_channels]
    assert sizes == [8, 0, 8, NUM_WS[name], 16, 1]


@BY_NAME
@torch.inference_mode()
def test_noise_can_be_seen_where_there_is_noise(name: str, tmp_path: Path) -> None:
    model: Any = adapter_of(name).load(weights_of(name, tmp_path), "cpu")
    ws = model.mapping(Streams(0, (0, 1)).normal("z", (8,)))
    images = {mode: model.synthesis(ws, noise_mode=mode, streams=Streams(0, (0, 1))) for mode in ("const", "none")}
    images |= {seed: model.synthesis(ws, noise_mode="random", streams=Streams(seed, (0, 1))) for seed in (0, 1)}
    first, *others = images.values()
    assert [torch.allclose(first, other) for other in others] == [name == "stylegan3"] * 3
    assert torch.equal(model(Streams(0, (0, 1)).normal("z", (8,))), model.synthesis(ws))


@BY_NAME
def test_training_gives_the_same_weights_again_and_they_load(name: str, tmp_path: Path) -> None:
    ticks: list[Mapping[str, Any]] = []
    recipe, adapter = Recipe("tiny", settings(name, seed=5)), adapter_of(name)
    path = adapter.train(toygan.Stripes(), recipe, tmp_path / "run", False, ticks.append)
    model: Any = adapter.load(path, "cpu")
    assert (model.img_resolution, model.img_channels, model.c_dim) == (32, 1, 0)
    assert ticks[-1]["kimg"] == pytest.approx(recipe.settings["kimg"])
    header = read_header(path)
    assert (header["recipe"], header["seed"]) == ("tiny", 5)
    again = adapter.train(toygan.Stripes(), recipe, tmp_path / "again", False, ticks.append)
    for key, tensor in load_state(path).items():
        assert torch.equal(load_state(again)[key], tensor), key


@BY_NAME
@pytest.mark.parametrize(
    ("changes", "resume", "words"),
    [({"colour": 1}, False, "colour"), ({}, True, "resume"), ({"generator": {"z_dim": 1}}, False, "w_dim")],
)
def test_training_that_cannot_start_is_refused(
    name: str, tmp_path: Path, changes: dict[str, Any], resume: bool, words: str
) -> None:
    recipe = Recipe("tiny", settings(name, **changes))
    with pytest.raises(BadInputError, match=words):
        adapter_of(name).train(toygan.Stripes(), recipe, tmp_path / "run", resume, lambda tick: None)


@pytest.mark.parametrize(
    ("name", "changes", "words"),
    [
        ("stylegan1", {"initial_resolution": 64}, "found 64: lower it"),
        ("stylegan2", {"augment": "bgx"}, "'bgx'"),
    ],
)
def test_settings_of_one_paper_are_checked(name: str, changes: dict[str, Any], words: str, tmp_path: Path) -> None:
    recipe = Recipe("tiny", settings(name, **changes))
    with pytest.raises(BadInputError, match=words):
        adapter_of(name).train(toygan.Stripes(), recipe, tmp_path / "run", False, lambda tick: None)
