"""The networks of CycleGAN and of pix2pix in official files, which are built alike.

An official file is the bare state dict of one network, ``EPOCH_net_NAME.pth``, and says nothing of arguments: they are
read off its tensors.
"""

import re
from collections.abc import Mapping

import torch
from torch import Tensor

from ganbench.checkpoints.fields import Choice, Fields, Flag, whole
from ganbench.checkpoints.format import (
    Architecture,
    Config,
    Content,
    MisfitError,
    NetworkSpec,
    Tensors,
)
from ganbench.checkpoints.networks import check_fit
from ganbench.checkpoints.writing import torch_file
from ganbench.errors import UnsafeFileError

DEEPEST = {"n_blocks": 64, "num_downs": 12, "n_layers": 12}  # more than that no network has


def check_depth(config: Config) -> None:
    """Refuse a depth that would take long to build before it is known whether the weights fit."""
    for name, most in DEEPEST.items():
        if isinstance(depth := config.get(name), int) and depth > most:
            raise UnsafeFileError(f"gives its network the argument {name!r} as {depth}, which no network takes")


NORM: Fields = {"norm": Choice(("instance", "batch", "none"))}
GENERATOR_FIELDS: Fields = {
    **whole(1, "input_nc output_nc ngf num_downs"),
    **whole(0, "n_blocks"),
    **NORM,
    "use_dropout": Flag(),
    "padding_type": Choice(("reflect", "replicate", "zero")),
}
DISCRIMINATOR_FIELDS: Fields = {**whole(1, "input_nc ndf n_layers"), **NORM}
NETWORKS = "baselines.translation.networks"
RESNET = Architecture("CycleGAN ResNet generator", f"{NETWORKS}:ResnetGenerator", GENERATOR_FIELDS, check_depth)
UNET = Architecture("pix2pix U-Net generator", f"{NETWORKS}:UnetGenerator", GENERATOR_FIELDS, check_depth)
N_LAYERS = Architecture("PatchGAN discriminator", f"{NETWORKS}:NLayerDiscriminator", DISCRIMINATOR_FIELDS, check_depth)
PIXEL = Architecture("pixel discriminator", f"{NETWORKS}:PixelDiscriminator", DISCRIMINATOR_FIELDS, check_depth)
GENERATORS = {"resnet": RESNET, "unet": UNET}

NAME = re.compile(r"[GD](_[AB])?")
PLACE = re.compile(rf"(net)?(?P<name>{NAME.pattern})")
OFFICIAL_NAME = re.compile(rf".+_net_(?P<name>{NAME.pattern})\.pth", re.DOTALL)
BLOCK = re.compile(r"model\.(\d{1,9})\.conv_block\.")
STATISTICS = ("running_mean", "running_var", "num_batches_tracked")
PADDINGS: dict[tuple[int, ...], tuple[str, bool]] = {
    (1, 5): ("reflect", False),
    (1, 6): ("reflect", True),
    (0, 3): ("zero", False),
    (0, 4): ("zero", True),
}


def official_spec(content: Content, *, batch_norm: bool) -> NetworkSpec | None:
    """Return what the one network of an official file is built from; None where it is none of these.

    Args:
        content: of the file.
        batch_norm: whether networks with batch norm are looked for, as pix2pix has by default, or those without, as
            CycleGAN has. Both programs can be told otherwise, and which of them wrote a file it does not say.

    Raises:
        MisfitError: it is nearly one.
    """
    if not isinstance(content, Tensors):
        return None
    tensors = with_batch_counts(without_instance_statistics(content))
    if any(name.endswith(".running_mean") for name in tensors) != batch_norm:
        return None
    for telltale, architecture, configure in LAYOUTS:
        if is_convolution(tensors.get(telltale)):
            spec = NetworkSpec(architecture, configure(tensors), tensors)
            check_fit(spec)
            return spec
    return None


