"""StyleGAN2's generators under the names of other programs make the images that those programs would make.

The forward pass here is written for their tensors, straight from the definition: each image has a weight of its own.
"""

import math
from argparse import Namespace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

import ganbench
from baselines.stylegan2.bilinear import BilinearGenerator
from baselines.stylegan2.networks import Generator
from ganbench.checkpoints import load
from ganbench.checkpoints.converting import convert
from ganbench.errors import BadInputError

WIDTHS = {4: 6, 8: 6, 16: 4}
W_DIM, NUM_LAYERS = 8, 3
TAPS = torch.tensor([1.0, 3.0, 3.0, 1.0]) / 8
State = dict[str, Tensor]
PROGRAMS: dict[str, dict[str, Any]] = {
    "rosinality": {
        "const": "input.input",
        "mapping": ("style", 1),
        "first": "conv1",
        "others": "convs",
        "conv": "conv",
        "strength": "noise.weight",
        "bias": "activate.bias",
        "noise": "noises.noise_",
        "clean": False,
    },
    "basicsr": {
        "const": "constant_input.weight",
        "mapping": ("style_mlp", 1),
        "first": "style_conv1",
        "others": "style_convs",
        "conv": "modulated_conv",
        "strength": "weight",
        "bias": "activate.bias",
        "noise": "noises.noise",
        "clean": False,
    },
}
PROGRAMS["gfpgan"] = PROGRAMS["basicsr"] | {"mapping": ("style_mlp", 2), "bias": "bias", "clean": True}
BY_PROGRAM = pytest.mark.parametrize("program", PROGRAMS)


def state_of(program: str, seed: int = 0) -> State:
    """Return random tensors under the program's names."""
    generator, p = torch.Generator().manual_seed(seed), PROGRAMS[program]

    def normal(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator)

    state = {p["const"]: normal(1, WIDTHS[4], 4, 4)}
    prefix, step = p["mapping"]
    for number in range(NUM_LAYERS):
        gain = 0.5 if p["clean"] else 100.0
        state[f"{prefix}.{1 + step * number}.weight"] = normal(W_DIM, W_DIM) * gain
        state[f"{prefix}.{1 + step * number}.bias"] = normal(W_DIM) * gain
    for number, (name, narrow, wide) in enumerate(layers(p)):
        state[f"{name}.{p['conv']}.weight"] = normal(1, wide, narrow, 3, 3)
        state[f"{name}.{p['conv']}.modulation.weight"] = normal(narrow, W_DIM)
        state[f"{name}.{p['conv']}.modulation.bias"] = normal(narrow)
        state[f"{name}.{p['strength']}"] = normal(1)
        state[f"{name}.{p['bias']}"] = normal(1, wide, 1, 1) if p["clean"] else normal(wide)
        size = 4 << (number + 1) // 2
        state[f"{p['noise']}{number}"] = normal(1, 1, size, size)
    for level, width in enumerate(WIDTHS.values()):
        name = "to_rgb1" if level == 0 else f"to_rgbs.{level - 1}"
        state[f"{name}.{p['conv']}.weight"] = normal(1, 3, width, 1, 1)
        state[f"{name}.{p['conv']}.modulation.weight"] = normal(width, W_DIM)
        state[f"{name}.{p['conv']}.modulation.bias"] = normal(width)
        state[f"{name}.bias"] = normal(1, 3, 1, 1)
        if level and program == "rosinality":
            state[f"{name}.upsample.kernel"] = torch.outer(TAPS, TAPS) * 4
            state[f"convs.{2 * level - 2}.conv.blur.kernel"] = torch.outer(TAPS, TAPS) * 4
    return state


def layers(p: dict[str, Any]) -> list[tuple[str, int, int]]:
    """Return the layers' names and widths."""
    found, widths = [(p["first"], WIDTHS[4], WIDTHS[4])], list(WIDTHS.values())
    for level, (narrow, wide) in enumerate(pairwise(widths)):
        found += [(f"{p['others']}.{2 * level}", narrow, wide), (f"{p['others']}.{2 * level + 1}", wide, wide)]
    return found


