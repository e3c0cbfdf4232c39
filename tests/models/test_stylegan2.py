"""StyleGAN2 by its adapter: official files, our own, published ones, training, and files of something else."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
import toygan
from torch import Tensor

from baselines.stylegan2.networks import Generator
from baselines.training.weights import load_state, read_header, save_weights
from ganbench.errors import BadInputError
from ganbench.models.stylegan2 import adapter
from ganbench.rng import Streams
from ganbench.types import Adapter, EquivariantGenerator, FixedSamples, Recipe, StyleGenerator
from tests.golden_cases import golden

CONFIG: dict[str, Any] = {
    "z_dim": 8,
    "c_dim": 0,
    "w_dim": 8,
    "img_resolution": 16,
    "img_channels": 1,
    "mapping_kwargs": {"num_layers": 2},
    "channel_base": 64,
    "channel_max": 4,
}


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    with torch.random.fork_rng():
        network = Generator(**CONFIG)
    for name, tensor in network.state_dict().items():
        if name.endswith("noise_strength"):
            tensor.fill_(0.5)
    save_weights(tmp_path / "g.safetensors", network, model="stylegan2", config=CONFIG)
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
    assert torch.equal(model(z), model.synthesis(model.mapping(z)))


def test_noise_belongs_to_the_image_and_not_to_its_place(weights: Path) -> None:
    model = adapter.load(weights, "cpu")
    with torch.inference_mode():
        ws = model.mapping(Streams(0, tuple(range(5))).normal("z", (8,)))
        whole = model.synthesis(ws, noise_mode="random", streams=Streams(0, tuple(range(5))))
        part = model.synthesis(ws[3:], noise_mode="random", streams=Streams(0, (3, 4)))
        other = model.synthesis(ws[3:], noise_mode="random", streams=Streams(1, (3, 4)))
    assert torch.equal(whole[3:], part)
    assert not torch.allclose(part, other)


@pytest.mark.parametrize("case", ["pkl_sg2_32", "pkl_sg2ada_cond3_32", "pkl_sg2ada_resnet_clamp_16"])
def test_official_snapshots_give_their_average_generator(case: str) -> None:
    model = adapter.load(golden(f"stylegan23/{case}") / "network.pkl", "cpu")
    # G_ema is the entry that was perturbed, G the plain initialisation with w_avg zero.
    assert model.mapping.w_avg.abs().max() > 0


def test_tensorflow_snapshots_give_theirs() -> None:
    case = golden("stylegan1/sg2_config_f_32")
    model = adapter.load(case / "network.pkl", "cpu")
    assert isinstance(model, Generator)
    assert model.mapping.w_avg.abs().max() > 0


def test_published_names_are_official_addresses() -> None:
    base = "https://api.ngc.nvidia.com/v2/models/nvidia/research/stylegan2/versions/1/files/"
    assert adapter.published["ffhq-1024"].url == base + "stylegan2-ffhq-1024x1024.pkl"
    assert adapter.published["cifar10-32"].url == base + "stylegan2-cifar10-32x32.pkl"
    assert len(adapter.published) == 15


def test_weights_of_another_architecture_are_refused() -> None:
    with pytest.raises(BadInputError, match="holds a StyleGAN3 generator, not a StyleGAN2 generator"):
        adapter.load(golden("stylegan23/pkl_sg3t_32") / "network.pkl", "cpu")


TINY: dict[str, Any] = {
    **adapter.recipes["digits32"].settings,
    "generator": {"z_dim": 8, "w_dim": 8, "mapping_kwargs": {"num_layers": 1}, "channel_base": 64, "channel_max": 4},
    "discriminator": {"channel_base": 64, "channel_max": 4},
    "kimg": 0.016,
    "tick_kimg": 0.008,
    "snapshot_ticks": 1,
    "batch": 4,
    "device": "cpu",
}


def test_training_gives_weights_that_load(tmp_path: Path) -> None:
    ticks: list[Mapping[str, Any]] = []
    recipe = Recipe("tiny", {**TINY, "seed": 5})
    path = adapter.train(toygan.Stripes(), recipe, tmp_path / "run", False, ticks.append)
    model = adapter.load(path, "cpu")
    assert (model.img_resolution, model.img_channels, model.c_dim) == (32, 1, 0)
    assert ticks[-1]["kimg"] == pytest.approx(0.016)
    header = read_header(path)
    assert (header["recipe"], header["seed"]) == ("tiny", 5)
    again = adapter.train(toygan.Stripes(), recipe, tmp_path / "again", False, ticks.append)
    for name, tensor in load_state(path).items():
        assert torch.equal(load_state(again)[name], tensor), "the same seed gives the same weights"


class Labelled(toygan.Stripes):
    """Stripes of two kinds."""

    label_dim = 2

    def labels(self, indices: Any) -> Tensor:
        return torch.eye(2)[torch.tensor([index % 2 for index in indices])]


def test_conditional_training_takes_the_labels_of_the_data(tmp_path: Path) -> None:
    recipe = Recipe("tiny", {**TINY, "conditional": True})
    model = adapter.load(adapter.train(Labelled(), recipe, tmp_path / "run", False, lambda tick: None), "cpu")
    assert model.c_dim == 2
    with pytest.raises(BadInputError, match="no labels"):
        adapter.train(toygan.Stripes(), recipe, tmp_path / "other", False, lambda tick: None)


@pytest.mark.parametrize(
    ("changes", "resume", "words"),
    [
        ({"colour": 1}, False, "colour"),
        ({}, True, "resume"),
        ({"generator": {"z_dim": 1}}, False, "w_dim"),
        ({"augment": "bgx"}, False, "'bgx'"),
    ],
)
def test_training_that_cannot_start_is_refused(
    tmp_path: Path, changes: dict[str, Any], resume: bool, words: str
) -> None:
    with pytest.raises(BadInputError, match=words):
        adapter.train(
            toygan.Stripes(), Recipe("tiny", {**TINY, **changes}), tmp_path / "run", resume, lambda tick: None
        )
