"""The generators of the program stylegan2-pytorch, and files of ours with one.

A file of that program, ``model_NUMBER.pt``, is one state dict with the mapping networks ``S`` and ``SE``, the
generators ``G`` and ``GE``, of which those with an E are averages, and a discriminator, which is left out. Arguments
are read off the tensors; that the mapping network learns a tenth as fast, as by default, is not in the file.

Deviation: the program draws 2,000 latents for the mean of w each time; here it is over 4,096 of a fixed seed.
"""

import math
import re
from collections.abc import Iterator, Mapping

import torch
from torch import Tensor

from ganbench.checkpoints.fields import Flag, Number, whole
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
from ganbench.errors import UnsafeFileError
from ganbench.formats.headers import of_single, single
from ganbench.formats.renaming import NEARLY, mean_of_w, taken

MOST_LEVELS = 12
MOST_LAYERS = 64


class Widths:
    """Feature maps at each resolution."""

    expected = f"a list of one to {MOST_LEVELS} whole numbers from 1"

    def holds(self, value: object) -> bool:
        """Return whether a value is such a list."""
        numbers = value if isinstance(value, list | tuple) else ()
        return 1 <= len(numbers) <= MOST_LEVELS and all(map(Number(1, whole=True).holds, numbers))


def check_depth(config: Config) -> None:
    """Refuse a depth that would take long to build before it is known whether the weights fit."""
    if isinstance(depth := config.get("num_layers"), int) and depth > MOST_LAYERS:
        raise UnsafeFileError(f"gives its network the argument 'num_layers' as {depth}, which no network takes")


GENERATOR = Architecture(
    "lightweight StyleGAN2 generator",
    "baselines.stylegan2.lightweight:LightweightGenerator",
    {
        **whole(1, "z_dim"),
        **whole(0, "num_layers"),
        "channels": Widths(),
        "lr_multiplier": Number(0),
        "learned_start": Flag(),
    },
    check_depth,
)
MODELS = {"stylegan2-lightweight": (GENERATOR, "G_ema")}
PAIRS = {"G_ema": ("SE", "GE"), "G": ("S", "G")}  # our name -> names of a mapping network and a generator
LR_MULTIPLIER = 0.1
SQRT2 = math.sqrt(2)
WHAT = "a lightweight StyleGAN2 generator"
BLOCK = {  # our names within a block -> the program's
    "conv1.weight": "conv1.weight",
    "conv1.style.weight": "to_style1.weight",
    "conv1.style.bias": "to_style1.bias",
    "conv2.weight": "conv2.weight",
    "conv2.style.weight": "to_style2.weight",
    "conv2.style.bias": "to_style2.bias",
    "noise1.weight": "to_noise1.weight",
    "noise1.bias": "to_noise1.bias",
    "noise2.weight": "to_noise2.weight",
    "noise2.bias": "to_noise2.bias",
    "torgb.weight": "to_rgb.conv.weight",
    "torgb.style.weight": "to_rgb.to_style.weight",
    "torgb.style.bias": "to_rgb.to_style.bias",
}
BLUR = re.compile(r"blocks\.\d+\.to_rgb\.upsample\.1\.f")


class LightweightFormat(BaseFormat):
    """The generators of stylegan2-pytorch."""

    architectures = (GENERATOR,)

    def recognise(self, content: Content) -> dict[str, NetworkSpec] | None:
        """Return the generators of a file, each with its mapping network, as ``G_ema`` and ``G``."""
        if not isinstance(content, Tensors) or "GE.blocks.0.to_rgb.conv.weight" not in content:
            return None
        parts = {part.place[-1]: part for part in content.parts()}
        return {
            name: spec_of(parts[mapping], parts[generator])
            for name, (mapping, generator) in PAIRS.items()
            if mapping in parts and generator in parts
        }

    def from_header(self, header: Header, tensors: Mapping[str, Tensor]) -> dict[str, NetworkSpec] | None:
        """Return the network of one of our files."""
        return single(header, tensors, MODELS)

    def to_header(self, specs: Mapping[str, NetworkSpec]) -> Header:
        """Return the header of a file that ganbench writes for a network."""
        return of_single(specs, MODELS)


