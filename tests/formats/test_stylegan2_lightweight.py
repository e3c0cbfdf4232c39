"""The generators of stylegan2-pytorch make the images that a forward pass on its own tensors makes."""

from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

import ganbench
from ganbench.checkpoints import load
from ganbench.checkpoints.converting import convert
from ganbench.errors import BadInputError
from ganbench.testing import check_model

WIDTHS = (8, 6, 4)  # at 4x4, 8x8 and 16x16
W_DIM, NUM_LAYERS = 5, 3
State = dict[str, Tensor]


def state_of(learned_start: bool = True, seed: int = 0) -> State:
    """Return random tensors of both mapping networks and generators, and one of a discriminator."""
    generator = torch.Generator().manual_seed(seed)

    def normal(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator) / 2

    state = {"D.blocks.0.conv_res.weight": normal(2, 3, 1, 1)}
    for S, G in (("SE", "GE"), ("S", "G")):
        for number in range(NUM_LAYERS):
            state |= {
                f"{S}.net.{2 * number}.weight": normal(W_DIM, W_DIM) * 20,
                f"{S}.net.{2 * number}.bias": normal(5),
            }
        start = {f"{G}.initial_block": normal(1, 8, 4, 4)}
        state |= start if learned_start else {f"{G}.to_initial_block.weight": normal(W_DIM, 8, 4, 4)}
        state |= {f"{G}.initial_conv.weight": normal(8, 8, 3, 3), f"{G}.initial_conv.bias": normal(8)}
        for level, (narrow, wide) in enumerate(zip((8, *WIDTHS), WIDTHS, strict=False)):
            block = f"{G}.blocks.{level}"
            for number, width in ((1, narrow), (2, wide)):
                state |= {f"{block}.to_style{number}.weight": normal(width, W_DIM)}
                state |= {f"{block}.to_style{number}.bias": normal(width)}
                state |= {f"{block}.to_noise{number}.weight": normal(wide, 1)}
                state |= {f"{block}.to_noise{number}.bias": normal(wide)}
                state |= {f"{block}.conv{number}.weight": normal(wide, width, 3, 3)}
            state |= {
                f"{block}.to_rgb.to_style.weight": normal(wide, W_DIM),
                f"{block}.to_rgb.to_style.bias": normal(wide),
            }
            state |= {f"{block}.to_rgb.conv.weight": normal(3, wide, 1, 1)}
            if level < len(WIDTHS) - 1:
                state |= {f"{block}.to_rgb.upsample.1.f": torch.tensor([1.0, 2.0, 1.0])}
    return state


def mapped(state: State, S: str, z: Tensor) -> Tensor:
    """Return w."""
    x = z / z.norm(dim=1, keepdim=True)
    for number in range(NUM_LAYERS):
        weight, bias = (state[f"{S}.net.{2 * number}.{part}"].double() for part in ("weight", "bias"))
        x = F.leaky_relu(0.1 * (x @ weight.T + bias), 0.2)
    return x


