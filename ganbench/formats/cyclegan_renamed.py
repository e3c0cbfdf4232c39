"""CycleGAN's ResNet generator as other programs write it: blocks of any names, instance norm with scale and shift.

The layers are known by the order and the shapes of the convolutions, whatever they are called: one of 7x7, two that
double the width, pairs of 3x3, two that halve the width, one of 7x7. All tensors of the part have to be of them.

Deviation: padding leaves no trace in a file; it is taken to be by reflection, as in the paper.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from torch import Tensor

from ganbench.checkpoints.fields import Choice, flags, whole
from ganbench.checkpoints.format import Architecture, BaseFormat, Config, Content, Header, NetworkSpec, Tensors
from ganbench.checkpoints.networks import check_fit
from ganbench.errors import UnsafeFileError
from ganbench.formats.cyclegan import cyclegan
from ganbench.formats.headers import of_single, single
from ganbench.formats.translation import RESNET

MOST_BLOCKS = 64
OFFICIAL_BLOCK = re.compile(r"(model\.)?\d+\.conv_block\.")


def check_depth(config: Config) -> None:
    """Refuse a depth that would take long to build before it is known whether the weights fit."""
    if isinstance(depth := config.get("n_blocks"), int) and depth > MOST_BLOCKS:
        raise UnsafeFileError(f"gives its network the argument 'n_blocks' as {depth}, which no network takes")


VARIANT = Architecture(
    "CycleGAN ResNet generator of another program",
    "baselines.translation.variants:VariantResnetGenerator",
    {
        **whole(1, "input_nc output_nc ngf n_blocks"),
        **flags("affine bias"),
        "upsample": Choice(("transposed", "nearest")),
    },
    check_depth,
)
MODELS = {"cyclegan-variant-generator": (VARIANT, "G")}
DIRECTIONS = {
    "G_A": re.compile(r"(net)?G_?(A2B|AB|XY|A)", re.IGNORECASE),
    "G_B": re.compile(r"(net)?G_?(B2A|BA|YX|B)", re.IGNORECASE),
}


@dataclass
class Layer:
    """The tensors of one module, by the last piece of their names."""

    parts: dict[str, Tensor] = field(default_factory=dict)

    @property
    def is_convolution(self) -> bool:
        """Whether it has a weight of a convolution, and at most a bias beside it."""
        weight = self.parts.get("weight")
        return weight is not None and weight.ndim == 4 and self.parts.keys() <= {"weight", "bias"}

    @property
    def is_norm(self) -> bool:
        """Whether it has a scale and a shift."""
        return self.parts.keys() == {"weight", "bias"} and all(tensor.ndim == 1 for tensor in self.parts.values())


class RenamedCycleGANFormat(BaseFormat):
    """CycleGAN's generator under any names."""

    architectures = (VARIANT,)

    def recognise(self, content: Content) -> dict[str, NetworkSpec] | None:
        """Return the generator of a file or a part of it, as ``G_A``, ``G_B`` or ``G`` by what it is called there."""
        if not isinstance(content, Tensors) or any(map(OFFICIAL_BLOCK.match, content)):
            return None  # what is nearly an official file is told as that
        if (layers := layers_of(content)) is None:
            return None
        convs, norms = layers
        if (config := config_of(convs, norms)) is None:
            return None
        spec = spec_of(convs, norms, config)
        check_fit(spec)
        return {name_in(content): spec}

    def from_header(self, header: Header, tensors: Mapping[str, Tensor]) -> dict[str, NetworkSpec] | None:
        """Return the network of one of our files."""
        return single(header, tensors, MODELS)

    def to_header(self, specs: Mapping[str, NetworkSpec]) -> Header:
        """Return what our file says of a network; one that differs in names alone is written as CycleGAN's own."""
        if any(spec.architecture is VARIANT for spec in specs.values()):
            return of_single(specs, MODELS)
        return cyclegan.to_header(specs)


