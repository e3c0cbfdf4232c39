"""The growing networks, filled from variables of the TensorFlow code, against its graphs written out step by step."""

import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from baselines.ops.levels import split_lod
from baselines.stylegan2.growing import GrowingDiscriminator, GrowingGenerator
from ganbench import load_model
from ganbench.checkpoints import load, load_one
from ganbench.checkpoints.converting import convert
from tests.checkpoints.tflib_records import built, instance, write

R, LEVELS, FMAPS, W = 32, 4, {4: 6, 8: 6, 16: 4, 32: 2}, 5
KWARGS: dict[str, Any] = {
    **{"num_channels": 3, "resolution": R, "label_size": 0, "latent_size": W, "dlatent_size": W},
    **{"mapping_layers": 2, "mapping_fmaps": W, "fmap_base": 32, "fmap_max": 6},
}
FIR = torch.tensor([1.0, 3, 3, 1], dtype=torch.float64)
KERNEL = torch.outer(FIR, FIR) / 64
STAGES = [(0, "auto"), (0.25, "linear"), (1, "auto"), (2.75, "recursive"), (3, "auto"), (0, "fixed")]
Variables = dict[str, Any]


def drawn(*shapes: tuple[str, tuple[int, ...]], seed: int = 0) -> Variables:
    rng = np.random.default_rng(seed)
    return {name: rng.standard_normal(shape).astype(np.float32) for name, shape in shapes}


