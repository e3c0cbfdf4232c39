"""StyleGAN2's generator as other programs name it: rosinality's, BasicSR's, and GFPGAN's with bilinear upsampling.

Their files are state dicts of one generator, or of several networks by ``g_ema`` and ``g`` or ``params_ema`` and
``params``. They say nothing of arguments, which are read off the tensors. Discriminators are left out.

Deviation: where a file has no mean of w (``latent_avg``), for which these programs draw latents each time, it is the
mean over 4,096 latents of a fixed seed. Where it has no noise, that is drawn with a fixed seed, too.
"""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from ganbench.checkpoints.format import (
    Architecture,
    BaseFormat,
    Config,
    Content,
    Header,
    MisfitError,
    NetworkSpec,
    Tensors,
)
from ganbench.checkpoints.networks import check_fit
from ganbench.formats.headers import of_single, single
from ganbench.formats.renaming import NEARLY, mean_of_w, taken
from ganbench.formats.stylegan2 import GENERATOR, MODELS

BILINEAR = Architecture(
    "StyleGAN2 generator with bilinear upsampling", "baselines.stylegan2.bilinear:BilinearGenerator", GENERATOR.fields
)
OWN_MODELS = {"stylegan2-bilinear": (BILINEAR, "G_ema")}
PLACES = {"g_ema": "G_ema", "g": "G", "params_ema": "G_ema", "params": "G"}
LR_MULTIPLIER = 0.01  # of the mapping network, in all these programs
SQRT2 = math.sqrt(2)
WHAT = "a StyleGAN2 generator by another program"
MOST_LEVELS = 12  # 4x4 up to 8192x8192
MOST_LAYERS = 64  # of the mapping network


@dataclass(frozen=True)
class Names:
    """A program's names of the tensors of a generator.

    Attributes:
        architecture: of the generator.
        const: the learned constant.
        mapping: a layer of the mapping network, with a place for its number.
        step: from one number of those to the next; the first is 1.
        first, others: the first convolution, and the list of the others.
        conv: the modulated convolution within a layer.
        strength, bias: of a layer's noise and of its activation.
        noise: the noise of a layer, with a place for its number.
        clean: whether weights are stored as they are used, without run-time scaling.
    """

    architecture: Architecture
    const: str
    mapping: str
    step: int
    first: str
    others: str
    conv: str
    strength: str
    bias: str
    noise: str
    clean: bool = False


ROSINALITY = Names(
    GENERATOR,
    "input.input",
    "style.{}",
    1,
    "conv1",
    "convs",
    "conv",
    "noise.weight",
    "activate.bias",
    "noises.noise_{}",
)
BASICSR = Names(
    GENERATOR,
    "constant_input.weight",
    "style_mlp.{}",
    1,
    "style_conv1",
    "style_convs",
    "modulated_conv",
    "weight",
    "activate.bias",
    "noises.noise{}",
)
GFPGAN = Names(
    BILINEAR,
    "constant_input.weight",
    "style_mlp.{}",
    2,
    "style_conv1",
    "style_convs",
    "modulated_conv",
    "weight",
    "bias",
    "noises.noise{}",
    clean=True,
)
KERNEL = re.compile(r"(to_rgbs\.\d+\.upsample|(style_)?convs\.\d+\.(modulated_)?conv\.(blur|smooth))\.kernel")


class RenamedStyleGAN2Format(BaseFormat):
    """StyleGAN2's generator under other names."""

    architectures = (BILINEAR,)

    def recognise(self, content: Content) -> dict[str, NetworkSpec] | None:
        """Return the generators of a file, as ``G_ema`` and ``G``."""
        if not isinstance(content, Tensors):
            return None
        found = {}
        for name, part in generators(content):
            for names in (ROSINALITY, BASICSR, GFPGAN):
                if names.const in part and f"{names.first}.{names.bias}" in part:
                    found[name] = spec_of(part, names, content.get("latent_avg"))
        return found or None

    def from_header(self, header: Header, tensors: Mapping[str, Tensor]) -> dict[str, NetworkSpec] | None:
        """Return the network of one of our files; those of StyleGAN2 itself belong to its own format."""
        return single(header, tensors, OWN_MODELS)

    def to_header(self, specs: Mapping[str, NetworkSpec]) -> Header:
        """Return the header of a file that ganbench writes for a network."""
        return of_single(specs, {**MODELS, **OWN_MODELS})