def mapped(state: State, p: dict[str, Any], z: Tensor) -> Tensor:
    """Return w."""
    prefix, step = p["mapping"]
    x = z / z.square().mean(1, keepdim=True).sqrt()
    for number in range(NUM_LAYERS):
        weight, bias = (state[f"{prefix}.{1 + step * number}.{part}"].double() for part in ("weight", "bias"))
        if p["clean"]:
            x = F.leaky_relu(x @ weight.T + bias, 0.2)
        else:
            x = F.leaky_relu(x @ weight.T * 0.01 / math.sqrt(W_DIM) + bias * 0.01, 0.2) * math.sqrt(2)
    return x


def blurred(x: Tensor, before: int, after: int) -> Tensor:
    """Return an image padded with zeros and convolved with the resampling filter, which sums to 4."""
    kernel = (torch.outer(TAPS, TAPS) * 4).double().expand(x.shape[1], 1, 4, 4)
    return F.conv2d(F.pad(x, (before, after, before, after)), kernel, groups=x.shape[1])


def doubled(x: Tensor, clean: bool) -> Tensor:
    """Return an image of twice the size."""
    if clean:
        return F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
    spread = torch.zeros(*x.shape[:2], 2 * x.shape[2], 2 * x.shape[3], dtype=x.dtype)
    spread[:, :, ::2, ::2] = x
    return blurred(spread, 2, 1)