def layers_of(tensors: Tensors) -> tuple[list[Layer], list[Layer]] | None:
    """Return convolutions and norms in order; None where there is anything else."""
    modules: dict[str, Layer] = {}
    for name, tensor in tensors.items():
        module, _, part = name.rpartition(".")
        modules.setdefault(module, Layer()).parts[part] = tensor
    found = list(modules.values())
    convs, norms = ([it for it in found if it.is_convolution], [it for it in found if it.is_norm])
    alternating = all(it.is_convolution for it in found[::2]) and all(it.is_norm for it in found[1::2])
    whole_layout = len(convs) == len(found) or (alternating and len(norms) == len(convs) - 1)
    return (convs, norms) if whole_layout and len(convs) + len(norms) == len(found) else None


def config_of(convs: list[Layer], norms: list[Layer]) -> Config | None:
    """Return the arguments of a generator; None where the convolutions are not a generator's."""
    weights = [conv.parts["weight"] for conv in convs]
    if len(weights) < 8 or len(weights) % 2:
        return None
    sizes = [tuple(weight.shape[2:]) for weight in weights]
    if sizes != [(7, 7), *[(3, 3)] * (len(weights) - 2), (7, 7)]:
        return None
    ngf, input_nc = weights[0].shape[:2]
    inner = [(4 * ngf, 4 * ngf)] * (len(weights) - 6)
    there = [(2 * ngf, ngf), (4 * ngf, 2 * ngf), *inner]
    back = [tuple(weight.shape[:2]) for weight in weights[-3:-1]]
    upsample: dict[object, str] = {
        ((4 * ngf, 2 * ngf), (2 * ngf, ngf)): "transposed",
        ((2 * ngf, 4 * ngf), (ngf, 2 * ngf)): "nearest",
    }
    biased = {"bias" in conv.parts for conv in convs[:-1]}
    if [tuple(weight.shape[:2]) for weight in weights[1:-3]] != there or (back[0], back[1]) not in upsample:
        return None
    if weights[-1].shape[1] != ngf or len(biased) > 1 or "bias" not in convs[-1].parts:
        return None
    return {
        "input_nc": input_nc,
        "output_nc": weights[-1].shape[0],
        "ngf": ngf,
        "n_blocks": (len(weights) - 6) // 2,
        "affine": bool(norms),
        "bias": biased.pop(),
        "upsample": upsample[back[0], back[1]],
    }


def spec_of(convs: list[Layer], norms: list[Layer], config: Config) -> NetworkSpec:
    """Return what the generator is built from: the official one's class where only names differ."""
    if not config["affine"] and config["bias"] and config["upsample"] == "transposed":
        names = official_names(config["n_blocks"])
        named = zip(names, convs, strict=True)
        tensors = {f"{name}.{part}": it for name, conv in named for part, it in conv.parts.items()}
        shared = {key: config[key] for key in ("input_nc", "output_nc", "ngf", "n_blocks")}
        return NetworkSpec(RESNET, {**shared, "norm": "instance"}, tensors)
    tensors = {f"convs.{i}.{part}": it for i, conv in enumerate(convs) for part, it in conv.parts.items()}
    tensors |= {f"norms.{i}.{part}": it for i, norm in enumerate(norms) for part, it in norm.parts.items()}
    return NetworkSpec(VARIANT, config, tensors)


def official_names(n_blocks: int) -> list[str]:
    """Return the official generator's convolutions in order."""
    blocks = [f"model.{10 + block}.conv_block.{place}" for block in range(n_blocks) for place in (1, 5)]
    return ["model.1", "model.4", "model.7", *blocks, *(f"model.{place + n_blocks}" for place in (10, 13, 17))]


def name_in(tensors: Tensors) -> str:
    """Return the direction that the key of a network, or the name of its file, tells."""
    called = tensors.place[-1] if tensors.place else tensors.file.rpartition(".")[0]
    pieces = [called, *re.split(r"[_\-. ]?\d+$", called)[:1], called.removeprefix("latest_")]
    for name, known in DIRECTIONS.items():
        if any(known.fullmatch(piece) for piece in pieces):
            return name
    return "G"


cyclegan_renamed = RenamedCycleGANFormat()
