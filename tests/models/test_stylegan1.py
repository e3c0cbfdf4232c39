"""StyleGAN by its adapter: official files, our own, published ones, training, and files of something else."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
import toygan
from torch import Tensor

from baselines.stylegan1.networks import Generator
from baselines.training.streams import seeded
from baselines.training.weights import load_state, save_weights
from ganbench.checkpoints.download import fetch, without_fetching
from ganbench.errors import BadInputError, MissingWeightsError
from ganbench.models.stylegan1 import adapter
from ganbench.rng import Streams
from ganbench.types import Adapter, EquivariantGenerator, FixedSamples, Recipe, StyleGenerator
from tests.golden_cases import golden

CONFIG: dict[str, Any] = {
    "z_dim": 8,
    "c_dim": 0,
    "w_dim": 8,
    "img_resolution": 16,
    "img_channels": 1,
    "mapping_kwargs": {"num_layers": 2, "layer_features": 8},
    "fmap_base": 32,
    "fmap_max": 4,
}


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    with seeded(0):
        network = Generator(**CONFIG)
    for name, tensor in network.state_dict().items():
        if name.endswith("noise_strength"):
            tensor.fill_(0.5)
    save_weights(tmp_path / "g.safetensors", network, model="stylegan1", config=CONFIG)
    return tmp_path / "g.safetensors"


@pytest.mark.usefixtures("untouched_random_state")
def test_our_own_weights_follow_the_protocol(weights: Path) -> None:
    assert isinstance(adapter, Adapter)
    model = adapter.load(weights, "cpu")
    assert isinstance(model, StyleGenerator)
    assert not isinstance(model, EquivariantGenerator | FixedSamples)
    sizes = [model.z_dim, model.c_dim, model.w_dim, model.num_ws, model.img_resolution, model.img_channels]
    assert sizes == [8, 0, 8, 6, 16, 1]
    streams = Streams(0, (0, 1))
    z = streams.normal("z", (8,))
    ws = model.mapping(z, None, truncation_psi=0.5, truncation_cutoff=2)
    images = {mode: model.synthesis(ws, noise_mode=mode, streams=streams) for mode in ("const", "random", "none")}
    for image in images.values():
        assert (image.shape, image.dtype) == ((2, 1, 16, 16), torch.float32)
    assert not torch.allclose(images["const"], images["random"])
    assert not torch.allclose(images["const"], images["none"])


@torch.inference_mode()
def test_noise_belongs_to_the_image_and_not_to_its_place(weights: Path) -> None:
    model = adapter.load(weights, "cpu")
    ws = model.mapping(Streams(0, tuple(range(5))).normal("z", (8,)))
    whole = model.synthesis(ws, noise_mode="random", streams=Streams(0, tuple(range(5))))
    assert torch.equal(whole[3:], model.synthesis(ws[3:], noise_mode="random", streams=Streams(0, (3, 4))))
    assert not torch.allclose(whole[3:], model.synthesis(ws[3:], noise_mode="random", streams=Streams(1, (3, 4))))


def test_official_snapshots_give_the_average_generator() -> None:
    model = adapter.load(golden("stylegan1/sg1_main_32") / "network.pkl", "cpu")
    assert isinstance(model, Generator)
    assert model.mapping.w_avg.sum().item() == pytest.approx(1.926828222349286, rel=1e-5)  # of Gs; G has another


def test_another_architecture_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="holds a StyleGAN2 generator, not a StyleGAN generator"):
        adapter.load(golden("stylegan1/sg2_config_f_32") / "network.pkl", "cpu")


def test_published_files_have_names_of_their_own() -> None:
    names = {checkpoint.file for checkpoint in adapter.published.values()}
    assert len(names) == len(adapter.published) == 5
    one = adapter.published["ffhq-1024"]
    words = "karras2019stylegan-ffhq-1024x1024.pkl is not on this machine .* download https://drive.google.com/"
    with without_fetching(), pytest.raises(MissingWeightsError, match=words):
        fetch(one.url, one.sha256, name=one.file)


TINY: dict[str, Any] = {
    **adapter.recipes["digits32"].settings,
    "generator": {name: CONFIG[name] for name in ("z_dim", "w_dim", "mapping_kwargs", "fmap_base", "fmap_max")},
    "discriminator": {"fmap_base": 32, "fmap_max": 4},
    "kimg": 0.032,
    "training_kimg": 0.008,
    "transition_kimg": 0.004,
    "tick_kimg": 0.008,
    "snapshot_ticks": 1,
    "batch": 4,
    "batches": {"8": 8},
}


def test_training_gives_weights_that_load_and_measure(tmp_path: Path) -> None:
    ticks: list[Mapping[str, Any]] = []
    settings = {**TINY, "seed": 5, "device": "cpu"}
    path = adapter.train(toygan.Stripes(), Recipe("tiny", settings), tmp_path / "run", False, ticks.append)
    model = adapter.load(path, "cpu")
    assert (model.img_resolution, model.img_channels, float(model.synthesis.lod)) == (32, 1, 0)
    assert ticks[-1]["kimg"] == pytest.approx(0.032)
    again = adapter.train(toygan.Stripes(), Recipe("tiny", settings), tmp_path / "again", False, ticks.append)
    first: dict[str, Tensor] = load_state(path)
    for name, tensor in first.items():
        assert torch.equal(load_state(again)[name], tensor), "the same seed gives the same weights"


@pytest.mark.parametrize(
    ("changes", "resume", "words"),
    [
        ({"colour": 1}, False, "colour"),
        ({}, True, "resume"),
        ({"initial_resolution": 64}, False, "starts growing at 64 pixels"),
        ({"generator": {"z_dim": 1}}, False, "w_dim"),
    ],
)
def test_training_that_cannot_start_is_refused(
    tmp_path: Path, changes: dict[str, Any], resume: bool, words: str
) -> None:
    recipe = Recipe("tiny", {**TINY, "device": "cpu", **changes})
    with pytest.raises(BadInputError, match=words):
        adapter.train(toygan.Stripes(), recipe, tmp_path / "run", resume, lambda tick: None)