def generators(content: Tensors) -> Iterator[tuple[str, Mapping[str, Tensor]]]:
    """Yield what may be a generator: all tensors, or those under the names of the programs."""
    yield "G_ema", content
    for part in content.parts():
        if part.place[-1] in PLACES:
            yield PLACES[part.place[-1]], part


def spec_of(tensors: Mapping[str, Tensor], names: Names, w_avg: Tensor | None) -> NetworkSpec:
    """Return the architecture, arguments and tensors of our generator.

    Args:
        tensors: of the other program.
        names: that it gives them.
        w_avg: the stored mean of w, of any shape; None where there is none.

    Raises:
        MisfitError: a tensor is missing, left over or misshapen.
    """
    given = {name: tensor for name, tensor in tensors.items() if name != "latent_avg" and not KERNEL.fullmatch(name)}
    levels = _levels(given, names)
    ours = dict(_translated(given, names, levels))
    for name in given:
        raise MisfitError(f"holds the tensor {name[:100]}, which the generator of no known program has", NEARLY)
    filters = {KERNEL.fullmatch(name): tensor for name, tensor in tensors.items() if KERNEL.fullmatch(name)}
    config = _config(ours, names, levels, next(iter(filters.values()), None))
    ours |= _resample_filters(ours, config, levels)
    if w_avg is not None:
        ours["mapping.w_avg"] = w_avg.reshape(-1)
    elif "mapping.fc0.weight" in ours:
        ours["mapping.w_avg"] = mean_of_w(ours, LR_MULTIPLIER)
    else:
        ours["mapping.w_avg"] = torch.zeros(config["w_dim"])
    spec = NetworkSpec(names.architecture, config, ours)
    check_fit(spec)
    return spec


def _levels(tensors: Mapping[str, Tensor], names: Names) -> int:
    """Return how many resolutions a generator has, 4x4 among them."""
    count = 1
    while f"to_rgbs.{count - 1}.bias" in tensors and count < MOST_LEVELS:
        count += 1
    return count


def _translated(given: dict[str, Tensor], names: Names, levels: int) -> Iterator[tuple[str, Tensor]]:
    """Yield our tensors by name, removing their origins from the given ones."""
    yield "synthesis.b4.const", taken(given, names.const, 4, WHAT)[0]
    for number in range(MOST_LAYERS):
        theirs = names.mapping.format(1 + names.step * number)
        if f"{theirs}.weight" not in given:
            break
        weight = taken(given, f"{theirs}.weight", 2, WHAT)
        gain = math.sqrt(weight.shape[1]) / LR_MULTIPLIER / SQRT2 if names.clean else 1.0
        yield f"mapping.fc{number}.weight", weight * gain
        yield (
            f"mapping.fc{number}.bias",
            taken(given, f"{theirs}.bias", 1, WHAT) / (LR_MULTIPLIER * SQRT2 if names.clean else 1.0),
        )
    layers = [(names.first, "b4.conv1")]
    layers += [
        (f"{names.others}.{2 * level + index}", f"b{8 << level}.conv{index}")
        for level in range(levels - 1)
        for index in (0, 1)
    ]
    for number, (theirs, ours) in enumerate(layers):
        yield from _layer(given, names, theirs, f"synthesis.{ours}", number)
    for level in range(levels):
        theirs = "to_rgb1" if level == 0 else f"to_rgbs.{level - 1}"
        yield from _convolution(given, names, f"{theirs}.{names.conv}", f"synthesis.b{4 << level}.torgb")
        yield f"synthesis.b{4 << level}.torgb.bias", taken(given, f"{theirs}.bias", 4, WHAT).flatten()


