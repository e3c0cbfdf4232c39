"""StarGAN v2's networks: official files, whose arguments are read off the tensors, and files of ours.

An official file, ``STEP_nets_ema.ckpt`` or ``STEP_nets.ckpt``, is a dictionary of state dicts and says nothing of
arguments. One of faces also has ``fan``, the network that finds their landmarks, which is published alone as
``wing.ckpt``, too.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace

import torch
from torch import Tensor

from ganbench.checkpoints.fields import Number, whole
from ganbench.checkpoints.format import (
    Architecture,
    BaseFormat,
    Config,
    Content,
    Header,
    NetworkSpec,
    Tensors,
)
from ganbench.checkpoints.networks import check_fit, state_of
from ganbench.checkpoints.writing import torch_file
from ganbench.errors import BadInputError
from ganbench.formats.headers import config_in

MODEL = "starganv2"  # as our own files call it
OFFICIAL = "100000_nets_ema.ckpt"
AVERAGED = ("generator", "mapping_network", "style_encoder")
LARGEST_SIZE = 2**12  # of images
MOST_DOMAINS = 2**10
FIELDS = {
    "img_size": Number(1, LARGEST_SIZE, whole=True),
    "num_domains": Number(1, MOST_DOMAINS, whole=True),
    **whole(1, "style_dim max_conv_dim img_channels latent_dim hidden_dim"),
    **whole(1, "base_channels bottleneck", optional=True),
    "w_hpf": Number(0),
}
ARCHITECTURES = {
    name: Architecture(f"StarGAN v2 {name.replace('_', ' ')}", f"baselines.starganv2.networks:{network}", FIELDS)
    for name, network in (
        ("generator", "Generator"),
        ("mapping_network", "MappingNetwork"),
        ("style_encoder", "StyleEncoder"),
        ("discriminator", "Discriminator"),
    )
}
LANDMARKS = "fan"  # as official files call the landmark network
ARCHITECTURES[LANDMARKS] = Architecture("StarGAN v2 landmark network", "baselines.starganv2.landmarks:LandmarkNetwork")
TELLTALE = "m0.coordconv.conv.weight"  # a tensor that only a landmark network has
SKIP_BOTTLENECK = 8  # smallest feature maps of a generator with the high-pass skip; without, they are 16


class StarGANv2Format(BaseFormat):
    """StarGAN v2."""

    architectures = tuple(ARCHITECTURES.values())

    def recognise(self, content: Content) -> dict[str, NetworkSpec] | None:
        """Return the networks of an official file, averaged or not, or the landmark network alone."""
        if not isinstance(content, Tensors):
            return None
        if TELLTALE in content:
            return {LANDMARKS: landmark_network(content)}
        parts = {name: under(content, f"{name}.") for name in ARCHITECTURES}
        landmarks = parts.pop(LANDMARKS)
        found = {name: part for name, part in parts.items() if part}
        if not set(AVERAGED) <= found.keys():
            return None
        size = image_size(found["style_encoder"], "shared")
        if landmarks or has_skip(found["generator"], size):
            found["generator"] = with_filter(found["generator"])
        configs = {name: CONFIGURATIONS[name](part, size) for name, part in found.items()}
        for setting in ("num_domains", "style_dim", "img_channels"):
            agree(setting, configs)
        specs = {name: NetworkSpec(ARCHITECTURES[name], configs[name], part) for name, part in found.items()}
        for spec in specs.values():
            check_fit(spec)
        if TELLTALE in landmarks:
            specs[LANDMARKS] = replace(landmark_network(landmarks), auxiliary=True)
        return specs

    def from_header(self, header: Header, tensors: Mapping[str, Tensor]) -> dict[str, NetworkSpec] | None:
        """Return the networks of one of our files, whose header has the arguments of each by its name."""
        if header["model"] != MODEL:
            return None
        config = config_in(header)
        if not set(AVERAGED) <= config.keys() <= ARCHITECTURES.keys():
            raise BadInputError(f"has no arguments in its header for {', '.join(AVERAGED)}")
        if not all(isinstance(given, dict) for given in config.values()):
            raise BadInputError("has no arguments of its networks in its header")
        if lost := [name for name in tensors if name.partition(".")[0] not in config]:
            raise BadInputError(f"holds the tensor {lost[0][:100]}, which none of its networks has")
        return {
            name: NetworkSpec(ARCHITECTURES[name], given, under(tensors, f"{name}."), auxiliary=name == LANDMARKS)
            for name, given in config.items()
        }

    def to_header(self, specs: Mapping[str, NetworkSpec]) -> Header:
        """Return the header of a file that ganbench writes for all networks; official files lack the names of "
        "domains."""
        if not set(AVERAGED) <= specs.keys():
            titles = ", ".join(spec.architecture.title for spec in specs.values())
            raise BadInputError(f"holds a {titles}, which cannot be used alone: leave out --entry")
        return {"model": MODEL, "config": {name: spec.config for name, spec in specs.items()}}

    def to_official(self, specs: Mapping[str, NetworkSpec]) -> dict[str, bytes]:
        """Return the file that the official program loads with ``--resume_iter 100000``.

        Raises:
            BadInputError: the program does not build such networks.
        """
        check_official(specs)
        return {OFFICIAL: torch_file({name: spec.tensors for name, spec in specs.items()})}


