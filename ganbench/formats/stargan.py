"""StarGAN's networks: official state dicts, whose arguments are read off the tensors, and files of ours.

An official file is the bare state dict of one network, ``ITERATION-G.ckpt`` or ``ITERATION-D.ckpt``. It also has the
running statistics of instance norm, which nothing ever used and which are left out.
"""

from collections.abc import Mapping

import torch
from torch import Tensor

from ganbench.checkpoints.fields import whole
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
from ganbench.checkpoints.writing import torch_file
from ganbench.errors import BadInputError, UnsafeFileError
from ganbench.formats.headers import of_single, single

DEEPEST = 64  # residual blocks, or halvings; more than that no network has
STATISTICS = ("running_mean", "running_var", "num_batches_tracked")


def check_depth(config: Config) -> None:
    """Refuse a depth that would take long to build before it is known whether the weights fit.

    Raises:
        UnsafeFileError: the network would be deeper than any, or its images larger.
    """
    if isinstance(depth := config.get("repeat_num"), int) and depth > DEEPEST:
        raise UnsafeFileError(f"gives its network the argument 'repeat_num' as {depth}, which no network takes")


NETWORKS = "baselines.stargan.networks"
GENERATOR = Architecture(
    "StarGAN generator",
    f"{NETWORKS}:Generator",
    {**whole(1, "c_dim img_channels conv_dim"), **whole(0, "repeat_num")},
    check_depth,
)
DISCRIMINATOR = Architecture(
    "StarGAN discriminator",
    f"{NETWORKS}:Discriminator",
    whole(1, "img_size c_dim img_channels conv_dim repeat_num"),
    check_depth,
)
MODELS = {"stargan": (GENERATOR, "G"), "stargan-discriminator": (DISCRIMINATOR, "D")}


class StarGANFormat(BaseFormat):
    """StarGAN."""

    architectures = (GENERATOR, DISCRIMINATOR)

    def recognise(self, content: Content) -> dict[str, NetworkSpec] | None:
        """Return the one network of an official file, as ``G`` or ``D``."""
        if not isinstance(content, Tensors):
            return None
        for name, architecture, size, configure in LAYOUTS:
            first = content.get("main.0.weight")
            if first is not None and first.ndim == 4 and tuple(first.shape[2:]) == size and name in content:
                tensors = without_statistics(content)
                spec = NetworkSpec(architecture, configure(tensors), tensors)
                check_fit(spec)
                return {"G" if architecture is GENERATOR else "D": spec}
        return None

    def from_header(self, header: Header, tensors: Mapping[str, Tensor]) -> dict[str, NetworkSpec] | None:
        """Return the network of one of our files."""
        return single(header, tensors, MODELS)

    def to_header(self, specs: Mapping[str, NetworkSpec]) -> Header:
        """Return what our file says of a network; names of domains are not in the official one."""
        return of_single(specs, MODELS)

    def to_official(self, specs: Mapping[str, NetworkSpec]) -> dict[str, bytes]:
        """Return a file for each network, which the official program loads.

        Raises:
            BadInputError: the images are not RGB.
        """
        for spec in specs.values():
            if (channels := spec.config.get("img_channels", 3)) != 3:
                raise BadInputError(
                    f"holds a network of images with img_channels {channels}, and the official program has 3 for every "
                    "network: leave out --to"
                )
        return {f"200000-{name}.ckpt": torch_file(with_statistics(spec.tensors)) for name, spec in specs.items()}


def without_statistics(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the tensors but for the running statistics of instance norm, which have the shape of its weight."""
    kept = {}
    for name, tensor in tensors.items():
        layer, _, kind = name.rpartition(".")
        weight = tensors.get(f"{layer}.weight")
        shape = None if weight is None else () if kind == STATISTICS[2] else tuple(weight.shape)
        if kind not in STATISTICS or tensor.shape != shape:
            kept[name] = tensor
    return kept


def with_statistics(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the tensors with the running statistics of instance norm, as of norms that have seen no images."""
    found = {}
    for name, tensor in tensors.items():
        found[name] = tensor
        layer, _, kind = name.rpartition(".")
        if kind == "bias" and tensors[f"{layer}.weight"].ndim == 1:
            values = (torch.zeros_like(tensor), torch.ones_like(tensor), torch.tensor(0))
            found |= {f"{layer}.{kind}": value for kind, value in zip(STATISTICS, values, strict=True)}
    return found


def generator(tensors: Mapping[str, Tensor]) -> Config:
    """Return the arguments of a generator: the first convolution also reads the label."""
    conv_dim, inputs = tensors["main.0.weight"].shape[:2]
    blocks = sum(name.endswith(".main.0.weight") for name in tensors)
    last = tensors.get(f"main.{15 + blocks}.weight")
    if last is None or last.ndim != 4 or last.shape[0] >= inputs:
        raise MisfitError(f"lacks the last convolution of a StarGAN generator, main.{15 + blocks}.weight", 0.5)
    channels = last.shape[0]
    return {"c_dim": inputs - channels, "img_channels": channels, "conv_dim": conv_dim, "repeat_num": blocks}


def discriminator(tensors: Mapping[str, Tensor]) -> Config:
    """Return the arguments of a discriminator: the head that classifies covers its smallest feature maps.

    The size of the images is the smallest that gives maps of this size, which is the size for powers of two.
    """
    conv_dim, channels = tensors["main.0.weight"].shape[:2]
    halvings = sum(name.startswith("main.") and tensor.ndim == 4 for name, tensor in tensors.items())
    head = tensors["conv2.weight"]
    if head.ndim != 4:
        raise MisfitError(f"holds the tensor conv2.weight with {head.ndim} dimensions, expected 4", 0.5)
    return {
        "img_size": head.shape[2] << min(halvings, DEEPEST),
        "c_dim": head.shape[0],
        "img_channels": channels,
        "conv_dim": conv_dim,
        "repeat_num": halvings,
    }


# a tensor that tells, the network, size of the first convolution's kernel, and what reads the network's arguments
LAYOUTS = (
    ("main.1.weight", GENERATOR, (7, 7), generator),
    ("conv2.weight", DISCRIMINATOR, (4, 4), discriminator),
)
stargan = StarGANFormat()
