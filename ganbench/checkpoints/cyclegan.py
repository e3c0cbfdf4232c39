"""CycleGAN's official files: what each network was made with, read off its tensors.

An official file is the bare state dict of one network, ``EPOCH_net_NAME.pth``, and says nothing of arguments.
"""

import re
from collections.abc import Mapping
from pathlib import Path

from torch import Tensor

from baselines.cyclegan.networks import (
    Generators,
    NLayerDiscriminator,
    PixelDiscriminator,
    ResnetGenerator,
    UnetGenerator,
)
from ganbench.checkpoints.architectures import Architecture, Blueprint, Config

Tensors = Mapping[str, Tensor]

ARCHITECTURES = (
    Architecture("CycleGAN ResNet generator", "ResnetGenerator", "model.1.weight", ResnetGenerator),
    Architecture("CycleGAN U-Net generator", "UnetGenerator", "model.model.0.weight", UnetGenerator),
    Architecture("CycleGAN patch discriminator", "NLayerDiscriminator", "model.0.weight", NLayerDiscriminator),
    Architecture("CycleGAN pixel discriminator", "PixelDiscriminator", "net.0.weight", PixelDiscriminator),
)
RESNET, UNET, N_LAYERS, PIXEL = ARCHITECTURES
GENERATORS = Architecture("pair of CycleGAN generators", "Generators", "G_A.model.1.weight", Generators)

OFFICIAL_NAME = re.compile(r".+_net_(?P<name>[GD](_[AB])?)\.pth", re.DOTALL)
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
    for architecture, configure in zip(ARCHITECTURES, (resnet, unet, n_layers, pixel), strict=True):
        if is_convolution(tensors.get(architecture.telltale)):
            name = "G" if architecture in (RESNET, UNET) else "D"
            return {name: Blueprint(architecture, configure(tensors), tensors)}
    return None


def name_in(path: Path, name: str) -> str:
    """Return what a network is called by the name of its file, such as ``G_A``, or else ``name``."""
    named = OFFICIAL_NAME.fullmatch(path.name)
    return named["name"] if named and named["name"][0] == name else name


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
    blocks = {name.split(".")[1] for name in tensors if name.startswith("model.") and ".conv_block." in name}
    inside = re.compile(r"model\.10\.conv_block\.(\d+)\.weight")
    found = [match for name, tensor in tensors.items() if tensor.ndim == 4 and (match := inside.fullmatch(name))]
    padding_type, use_dropout = PADDINGS.get(tuple(sorted(int(match[1]) for match in found)), PADDINGS[1, 5])
    return {
        **ends(tensors, "model.1", f"model.{17 + len(blocks)}"),
        "n_blocks": len(blocks),
        "norm": norm(tensors, "model.1"),
        "use_dropout": use_dropout,
        "padding_type": padding_type,
    }


def unet(tensors: Tensors) -> Config:
    """Return the arguments of a U-Net generator; dropout leaves no trace and does nothing when images are made."""
    num_downs, inner = 1, "model.model.1"
    while f"{inner}.model.1.weight" in tensors:
        num_downs, inner = num_downs + 1, f"{inner}.model.3"
    output_nc = tensors["model.model.3.weight"].shape[1] if is_convolution(tensors.get("model.model.3.weight")) else 0
    sizes = ends(tensors, "model.model.0", "") | {"output_nc": output_nc}
    return {**sizes, "num_downs": num_downs, "norm": norm(tensors, "model.model.0")}


def n_layers(tensors: Tensors) -> Config:
    """Return the arguments of a patch discriminator."""
    ndf, input_nc = tensors["model.0.weight"].shape[:2]
    convolutions = sum(tensor.ndim == 4 for tensor in tensors.values())
    return {"input_nc": input_nc, "ndf": ndf, "n_layers": convolutions - 2, "norm": norm(tensors, "model.2")}


def pixel(tensors: Tensors) -> Config:
    """Return the arguments of a pixel discriminator."""
    ndf, input_nc = tensors["net.0.weight"].shape[:2]
    return {"input_nc": input_nc, "ndf": ndf, "norm": norm(tensors, "net.2")}


def ends(tensors: Tensors, first: str, last: str) -> Config:
    """Return the channels of a generator's first and last convolution; 0, which none has, where there is no last."""
    ngf, input_nc = tensors[f"{first}.weight"].shape[:2]
    final = tensors.get(f"{last}.weight")
    return {"input_nc": input_nc, "output_nc": 0 if final is None else final.shape[0], "ngf": ngf}


def norm(tensors: Tensors, convolution: str) -> str:
    """Return the kind of norm: batch norm has statistics, and only before instance norm is there a bias."""
    if any(name.endswith(".running_mean") for name in tensors):
        return "batch"
    return "instance" if f"{convolution}.bias" in tensors else "none"


def is_convolution(tensor: Tensor | None) -> bool:
    """Return whether this is a convolution's weight."""
    return tensor is not None and tensor.ndim == 4