def image(state: State, G: str, ws: Tensor, noise: Tensor) -> Tensor:
    """Return the image ``[1, 3, 16, 16]`` of one image's ws, in -1..1."""
    part = {name.removeprefix(f"{G}."): tensor.double() for name, tensor in state.items() if name.startswith(f"{G}.")}

    def styled(name: str, style: str, x: Tensor, w: Tensor, demodulate: bool) -> Tensor:
        scale = part[f"{style}.weight"] @ w + part[f"{style}.bias"] + 1
        weight = part[name] * scale[:, None, None]
        if demodulate:
            weight = weight / (weight.square().sum((1, 2, 3), keepdim=True) + 1e-8).sqrt()
        return F.conv2d(x, weight, padding=weight.shape[-1] // 2)

    if "initial_block" in part:
        x = part["initial_block"]
    else:
        x = F.conv_transpose2d(ws.mean(0)[None, :, None, None], part["to_initial_block.weight"])
    x, rgb = F.conv2d(x, part["initial_conv.weight"], part["initial_conv.bias"], padding=1), None
    for level, w in enumerate(ws):
        block = f"blocks.{level}"
        x = F.interpolate(x, scale_factor=2, mode="bilinear") if level else x
        size = x.shape[-1]
        for number in (1, 2):
            strength, bias = (part[f"{block}.to_noise{number}.{it}"].flatten() for it in ("weight", "bias"))
            added = strength[:, None, None] * noise[:size, :size].T + bias[:, None, None]
            x = F.leaky_relu(
                styled(f"{block}.conv{number}.weight", f"{block}.to_style{number}", x, w, True) + added, 0.2
            )
        colours = styled(f"{block}.to_rgb.conv.weight", f"{block}.to_rgb.to_style", x, w, False)
        rgb = colours if rgb is None else rgb + colours
        if level < len(ws) - 1:
            taps = torch.tensor([1.0, 2.0, 1.0], dtype=torch.float64) / 4
            rgb = F.pad(F.interpolate(rgb, scale_factor=2, mode="bilinear"), (1, 1, 1, 1), mode="reflect")
            rgb = F.conv2d(rgb, torch.outer(taps, taps).expand(3, 1, 3, 3), groups=3)
    assert rgb is not None
    return rgb * 2 - 1


@pytest.fixture(params=[True, False], ids=["constant", "from w"])
def written(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, State]:
    """The file of a program's run, and its tensors."""
    state = state_of(request.param)
    torch.save({"GAN": state, "version": "1.8.9"}, tmp_path / "model_1.pt")
    return tmp_path / "model_1.pt", state


@torch.inference_mode()
def test_images_are_those_of_the_program(written: tuple[Path, State]) -> None:
    path, state = written
    found, z = load(path), torch.randn(3, W_DIM, generator=torch.Generator().manual_seed(2))
    assert list(found) == ["G_ema", "G"]
    for name, (S, G) in {"G_ema": ("SE", "GE"), "G": ("S", "G")}.items():
        network: Any = found[name].double()
        ws = mapped(state, S, z.double())
        torch.testing.assert_close(network.mapping(z)[:, 0], ws, rtol=1e-6, atol=1e-6)
        mixed = torch.stack([ws, ws.flip(0), ws], 1)  # another w at 8x8
        noise = network.synthesis.noise_const
        expected = torch.cat([image(state, G, each, noise) for each in mixed])
        torch.testing.assert_close(network.synthesis(mixed), expected, rtol=0, atol=1e-6 * float(expected.abs().max()))
        still = torch.cat([image(state, G, each, torch.zeros_like(noise)) for each in mixed])
        bound = 1e-6 * float(still.abs().max())
        torch.testing.assert_close(network.synthesis(mixed, noise_mode="none"), still, rtol=0, atol=bound)


def test_it_is_measured_as_a_stylegan2_and_converted(written: tuple[Path, State], tmp_path: Path) -> None:
    path, _ = written
    model: Any = ganbench.load_model("stylegan2", path)
    assert (model.img_resolution, model.num_ws, model.z_dim, model.c_dim) == (16, 3, W_DIM, 0)
    convert(path, tmp_path / "a.safetensors", entry="G_ema")
    z = torch.randn(2, W_DIM)
    assert torch.equal(ganbench.load_model("stylegan2", tmp_path / "a.safetensors")(z), model(z))
    for parameter in model.parameters():
        parameter.mul_(0.5)  # so that the images stay within the range of a trained network's
    check_model(model)


def attentive(state: State) -> None:
    state["GE.attns.0.0.fn.norm.g"] = torch.ones(1, 4, 1, 1)


def transparent(state: State) -> None:
    state["GE.blocks.2.to_rgb.conv.weight"] = torch.ones(4, 4, 1, 1)


def without(state: State) -> None:
    del state["GE.blocks.1.to_noise1.bias"]


def misshapen(state: State) -> None:
    state["GE.blocks.1.conv2.weight"] = torch.ones(6, 9, 3, 3)


def unconnected(state: State) -> None:
    state["SE.net.2.weight"] = torch.ones(5, 7)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (attentive, "with attention layers, which ganbench does not support"),
        (transparent, "of 4 channels, expected 3"),
        (without, "lacks the tensor blocks.1.to_noise1.bias"),
        (misshapen, r"holds the tensor synthesis.b8.conv2.weight with shape \[6, 9, 3, 3\]"),
        (unconnected, "has layers of its mapping network that do not fit one another"),
    ],
)
def test_what_does_not_fit_is_named(change: Any, words: str, tmp_path: Path) -> None:
    state = state_of()
    change(state)
    torch.save({"GAN": state}, tmp_path / "a.pt")
    with pytest.raises(BadInputError, match=words):
        load(tmp_path / "a.pt")
