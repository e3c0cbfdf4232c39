"""StyleGAN2 with Fourier features: configuration B of StyleGAN3's paper."""

import math
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from baselines.ops.fourier_features import SynthesisInput
from baselines.stylegan2.networks import FourierGenerator, Generator
from baselines.stylegan2.recipes import RECIPES, Recipe
from baselines.stylegan2.train import prepare
from ganbench import load_model
from ganbench.checkpoints.converting import convert
from ganbench.types import EquivariantGenerator, StyleGenerator

SIZES: dict[str, Any] = {"z_dim": 8, "c_dim": 0, "w_dim": 8, "img_resolution": 16, "img_channels": 1}
SMALL: dict[str, Any] = {"channel_base": 64, "channel_max": 8, "num_fp16_res": 0, "conv_clamp": None}


def generator(kind: type[Generator] = FourierGenerator) -> Any:
    torch.manual_seed(0)
    built = kind(**SIZES, **SMALL, mapping_kwargs={"num_layers": 1}, fourier_features=kind is FourierGenerator)
    return built.eval().requires_grad_(False)


def shift(tx: float, ty: float) -> Tensor:
    return torch.tensor([[1.0, 0, tx], [0, 1, ty], [0, 0, 1]])


def test_the_input_is_a_sum_of_waves_at_the_moved_positions() -> None:
    torch.manual_seed(1)
    layer = SynthesisInput(0, 6, size=4, sampling_rate=4, bandwidth=2)
    assert layer.freqs.norm(dim=1).max() <= 2, "no more than 4x4 samples can hold"
    ticks = (torch.arange(4) + 0.5) / 4 - 0.5 + 0.1  # the centres of the samples, a tenth of the width to the right
    phases = layer.freqs[:, 0, None] * ticks + (layer.freqs[:, 1] * -0.375 + layer.phases)[:, None]
    expected = layer.weight @ torch.sin(2 * math.pi * phases) / math.sqrt(6)
    layer.set_transform(shift(0.1, 0))
    torch.testing.assert_close(layer(torch.zeros(1, 0))[0, :, 0], expected, rtol=0, atol=1e-5)


def test_no_frequency_at_the_band_limit_becomes_nan() -> None:
    layer = SynthesisInput(0, 2, size=4, sampling_rate=4, bandwidth=2)
    layer.freqs.copy_(torch.tensor([[2.0, 0], [2.1, 0]]))
    assert layer.waves(torch.zeros(1, 0))[0, 3].tolist() == [1, 0], "Nyquist is kept, what is above is not"


def test_only_the_generator_with_fourier_features_can_be_moved() -> None:
    plain, fourier = generator(Generator), generator()
    assert isinstance(plain, StyleGenerator)
    assert not isinstance(plain, EquivariantGenerator)
    assert isinstance(fourier, EquivariantGenerator)
    assert plain.state_dict().keys() - fourier.state_dict().keys() == {"synthesis.b4.const"}
    added = {f"synthesis.b4.input.{name}" for name in ("weight", "transform", "freqs", "phases")}
    assert fourier.state_dict().keys() - plain.state_dict().keys() == added


def test_each_image_has_its_own_transform_in_tiles_and_without() -> None:
    G, moves = generator(), torch.stack([shift(0, 0), shift(0.25, 0), shift(0, 0.125)])
    z = torch.randn(1, 8).expand(3, -1)
    G.set_transform(moves)
    with torch.no_grad():
        tiled = G(z)
    with torch.enable_grad():
        torch.testing.assert_close(G(z), tiled, rtol=0, atol=1e-5)
    for move, image in zip(moves, tiled, strict=True):
        G.set_transform(move)
        torch.testing.assert_close(G(z[:1])[0], image, rtol=0, atol=1e-5)
    assert (tiled[0] - tiled[1]).abs().max() > 1e-3
    G.set_transform(moves)
    with pytest.raises(ValueError, match="expected one transform for each of 2 images, found 3"):
        G(z[:2])


def test_the_header_of_trained_weights_says_so_and_restores_it(tmp_path: Path) -> None:
    settings = {**RECIPES["digits32-fourier"].generator, **SMALL, "mapping_kwargs": {"num_layers": 1}}
    recipe = Recipe(settings, {**SMALL, "epilogue_kwargs": {"mbstd_group_size": 2}}, kimg=0.002, batch=2)
    run = prepare(torch.randint(0, 256, [4, 1, 16, 16], dtype=torch.uint8), recipe, tmp_path / "run")
    path = run.run()
    assert path.name == "stylegan2-fourier.safetensors"
    loaded: Any = load_model("stylegan2", path)
    assert isinstance(loaded, EquivariantGenerator)
    z = torch.randn(2, 64)
    with torch.no_grad():
        assert torch.equal(loaded(z), run.training.G_ema(z))
        convert(path, tmp_path / "copy.safetensors")
        converted: Any = load_model("stylegan2", tmp_path / "copy.safetensors")
        assert torch.equal(loaded(z), converted(z))
