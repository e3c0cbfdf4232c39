"""CycleGAN's files: what each network was made with.

An official file is the bare state dict of one network, ``EPOCH_net_NAME.pth``, and says nothing of arguments: they are
read off its tensors. Our own safetensors have them in their header, and hold both generators, or one converted network.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from baselines.cyclegan.networks import (
    NLayerDiscriminator,
    PixelDiscriminator,
    ResnetGenerator,
    UnetGenerator,
)
from ganbench.checkpoints.architectures import Architecture, Blueprint, Config
from ganbench.checkpoints.modules import arguments
from ganbench.errors import BadInputError, UnsafeFileError

Tensors = Mapping[str, Tensor]

DEEPEST = {"n_blocks": 64, "num_downs": 12, "n_layers": 12}  # more than that no network has


def modest(config: Config) -> None:
    """Refuse a depth that would take long to build before it is known whether the weights fit."""
    for name, most in DEEPEST.items():
        if isinstance(depth := config.get(name), int) and depth > most:
            raise UnsafeFileError(f"gives its network the argument {name!r} as {depth}, which no network takes")


RESNET = Architecture("CycleGAN ResNet generator", "ResnetGenerator", "model.1.weight", ResnetGenerator, check=modest)
UNET = Architecture("CycleGAN U-Net generator", "UnetGenerator", "model.model.0.weight", UnetGenerator, check=modest)
N_LAYERS = Architecture(
    "CycleGAN patch discriminator", "NLayerDiscriminator", "model.0.weight", NLayerDiscriminator, check=modest
)
PIXEL = Architecture(
    "CycleGAN pixel discriminator", "PixelDiscriminator", "net.0.weight", PixelDiscriminator, check=modest
)
GENERATORS = {"resnet": RESNET, "unet": UNET}
# What our own safetensors files call a converted network.
OWN_MODELS = {
    "cyclegan-resnet-generator": RESNET,
    "cyclegan-unet-generator": UNET,
    "cyclegan-patch-discriminator": N_LAYERS,
    "cyclegan-pixel-discriminator": PIXEL,
}

NAME = re.compile(r"[GD](_[AB])?")
OFFICIAL_NAME = re.compile(rf".+_net_(?P<name>{NAME.pattern})\.pth", re.DOTALL)
BLOCK = re.compile(r"model\.(\d{1,9})\.conv_block\.")
STATISTICS = ("running_mean", "running_var", "num_batches_tracked")
PADDINGS: dict[tuple[int, ...], tuple[str, bool]] = {
    (1, 5): ("reflect", False),
    (1, 6): ("reflect", True),
    (0, 3): ("zero", False),
    (0, 4): ("zero", True),
}


def recognised(tensors: Tensors) -> dict[str, Blueprint] | None:
    """Return the one network of an official file, as ``G`` or ``D``; None where the tensors are of another kind.

    The tensors are not yet known to fit: ``filled`` compares them all.
    """
    tensors = without_instance_statistics(tensors)
    for architecture, configure in ((RESNET, resnet), (UNET, unet), (N_LAYERS, n_layers), (PIXEL, pixel)):
        if is_convolution(tensors.get(architecture.telltale)):
            return {letter(architecture): Blueprint(architecture, configure(tensors), tensors)}
    return None


def name_in(path: Path, name: str) -> str:
    """Return what a network is called by the name of its official file, such as ``G_A``, or else ``name``.

    Raises:
        BadInputError: the file is called after a network of the other kind.
    """
    named = OFFICIAL_NAME.fullmatch(path.name)
    if not named or len(name) > 1:
        return name
    if named["name"][0] != name:
        kinds = {"G": "generator", "D": "discriminator"}
        raise BadInputError(f"is named as a {kinds[named['name'][0]]} and holds a {kinds[name]}: give it its own name")
    return named["name"]


def own(header: Mapping[str, Any], tensors: Tensors) -> dict[str, Blueprint] | None:
    """Return the networks of one of our own files, as ``G_A`` and ``G_B``, or as what the converted file was called.

    None where the header says that it is another model's.

    Raises:
        BadInputError, UnsafeFileError: the header has no arguments that a network takes.
    """
    model, config = header["model"], header["config"]
    if not isinstance(model, str) or model not in ("cyclegan", *OWN_MODELS):
        return None
    if not isinstance(config, dict):
        raise BadInputError("says in its header no arguments that its network was made with")
    config = arguments(config)
    if model == "cyclegan":
        return pair(config, tensors)
    architecture, entry = OWN_MODELS[model], str(header.get("entry"))
    known = NAME.fullmatch(entry) and entry[0] == letter(architecture)
    return {entry if known else letter(architecture): Blueprint(architecture, config, tensors)}


def pair(config: Config, tensors: Tensors) -> dict[str, Blueprint]:
    """Return both generators of a file; the way back has the channels of the way there in the other order."""
    there = dict(config)
    kind = there.pop("netG", "resnet")
    if not isinstance(kind, str) or kind not in GENERATORS:
        raise BadInputError(f"holds generators of an unknown kind, {str(kind)[:60]!r}")
    back = there | {"input_nc": there.get("output_nc", 3), "output_nc": there.get("input_nc", 3)}
    for name in tensors:
        if not name.startswith(("G_A.", "G_B.")):
            raise BadInputError(f"holds the tensor {name[:100]}, which is of neither generator")
    return {
        name: Blueprint(
            GENERATORS[kind],
            arguments_of,
            {key.removeprefix(f"{name}."): tensor for key, tensor in tensors.items() if key.startswith(f"{name}.")},
        )
        for name, arguments_of in (("G_A", there), ("G_B", back))
    }


def letter(architecture: Architecture) -> str:
    """Return ``G`` for a generator and ``D`` for a discriminator."""
    return "G" if architecture in (RESNET, UNET) else "D"


def without_instance_statistics(tensors: Tensors) -> dict[str, Tensor]:
    """Return the tensors but for running statistics of instance norm, which old files have and nothing ever used.

    Those of batch norm stand beside its weights.
    """
    split = {name: name.rpartition(".") for name in tensors}
    return {
        name: tensor
        for name, tensor in tensors.items()
        if split[name][2] not in STATISTICS or f"{split[name][0]}.weight" in tensors
    }


def resnet(tensors: Tensors) -> Config:
    """Return the arguments of a ResNet generator; padding by reflection stands for that by repetition, too."""
    blocks = (int(match[1]) for match in map(BLOCK.match, tensors) if match)
    n_blocks = max(blocks, default=9) - 9  # the first is layer 10
    inside = re.compile(r"model\.10\.conv_block\.(\d+)\.weight")
    found = [match for name, tensor in tensors.items() if tensor.ndim == 4 and (match := inside.fullmatch(name))]
    padding_type, use_dropout = PADDINGS.get(tuple(sorted(int(match[1]) for match in found)), PADDINGS[1, 5])
    return {
        **first_sizes(tensors, "model.1"),
        "output_nc": last(tensors, f"model.{17 + n_blocks}.weight").shape[0],
        "n_blocks": n_blocks,
        "norm": norm(tensors, "model.1"),
        "use_dropout": use_dropout,
        "padding_type": padding_type,
    }


def unet(tensors: Tensors) -> Config:
    """Return the arguments of a U-Net generator; dropout leaves no trace and does nothing when images are made."""
    num_downs, inner = 1, "model.model.1"
    while f"{inner}.model.1.weight" in tensors:
        num_downs, inner = num_downs + 1, f"{inner}.model.3"
    return {
        **first_sizes(tensors, "model.model.0"),
        "output_nc": last(tensors, "model.model.3.weight").shape[1],
        "num_downs": num_downs,
        "norm": norm(tensors, "model.model.0"),
    }


def n_layers(tensors: Tensors) -> Config:
    """Return the arguments of a patch discriminator."""
    ndf, input_nc = tensors["model.0.weight"].shape[:2]
    convolutions = sum(tensor.ndim == 4 for tensor in tensors.values())
    return {"input_nc": input_nc, "ndf": ndf, "n_layers": convolutions - 2, "norm": norm(tensors, "model.2")}


def pixel(tensors: Tensors) -> Config:
    """Return the arguments of a pixel discriminator."""
    ndf, input_nc = tensors["net.0.weight"].shape[:2]
    return {"input_nc": input_nc, "ndf": ndf, "norm": norm(tensors, "net.2")}


def first_sizes(tensors: Tensors, first: str) -> Config:
    """Return what a generator's first convolution tells."""
    ngf, input_nc = tensors[f"{first}.weight"].shape[:2]
    return {"input_nc": input_nc, "ngf": ngf}


def last(tensors: Tensors, name: str) -> Tensor:
    """Return the weight of a generator's last convolution.

    Raises:
        BadInputError: it is not there.
    """
    if (found := tensors.get(name)) is None or not is_convolution(found):
        raise BadInputError(f"lacks the last convolution of a CycleGAN generator, which would be {name}")
    return found


def norm(tensors: Tensors, convolution: str) -> str:
    """Return the kind of norm: batch norm has statistics, and only before instance norm is there a bias."""
    if any(name.endswith(".running_mean") for name in tensors):
        return "batch"
    return "instance" if f"{convolution}.bias" in tensors else "none"


def is_convolution(tensor: Tensor | None) -> bool:
    """Return whether this is a convolution's weight."""
    return tensor is not None and tensor.ndim == 4
