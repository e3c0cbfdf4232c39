"""CycleGAN's networks: official state dicts, and files of ours.

Our own safetensors have arguments in their header, and hold both generators, or one converted network.
"""

from collections.abc import Mapping

from torch import Tensor

from ganbench.checkpoints.format import BaseFormat, Config, Content, Header, NetworkSpec, Tensors
from ganbench.errors import BadInputError
from ganbench.formats.headers import config_in
from ganbench.formats.translation import (
    GENERATORS,
    N_LAYERS,
    NAME,
    PIXEL,
    RESNET,
    UNET,
    letter,
    name_in,
    official_files,
    official_spec,
)

PAIR = "cyclegan"  # what our own files call both generators
ALONE = {  # and a converted network
    "cyclegan-resnet-generator": RESNET,
    "cyclegan-unet-generator": UNET,
    "cyclegan-patch-discriminator": N_LAYERS,
    "cyclegan-pixel-discriminator": PIXEL,
}


class CycleGANFormat(BaseFormat):
    """CycleGAN; official networks with batch norm are taken to be pix2pix's, and can be used as CycleGAN's, too."""

    architectures = (RESNET, UNET, N_LAYERS, PIXEL)

    def recognise(self, content: Content) -> dict[str, NetworkSpec] | None:
        """Return the one network of an official file, as it is called by its place or file, or as ``G`` or ``D``."""
        spec = official_spec(content, batch_norm=False)
        return None if spec is None or not isinstance(content, Tensors) else {name_in(content, spec): spec}

    def from_header(self, header: Header, tensors: Mapping[str, Tensor]) -> dict[str, NetworkSpec] | None:
        """Return the networks of one of our files, as ``G_A`` and ``G_B``, or as what the converted one was called."""
        model = header["model"]
        if not isinstance(model, str) or model not in (PAIR, *ALONE):
            return None
        config = config_in(header)
        if model == PAIR:
            return pair(config, tensors)
        architecture, entry = ALONE[model], str(header.get("entry"))
        known = NAME.fullmatch(entry) and entry[0] == letter(architecture)
        return {entry if known else letter(architecture): NetworkSpec(architecture, config, tensors)}

    def to_header(self, specs: Mapping[str, NetworkSpec]) -> Header:
        """Return the header of a file that ganbench writes for one network or both generators."""
        if len(specs) == 1:
            (spec,) = specs.values()
            (model,) = [model for model, architecture in ALONE.items() if architecture is spec.architecture]
            return {"model": model, "config": spec.config}
        if specs.keys() == {"G_A", "G_B"} and opposite(*specs.values()):
            (kind,) = [kind for kind, known in GENERATORS.items() if known is specs["G_A"].architecture]
            return {"model": PAIR, "config": {"netG": kind, **specs["G_A"].config}}
        raise BadInputError(f"holds {', '.join(specs)}: choose one with --entry")

    def to_official(self, specs: Mapping[str, NetworkSpec]) -> dict[str, bytes]:
        """Return a file for each network, which the official program loads."""
        return official_files(specs)


def opposite(there: NetworkSpec, back: NetworkSpec) -> bool:
    """Return whether two generators are of one kind, with the channels in the other order."""
    return there.architecture is back.architecture and turned(there.config) == back.config


def turned(config: Config) -> Config:
    """Return the arguments of the generator back, with input and output channels exchanged."""
    return config | {"input_nc": config.get("output_nc", 3), "output_nc": config.get("input_nc", 3)}


def pair(config: Config, tensors: Mapping[str, Tensor]) -> dict[str, NetworkSpec]:
    """Return both generators of a file.

    Raises:
        BadInputError: the kind is unknown, or there are tensors of neither.
    """
    there = dict(config)
    kind = there.pop("netG", "resnet")
    if not isinstance(kind, str) or kind not in GENERATORS:
        raise BadInputError(f"holds generators of an unknown kind, {str(kind)[:60]!r}")
    for name in tensors:
        if not name.startswith(("G_A.", "G_B.")):
            raise BadInputError(f"holds the tensor {name[:100]}, which neither generator has")
    return {
        name: NetworkSpec(
            GENERATORS[kind],
            arguments_of,
            {key.removeprefix(f"{name}."): tensor for key, tensor in tensors.items() if key.startswith(f"{name}.")},
        )
        for name, arguments_of in (("G_A", there), ("G_B", turned(there)))
    }


cyclegan = CycleGANFormat()