def synthesis_shapes(structure: str) -> Iterator[tuple[str, tuple[int, ...]]]:
    yield "lod", ()
    for i in range(2 * LEVELS - 1):
        yield f"noise{i}", (1, 1, *[2 ** ((i + 5) // 2)] * 2)
    yield "4x4/Const/const", (1, FMAPS[4], 4, 4)
    for res, wide in FMAPS.items():
        narrow = FMAPS.get(res // 2, wide)
        for name, into in (("Conv", wide),) if res == 4 else (("Conv0_up", narrow), ("Conv1", wide)):
            yield f"{res}x{res}/{name}/weight", (3, 3, into, wide)
            yield f"{res}x{res}/{name}/noise_strength", ()
            yield f"{res}x{res}/{name}/bias", (wide,)
            yield f"{res}x{res}/{name}/mod_weight", (W, into)
            yield f"{res}x{res}/{name}/mod_bias", (into,)
        if res == R or structure != "fixed":
            scope = f"ToRGB_lod{round(math.log2(R / res))}"
            yield f"{scope}/weight", (1, 1, wide, 3)
            yield f"{scope}/bias", (3,)
            yield f"{scope}/mod_weight", (W, wide)
            yield f"{scope}/mod_bias", (wide,)


def discriminator_shapes(structure: str) -> Iterator[tuple[str, tuple[int, ...]]]:
    yield "lod", ()
    for res, wide in FMAPS.items():
        if res == R or structure != "fixed":
            yield f"FromRGB_lod{round(math.log2(R / res))}/weight", (1, 1, 3, wide)
            yield f"FromRGB_lod{round(math.log2(R / res))}/bias", (wide,)
        if res > 4:
            yield f"{res}x{res}/Conv0/weight", (3, 3, wide, wide)
            yield f"{res}x{res}/Conv0/bias", (wide,)
            yield f"{res}x{res}/Conv1_down/weight", (3, 3, wide, FMAPS[res // 2])
            yield f"{res}x{res}/Conv1_down/bias", (FMAPS[res // 2],)
    yield "4x4/Conv/weight", (3, 3, FMAPS[4] + 1, FMAPS[4])
    yield "4x4/Conv/bias", (FMAPS[4],)
    yield "4x4/Dense0/weight", (16 * FMAPS[4], FMAPS[4])
    yield "4x4/Dense0/bias", (FMAPS[4],)
    yield "Output/weight", (FMAPS[4], 1)
    yield "Output/bias", (1,)


def generator_record(lod: float, structure: str) -> tuple[Any, Variables]:
    synthesis = drawn(*synthesis_shapes(structure))
    widths = [(f"Dense{i}/{name}", shape) for i in range(2) for name, shape in (("weight", (W, W)), ("bias", (W,)))]
    kwargs = {**KWARGS, "structure": structure}
    parts = {
        "synthesis": instance("G_synthesis_stylegan_revised", kwargs, synthesis, {}),
        "mapping": instance("G_mapping", kwargs, drawn(*widths, seed=1), {}),
    }
    own = {"lod": np.float32(lod), "dlatent_avg": np.zeros(W, np.float32)}
    return instance("G_main", kwargs, own, parts), synthesis


def weight(variables: Variables, name: str) -> Tensor:
    """Return an equalised weight, scaled by one over the root of what is summed over."""
    value = torch.from_numpy(np.asarray(variables[name])).double()
    return value / math.sqrt(math.prod(value.shape[:-1]))


def plain(variables: Variables, name: str) -> Tensor:
    return torch.from_numpy(np.asarray(variables[name])).double()


def lrelu(x: Tensor) -> Tensor:
    slope = float(np.float32(0.2))
    return torch.where(x < 0, x * slope, x) * math.sqrt(2)


def filtered(x: Tensor, before: int, after: int) -> Tensor:
    wide = F.pad(x, [before, after, before, after])
    return F.conv2d(wide, KERNEL.expand(x.shape[1], 1, 4, 4), groups=x.shape[1])


def modulated(
    variables: Variables, scope: str, x: Tensor, w: Tensor, up: bool = False, demodulate: bool = True
) -> Tensor:
    made = []
    for image, latent in zip(x, w, strict=True):
        style = latent @ weight(variables, f"{scope}/mod_weight") + plain(variables, f"{scope}/mod_bias") + 1
        kernel = weight(variables, f"{scope}/weight") * style[:, None]
        kernel = kernel / (kernel.square().sum([0, 1, 2]) + 1e-8).sqrt() if demodulate else kernel
        kernel = kernel.permute(3, 2, 0, 1)
        if up:
            size = 2 * image.shape[1] - 1
            spread = torch.zeros(len(image), size, size, dtype=torch.float64)
            spread[:, ::2, ::2] = image
            made.append(filtered(F.conv2d(spread[None], kernel, padding=2), 1, 1)[0] * 4)
        else:
            made.append(F.conv2d(image[None], kernel, padding=kernel.shape[2] // 2)[0])
    return torch.stack(made)


def nearest(x: Tensor, factor: int) -> Tensor:
    return x.repeat_interleave(factor, 2).repeat_interleave(factor, 3)


def images_of(variables: Variables, ws: Tensor, lod: float) -> Tensor:
    def layer(scope: str, index: int, x: Tensor, up: bool = False) -> Tensor:
        noise = plain(variables, f"noise{index}") * plain(variables, f"{scope}/noise_strength")
        x = modulated(variables, scope, x, ws[:, index], up) + noise
        return lrelu(x + plain(variables, f"{scope}/bias")[:, None, None])

    def colours(level: int, x: Tensor) -> Tensor:
        scope, index = f"ToRGB_lod{LEVELS - 1 - level}", 2 * level + 1
        made = modulated(variables, scope, x, ws[:, index], demodulate=False)
        return made + plain(variables, f"{scope}/bias")[:, None, None]

    whole = int(lod)
    x = layer("4x4/Conv", 0, plain(variables, "4x4/Const/const").expand(len(ws), -1, -1, -1))
    below = x
    for level in range(1, LEVELS - whole):
        res = 4 << level
        below, x = x, layer(f"{res}x{res}/Conv0_up", 2 * level - 1, x, up=True)
        x = layer(f"{res}x{res}/Conv1", 2 * level, x)
    top = LEVELS - 1 - whole
    image = colours(top, x)
    if lod > whole:
        image = image + (nearest(colours(top - 1, below), 2) - image) * (lod - whole)
    return nearest(image, 2**whole)


def scores_of(variables: Variables, images: Tensor, lod: float) -> Tensor:
    def conv(scope: str, x: Tensor, down: bool = False) -> Tensor:
        kernel = weight(variables, f"{scope}/weight").permute(3, 2, 0, 1)
        same = kernel.shape[2] // 2
        x = F.conv2d(filtered(x, 2, 2), kernel, stride=2) if down else F.conv2d(x, kernel, padding=same)
        return lrelu(x + plain(variables, f"{scope}/bias")[:, None, None])

    def features(level: int) -> Tensor:
        small = F.avg_pool2d(images, 2**level)
        return conv(f"FromRGB_lod{level}", small)

    whole = int(lod)
    x = features(whole)
    for level in range(whole, LEVELS - 1):
        res = R >> level
        x = conv(f"{res}x{res}/Conv1_down", conv(f"{res}x{res}/Conv0", x), down=True)
        if level == whole and lod > whole:
            x = x + (features(level + 1) - x) * (lod - whole)
    groups = x.reshape(4, -1, *x.shape[1:])
    deviation = ((groups - groups.mean(0)).square().mean(0) + 1e-8).sqrt().mean([1, 2, 3])
    x = torch.cat([x, deviation.repeat(4)[:, None, None, None].expand(-1, 1, 4, 4)], dim=1)
    x = conv("4x4/Conv", x).flatten(1)
    x = lrelu(x @ weight(variables, "4x4/Dense0/weight") + plain(variables, "4x4/Dense0/bias"))
    return x @ weight(variables, "Output/weight") + plain(variables, "Output/bias")


def normal(*shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(3), dtype=torch.float64)


def close(found: Tensor, truth: Tensor) -> None:
    torch.testing.assert_close(found, truth, rtol=0, atol=1e-9 * float(truth.abs().max()))


@pytest.mark.parametrize(("lod", "structure"), STAGES)
@torch.inference_mode()
def test_images_are_those_of_the_graph(lod: float, structure: str) -> None:
    record, variables = generator_record(lod, structure)
    G: Any = built(record).double()
    assert type(G) is GrowingGenerator
    ws = normal(2, 2 * LEVELS, W)
    close(G.synthesis(ws, noise_mode="const"), images_of(variables, ws, lod))


@pytest.mark.parametrize(("lod", "structure"), STAGES)
@torch.inference_mode()
def test_scores_are_those_of_the_graph(lod: float, structure: str) -> None:
    variables = drawn(*discriminator_shapes(structure)) | {"lod": np.float32(lod)}
    D = built(instance("D_stylegan", {**KWARGS, "structure": structure}, variables, {})).double()
    assert type(D) is GrowingDiscriminator
    images = normal(8, 3, R, R)
    close(D(images), scores_of(variables, images, lod))


def test_a_snapshot_is_loaded_and_converted_bit_for_bit(tmp_path: Path) -> None:
    G, _ = generator_record(0.25, "auto")
    D = instance("D_stylegan", KWARGS, drawn(*discriminator_shapes("auto")), {})
    path = write(tmp_path / "stylegan2-config-d.pkl", G, D, G)
    assert list(load(path)) == ["G", "D", "Gs"]
    z, images = normal(2, W).float(), normal(4, 3, R, R).float()
    model = load_model("stylegan2", path)
    inputs: dict[str, Callable[[Any], Tensor]] = {"Gs": lambda it: it(z), "D": lambda it: it(images)}
    for entry, output in inputs.items():
        convert(path, tmp_path / "one.safetensors", entry)
        assert torch.equal(output(load_one(tmp_path / "one.safetensors")), output(load_one(path, entry)))
    assert torch.equal(model(z), load_model("stylegan2", path, entry="G")(z))


def test_levels_of_detail_stay_within_the_resolutions() -> None:
    assert [split_lod(lod, 4) for lod in (-1, 0, 0.5, 2, 3, 9)] == [(0, 0), (0, 0), (0, 0.5), (2, 0), (3, 0), (3, 0)]
    with pytest.raises(ValueError, match="unknown structure"):
        GrowingDiscriminator(0, 8, 1, structure="none")  # type: ignore[arg-type]