def landmark_network(tensors: Mapping[str, Tensor]) -> NetworkSpec:
    """Return what a landmark network is built from; as in the official program, other tensors are left out.

    Raises:
        MisfitError: one of its tensors is missing or of another shape.
    """
    architecture = ARCHITECTURES[LANDMARKS]
    names = state_of(architecture, {})
    counts = {name: torch.tensor(0) for name in names if name.endswith("num_batches_tracked")}  # in newer files alone
    spec = NetworkSpec(architecture, {}, counts | {name: tensors[name] for name in names if name in tensors})
    check_fit(spec)
    return spec


def check_official(specs: Mapping[str, NetworkSpec]) -> None:
    """Check that the official program, which leaves some sizes no choice, builds networks of these arguments.

    Raises:
        BadInputError: it does not.
    """
    for name, spec in specs.items():
        if spec.config.get("w_hpf") and LANDMARKS not in specs:
            raise BadInputError(
                f"holds a {name} for masks of faces, and the official program wants the landmark network in the same "
                "file, which is not in this one: leave out --to"
            )
        base = 2**14 // spec.config["img_size"] if "img_size" in spec.config else None
        fixed = {"img_channels": (3,), "hidden_dim": (512,), "base_channels": (None, base), "bottleneck": (None,)}
        for setting, allowed in fixed.items():
            if (value := spec.config.get(setting, allowed[0])) not in allowed:
                raise BadInputError(
                    f"holds a {name} with {setting} {value}, and the official program has {allowed[-1]} for every such "
                    "network: leave out --to"
                )


def under(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """Return the tensors whose names begin with a prefix, without it."""
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}


def agree(setting: str, configs: Mapping[str, Config]) -> None:
    """Check that the networks of one file have been made for each other.

    Raises:
        BadInputError: a setting that they share differs.
    """
    stated = {name: config[setting] for name, config in configs.items() if setting in config}
    (first, value), *others = stated.items()
    for name, other in others:
        if other != value:
            raise BadInputError(
                f"holds a {first} with {setting} {value} and a {name} with {other}, which do not belong together"
            )


def shape(tensors: Mapping[str, Tensor], name: str, ndim: int) -> tuple[int, ...]:
    """Return the shape of a tensor.

    Raises:
        BadInputError: it is missing, or has another number of dimensions.
    """
    if name not in tensors:
        raise BadInputError(f"lacks the tensor {name}, which every StarGAN v2 has")
    if tensors[name].ndim != ndim:
        found = list(tensors[name].shape)
        raise BadInputError(f"holds the tensor {name} with shape {found}, and in a StarGAN v2 it has {ndim} dimensions")
    return tuple(tensors[name].shape)


def count(tensors: Mapping[str, Tensor], prefix: str, suffix: str) -> int:
    """Return how many names there are with a number between prefix and suffix."""
    middles = (name.removeprefix(prefix).removesuffix(suffix) for name in tensors if name.startswith(prefix))
    return sum(middle.isdecimal() for middle in middles if f"{prefix}{middle}{suffix}" in tensors)


def image_size(tensors: Mapping[str, Tensor], trunk: str) -> int:
    """Return the size of images that a style encoder or discriminator takes: every block halves it, down to 4.

    Raises:
        BadInputError: it is larger than any network's.
    """
    size: int = 4 << min(count(tensors, f"{trunk}.", ".conv1.weight"), 32)
    if size > LARGEST_SIZE:
        raise BadInputError(f"holds a network for images of {size} pixels or more, expected at most {LARGEST_SIZE}")
    return size