def convolved(state: State, p: dict[str, Any], name: str, x: Tensor, w: Tensor, up: bool, demodulate: bool) -> Tensor:
    """Return one image convolved with its own weight."""
    weight, affine = state[f"{name}.weight"][0].double(), state[f"{name}.modulation.weight"].double()
    style = affine @ w / (1 if p["clean"] else math.sqrt(W_DIM)) + state[f"{name}.modulation.bias"].double()
    weight = weight * style[:, None, None] / (1 if p["clean"] else math.sqrt(weight[0].numel()))
    if demodulate:
        weight = weight / (weight.square().sum((1, 2, 3), keepdim=True) + 1e-8).sqrt()
    if up and not p["clean"]:
        return blurred(F.conv_transpose2d(x, weight.transpose(0, 1), stride=2), 1, 1)
    x = doubled(x, True) if up else x
    return F.conv2d(x, weight, padding=weight.shape[-1] // 2)


def image(state: State, program: str, w: Tensor) -> Tensor:
    """Return the image ``[1, 3, 16, 16]`` of one w, with the stored noise."""
    p = PROGRAMS[program]
    x, img = state[p["const"]].double(), None
    for number, (name, _, _) in enumerate(layers(p)):
        up = number % 2 == 1
        x = convolved(state, p, f"{name}.{p['conv']}", x, w, up, True) * (math.sqrt(2) if p["clean"] else 1)
        x = x + state[f"{name}.{p['strength']}"].double() * state[f"{p['noise']}{number}"].double()
        x = F.leaky_relu(x + state[f"{name}.{p['bias']}"].double().reshape(1, -1, 1, 1), 0.2)
        x = x if p["clean"] else x * math.sqrt(2)
        if not up:
            rgb = "to_rgb1" if number == 0 else f"to_rgbs.{number // 2 - 1}"
            colours = convolved(state, p, f"{rgb}.{p['conv']}", x, w, False, False) + state[f"{rgb}.bias"].double()
            img = colours if img is None else doubled(img, p["clean"]) + colours
    assert img is not None
    return img


def latents() -> Tensor:
    return torch.randn(3, W_DIM, generator=torch.Generator().manual_seed(9))


def saved(path: Path, program: str, state: State) -> Path:
    """Write a file as the program does."""
    both = {"g_ema": state, "g": state_of(program, 1), "latent_avg": torch.arange(float(W_DIM)), "args": Namespace(a=1)}
    torch.save(both if program == "rosinality" else {"params_ema": state, "params": state_of(program, 1)}, path)
    return path


@BY_PROGRAM
@torch.inference_mode()
def test_images_are_those_of_the_program(program: str, tmp_path: Path) -> None:
    state, z = state_of(program), latents()
    found = load(saved(tmp_path / "a.pt", program, state))
    assert list(found) == ["G_ema", "G"]
    for name, theirs in (("G_ema", state), ("G", state_of(program, 1))):
        G: Any = found[name].double()
        ws = mapped(theirs, PROGRAMS[program], z.double())
        torch.testing.assert_close(G.mapping(z)[:, 0], ws, rtol=1e-6, atol=1e-6)
        expected = torch.cat([image(theirs, program, w) for w in ws])
        torch.testing.assert_close(G(z), expected, rtol=0, atol=1e-6 * float(expected.abs().max()))
    model = ganbench.load_model("stylegan2", tmp_path / "a.pt")
    torch.testing.assert_close(model(z), found["G_ema"].float()(z))
    assert type(model) is (BilinearGenerator if program == "gfpgan" else Generator)


def test_bilinear_and_filtered_upsampling_differ_at_the_border_alone() -> None:
    x = torch.randn(1, 2, 8, 8, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    torch.testing.assert_close(doubled(x, True)[..., 1:-1, 1:-1], doubled(x, False)[..., 1:-1, 1:-1])
    assert not torch.allclose(doubled(x, True), doubled(x, False))


def test_the_mean_of_w_is_that_of_the_file_or_of_many_latents(tmp_path: Path) -> None:
    state = state_of("rosinality")
    G: Any = load(saved(tmp_path / "a.pt", "rosinality", state))["G_ema"]
    assert torch.equal(G.mapping.w_avg, torch.arange(float(W_DIM)))
    torch.save(state, tmp_path / "b.pt")
    found: Any = load(tmp_path / "b.pt")
    assert list(found) == ["G_ema"]
    z = torch.randn(20_000, W_DIM, generator=torch.Generator().manual_seed(5), dtype=torch.float64)
    ws = mapped(state, PROGRAMS["rosinality"], z)
    error = ws.std(0) * math.sqrt(1 / 20_000 + 1 / 4096)
    assert ((found["G_ema"].mapping.w_avg - ws.mean(0)).abs() < 5 * error).all()
    assert torch.equal(load(tmp_path / "b.pt")["G_ema"].mapping.w_avg, found["G_ema"].mapping.w_avg)  # type: ignore[union-attr]


def test_another_filter_is_read_off_its_kernel(tmp_path: Path) -> None:
    state, taps = state_of("rosinality"), torch.tensor([1.0, 2.0, 1.0]) / 4
    for name in [name for name in state if name.endswith("kernel")]:
        state[name] = torch.outer(taps, taps) * 4
    torch.save(state, tmp_path / "a.pt")
    G: Any = load(tmp_path / "a.pt")["G_ema"]
    torch.testing.assert_close(G.synthesis.b8.conv0.resample_filter, torch.outer(taps, taps))


def test_without_stored_noise_it_is_always_the_same(tmp_path: Path) -> None:
    torch.save({k: v for k, v in state_of("rosinality").items() if not k.startswith("noises")}, tmp_path / "a.pt")
    first, second = (load(tmp_path / "a.pt")["G_ema"] for _ in range(2))
    assert torch.equal(first(latents()), second(latents()))


@BY_PROGRAM
def test_a_converted_generator_makes_the_same_images(program: str, tmp_path: Path) -> None:

    path = saved(tmp_path / "a.pt", program, state_of(program))
    convert(path, tmp_path / "b.safetensors", entry="G_ema")
    (again,) = load(tmp_path / "b.safetensors").values()
    assert torch.equal(again(latents()), load(path)["G_ema"](latents()))


def without(state: State) -> None:
    del state["convs.0.activate.bias"]


def misshapen(state: State) -> None:
    state["convs.1.conv.weight"] = torch.ones(1, 4, 9, 3, 3)


def flat(state: State) -> None:
    state["convs.1.conv.weight"] = torch.ones(4)


def more(state: State) -> None:
    state["attention.weight"] = torch.ones(3)


def lopsided(state: State) -> None:
    state["to_rgbs.0.upsample.kernel"] = torch.arange(16.0).reshape(4, 4)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (without, "lacks the tensor convs.0.activate.bias of a StyleGAN2 generator by another program"),
        (misshapen, r"holds the tensor synthesis.b8.conv1.weight with shape \[4, 9, 3, 3\]"),
        (flat, r"has as \[4\] the tensor convs.1.conv.weight"),
        (more, "holds the tensor attention.weight, which the generator of no known program has"),
        (lopsided, "holds a resampling kernel that is not the same along both axes"),
    ],
)
def test_what_does_not_fit_is_named(change: Any, words: str, tmp_path: Path) -> None:
    state = state_of("rosinality")
    change(state)
    torch.save(state, tmp_path / "a.pt")
    with pytest.raises(BadInputError, match=words):
        load(tmp_path / "a.pt")