def spec_of(mapping: Mapping[str, Tensor], generator: Mapping[str, Tensor]) -> NetworkSpec:
    """Return the architecture, arguments and tensors of our generator.

    Raises:
        MisfitError: there is a part that is not built here, or a tensor is missing, left over or misshapen.
    """
    given = {name: tensor for name, tensor in generator.items() if not BLUR.fullmatch(name)}
    if any(name.startswith("attns.") for name in given):
        raise MisfitError(
            "holds a lightweight StyleGAN2 generator with attention layers, which ganbench does not support", 1.0
        )
    ours = {**_mapping(mapping), **dict(_synthesis(given))}
    for name in given:
        raise MisfitError(f"holds the tensor {name[:100]}, which no lightweight StyleGAN2 generator has", NEARLY)
    blocks = [name for name in ours if name.endswith(".torgb.weight")]
    if colours := {len(ours[name]) for name in blocks} - {3}:
        raise MisfitError(f"holds a lightweight StyleGAN2 generator of {min(colours)} channels, expected 3", 1.0)
    config = {
        "z_dim": ours["mapping.w_avg"].shape[0],
        "channels": [ours[name].shape[1] for name in blocks],
        "num_layers": sum(name.endswith(".bias") for name in ours if name.startswith("mapping.")),
        "lr_multiplier": LR_MULTIPLIER,
        "learned_start": "synthesis.const" in ours,
    }
    size = 2 ** (len(blocks) + 1)
    # The program stores no noise and draws it each time.
    ours["synthesis.noise_const"] = torch.rand(size, size, generator=torch.Generator().manual_seed(0))
    spec = NetworkSpec(GENERATOR, config, ours)
    check_fit(spec)
    return spec


def _synthesis(given: dict[str, Tensor]) -> Iterator[tuple[str, Tensor]]:
    """Yield our tensors by name, removing their origins from the given ones."""
    if "initial_block" in given:
        yield "synthesis.const", taken(given, "initial_block", 4, WHAT)[0]
    else:
        yield "synthesis.start.weight", taken(given, "to_initial_block.weight", 4, WHAT)
    for part, ndim in (("weight", 4), ("bias", 1)):
        yield f"synthesis.initial.{part}", taken(given, f"initial_conv.{part}", ndim, WHAT)
    for level in range(MOST_LEVELS):
        if f"blocks.{level}.conv1.weight" not in given:
            break
        for ours, theirs in BLOCK.items():
            tensor = taken(given, f"blocks.{level}.{theirs}", None, WHAT)
            if ours.endswith("weight") and tensor.ndim < 2:
                raise MisfitError(f"has as {list(tensor.shape)} the tensor blocks.{level}.{theirs}", NEARLY)
            yield f"synthesis.b{4 << level}.{ours}", tensor


def _mapping(theirs: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return our mapping network's tensors, with the mean of w.

    The program's layers lack the factors that ours have: the root of the number of inputs, and that of 2 after a leaky
    ReLU; and its latents are of length 1, ours of mean square 1. All these go into the weights.
    """
    given = dict(theirs)
    ours: dict[str, Tensor] = {}
    layers: list[tuple[Tensor, Tensor]] = []
    while f"net.{2 * len(layers)}.weight" in given and len(layers) < MOST_LAYERS:
        name = f"net.{2 * len(layers)}"
        layers.append((taken(given, f"{name}.weight", 2, WHAT), taken(given, f"{name}.bias", 1, WHAT)))
    for name in given:
        raise MisfitError(f"holds the tensor {name[:100]}, which no lightweight StyleGAN2 mapping network has", NEARLY)
    if not layers:
        raise MisfitError("lacks the tensor net.0.weight of a lightweight StyleGAN2 mapping network", NEARLY)
    for number, (weight, bias) in enumerate(layers):
        ours[f"mapping.fc{number}.weight"] = weight * ((math.sqrt(weight.shape[1]) if number else 1.0) / SQRT2)
        ours[f"mapping.fc{number}.bias"] = bias / SQRT2
    return {**ours, "mapping.w_avg": mean_of_w(ours, LR_MULTIPLIER)}


stylegan2_lightweight = LightweightFormat()