def _layer(given: dict[str, Tensor], names: Names, theirs: str, ours: str, number: int) -> Iterator[tuple[str, Tensor]]:
    gain = SQRT2 if names.clean else 1.0
    yield from _convolution(given, names, f"{theirs}.{names.conv}", ours)
    # A clean layer scales before noise and bias are added, ours after.
    yield f"{ours}.noise_strength", taken(given, f"{theirs}.{names.strength}", 1, WHAT).reshape([]) / gain
    yield f"{ours}.bias", taken(given, f"{theirs}.{names.bias}", None, WHAT).flatten() / gain
    resolution = 4 << (number + 1) // 2
    stored = given.pop(names.noise.format(number), None)
    yield f"{ours}.noise_const", noise(resolution, number) if stored is None else stored.reshape(stored.shape[-2:])


def _convolution(given: dict[str, Tensor], names: Names, theirs: str, ours: str) -> Iterator[tuple[str, Tensor]]:
    weight, affine = taken(given, f"{theirs}.weight", 5, WHAT)[0], taken(given, f"{theirs}.modulation.weight", 2, WHAT)
    fan_in = math.prod(weight.shape[1:])
    yield f"{ours}.weight", weight * (math.sqrt(fan_in) if names.clean else 1.0)
    yield f"{ours}.affine.weight", affine * (math.sqrt(affine.shape[1]) if names.clean else 1.0)
    # Ours is StyleGAN2 as its TensorFlow code computes it, whose stored biases of styles are less by 1.
    yield f"{ours}.affine.bias", taken(given, f"{theirs}.modulation.bias", 1, WHAT) - 1


def _config(ours: Mapping[str, Tensor], names: Names, levels: int, kernel: Tensor | None) -> Config:
    resolution = 4 << (levels - 1)
    widest, last = (ours[f"synthesis.b{size}.conv1.weight"].shape[0] for size in (4, resolution))
    taps = (1, 3, 3, 1) if kernel is None else taps_of(kernel)
    return {
        "z_dim": ours["mapping.fc0.weight"].shape[1] if "mapping.fc0.weight" in ours else 1,
        "c_dim": 0,
        "w_dim": ours["synthesis.b4.conv1.affine.weight"].shape[1],
        "img_resolution": resolution,
        "img_channels": ours["synthesis.b4.torgb.bias"].shape[0],
        "channel_base": last * resolution,
        "channel_max": widest,
        "mapping_kwargs": {
            "num_layers": sum(name.startswith("mapping.") for name in ours) // 2,
            "lr_multiplier": LR_MULTIPLIER,
        },
        "num_fp16_res": 0,
        "conv_clamp": None,
        "tensorflow": True,
        "resample_filter": taps,
    }


def taps_of(kernel: Tensor) -> tuple[float, ...]:
    """Return the filter whose outer product is a stored kernel, up to a factor, in units of its smallest tap.

    Raises:
        MisfitError: it is no such product.
    """
    taps = kernel.double().sum(0) if kernel.ndim == 2 else kernel.double()
    outer = torch.outer(taps, taps) / taps.sum()
    if kernel.ndim != 2 or not taps.sum() or not torch.allclose(outer, kernel.double(), atol=1e-6):
        raise MisfitError("holds a resampling kernel that is not the same along both axes", NEARLY)
    return tuple((taps / taps.abs().min()).tolist()) if taps.all() else tuple(taps.tolist())


def _resample_filters(ours: Mapping[str, Tensor], config: Config, levels: int) -> dict[str, Tensor]:
    from baselines.ops.upfirdn2d import setup_filter

    taps = setup_filter(config["resample_filter"])
    blocks = [f"synthesis.b{4 << level}" for level in range(levels)]
    layers = [name.removesuffix(".noise_const") for name in ours if name.endswith(".noise_const")]
    return {f"{name}.resample_filter": taps.clone() for name in (*blocks, *layers)}


def noise(resolution: int, number: int) -> Tensor:
    """Return the noise of a layer that has none in the file, ``[resolution, resolution]``."""
    return torch.randn(resolution, resolution, generator=torch.Generator().manual_seed(number))


stylegan2_renamed = RenamedStyleGAN2Format()