def has_skip(generator: Mapping[str, Tensor], size: int) -> bool:
    """Return whether a generator has the high-pass skip; files from before 2021-04-14 lack its filter."""
    halvings = count(generator, "encode.", ".conv1.weight") - 2
    return "hpf.filter" in generator or size >> max(halvings, 0) == SKIP_BOTTLENECK


def with_filter(generator: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return a generator's tensors with the filter of the high-pass skip, as it is with the published weight of 1."""
    from baselines.starganv2.layers import HighPass

    return {"hpf.filter": HighPass(1).filter, **generator}


def generator_config(tensors: Mapping[str, Tensor], size: int) -> Config:
    """Return the arguments of a generator."""
    base, channels, *_ = shape(tensors, "from_rgb.weight", 4)
    halvings = count(tensors, "encode.", ".conv1.weight") - 2
    widest = max((shape(tensors, f"encode.{i}.conv2.weight", 4)[0] for i in range(max(halvings, 1))), default=base)
    kernel = tensors.get("hpf.filter")
    weight = 0.0
    if kernel is not None:
        shape(tensors, "hpf.filter", 2)
        weight = w_hpf(kernel)
    usual = SKIP_BOTTLENECK if weight else 2 * SKIP_BOTTLENECK
    smallest = size >> max(halvings, 0)
    return {
        **sizes(size, channels, base, widest, halvings),
        "style_dim": shape(tensors, "decode.0.norm1.fc.weight", 2)[1],
        "w_hpf": weight,
        "bottleneck": None if smallest == usual else smallest,
    }


def w_hpf(kernel: Tensor) -> float:
    """Return the weight that a filter of the high-pass skip was divided by.

    Raises:
        BadInputError: it is not such a filter.
    """
    centre = float(kernel.flatten()[kernel.numel() // 2]) if kernel.numel() else 0.0
    if not centre > 0 or not torch.isfinite(kernel).all():
        raise BadInputError("holds a tensor hpf.filter that is not a high-pass filter")
    return 8 / centre


def sizes(size: int, channels: int, base: int, widest: int, doublings: int) -> Config:
    """Return the arguments that three networks share; 512, the published limit, where no layer reaches one."""
    from baselines.starganv2.networks import first_width

    reached = widest < base << min(max(doublings, 0), 32)
    return {
        "img_size": size,
        "img_channels": channels,
        "base_channels": None if base == first_width(size, None) else base,
        "max_conv_dim": widest if reached else max(widest, 512),
    }


def mapping_config(tensors: Mapping[str, Tensor], size: int) -> Config:
    """Return the arguments of a mapping network."""
    hidden_dim, latent_dim = shape(tensors, "shared.0.weight", 2)
    return {
        "latent_dim": latent_dim,
        "style_dim": shape(tensors, "unshared.0.6.weight", 2)[0],
        "num_domains": count(tensors, "unshared.", ".6.weight"),
        "hidden_dim": hidden_dim,
    }


def trunk_config(tensors: Mapping[str, Tensor], trunk: str, size: int) -> Config:
    """Return the arguments that style encoder and discriminator share."""
    base, channels, *_ = shape(tensors, f"{trunk}.0.weight", 4)
    halvings = count(tensors, f"{trunk}.", ".conv1.weight")
    widest = shape(tensors, f"{trunk}.{halvings}.conv2.weight", 4)[0] if halvings else base
    return sizes(size, channels, base, widest, halvings)


def encoder_config(tensors: Mapping[str, Tensor], size: int) -> Config:
    """Return the arguments of a style encoder."""
    style_dim = shape(tensors, "unshared.0.weight", 2)[0]
    domains = count(tensors, "unshared.", ".weight")
    return {**trunk_config(tensors, "shared", size), "style_dim": style_dim, "num_domains": domains}


def discriminator_config(tensors: Mapping[str, Tensor], size: int) -> Config:
    """Return the arguments of a discriminator."""
    last = f"main.{image_size(tensors, 'main').bit_length() + 1}.weight"
    return {**trunk_config(tensors, "main", size), "num_domains": shape(tensors, last, 4)[0]}


CONFIGURATIONS: Mapping[str, Callable[[Mapping[str, Tensor], int], Config]] = {
    "generator": generator_config,
    "mapping_network": mapping_config,
    "style_encoder": encoder_config,
    "discriminator": discriminator_config,
}

starganv2 = StarGANv2Format()