def name_in(tensors: Tensors, spec: NetworkSpec) -> str:
    """Return a network's name from its key or the name of its file, or else ``G`` or ``D``.

    Raises:
        MisfitError: an official file is called after a network of the other kind.
    """
    name = letter(spec.architecture)
    if tensors.place:
        named = PLACE.fullmatch(tensors.place[-1])
        return named["name"] if named and named["name"][0] == name else name
    official = OFFICIAL_NAME.fullmatch(tensors.file)
    if not official:
        return name
    if official["name"][0] != name:
        kinds = {"G": "generator", "D": "discriminator"}
        raise MisfitError(
            f"is named as a {kinds[official['name'][0]]} and holds a {kinds[name]}", 1.0, ": give it its own name"
        )
    return official["name"]


def official_files(specs: Mapping[str, NetworkSpec]) -> dict[str, bytes]:
    """Return a file for each network, ``latest_net_NAME.pth``, as the authors' program of both papers loads them."""
    return {f"latest_net_{name}.pth": torch_file(spec.tensors) for name, spec in specs.items()}


def letter(architecture: Architecture) -> str:
    """Return ``G`` for a generator and ``D`` for a discriminator."""
    return "G" if architecture in (RESNET, UNET) else "D"


def without_instance_statistics(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the tensors without the running statistics of instance norm, which old files have but never used.

    Those of batch norm stand beside its weights.
    """
    split = {name: name.rpartition(".") for name in tensors}
    return {
        name: tensor
        for name, tensor in tensors.items()
        if split[name][2] not in STATISTICS or f"{split[name][0]}.weight" in tensors
    }


def with_batch_counts(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the tensors with the number of batches that batch norm saw, which files older than PyTorch 0.4.1 lack.

    Nothing but training with a cumulative average uses it.
    """
    norms = [name.removesuffix("running_mean") for name in tensors if name.endswith(".running_mean")]
    return {**{f"{norm}num_batches_tracked": torch.tensor(0) for norm in norms}, **tensors}


def resnet(tensors: Mapping[str, Tensor]) -> Config:
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


def unet(tensors: Mapping[str, Tensor]) -> Config:
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


def n_layers(tensors: Mapping[str, Tensor]) -> Config:
    """Return the arguments of a patch discriminator."""
    ndf, input_nc = tensors["model.0.weight"].shape[:2]
    convolutions = sum(tensor.ndim == 4 for tensor in tensors.values())
    return {"input_nc": input_nc, "ndf": ndf, "n_layers": convolutions - 2, "norm": norm(tensors, "model.2")}


def pixel(tensors: Mapping[str, Tensor]) -> Config:
    """Return the arguments of a pixel discriminator."""
    ndf, input_nc = tensors["net.0.weight"].shape[:2]
    return {"input_nc": input_nc, "ndf": ndf, "norm": norm(tensors, "net.2")}


def first_sizes(tensors: Mapping[str, Tensor], first: str) -> Config:
    """Return the sizes of a generator's first convolution."""
    ngf, input_nc = tensors[f"{first}.weight"].shape[:2]
    return {"input_nc": input_nc, "ngf": ngf}


def last(tensors: Mapping[str, Tensor], name: str) -> Tensor:
    """Return the weight of a generator's last convolution.

    Raises:
        MisfitError: it is not there.
    """
    if (found := tensors.get(name)) is None or not is_convolution(found):
        raise MisfitError(f"lacks the last convolution of a CycleGAN generator, which would be {name}", 0.5)
    return found


def norm(tensors: Mapping[str, Tensor], convolution: str) -> str:
    """Return the kind of norm: batch norm has statistics, and only before instance norm is there a bias."""
    if any(name.endswith(".running_mean") for name in tensors):
        return "batch"
    return "instance" if f"{convolution}.bias" in tensors else "none"


def is_convolution(tensor: Tensor | None) -> bool:
    """Return whether this is a convolution's weight."""
    return tensor is not None and tensor.ndim == 4


# the tensor that is looked for first -> network and what reads its arguments
LAYOUTS = (
    ("model.1.weight", RESNET, resnet),
    ("model.model.0.weight", UNET, unet),
    ("model.0.weight", N_LAYERS, n_layers),
    ("net.0.weight", PIXEL, pixel),
)
