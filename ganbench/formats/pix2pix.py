"""pix2pix's networks: official state dicts, and files of ours."""

from collections.abc import Mapping
from dataclasses import replace

from torch import Tensor

from ganbench.checkpoints.format import BaseFormat, Content, Header, NetworkSpec, Tensors
from ganbench.errors import BadInputError
from ganbench.formats.headers import config_in
from ganbench.formats.translation import (
    GENERATORS,
    N_LAYERS,
    PIXEL,
    RESNET,
    UNET,
    letter,
    name_in,
    official_files,
    official_spec,
)

GENERATOR = "pix2pix"  # what our own files call a generator
DISCRIMINATORS = {"pix2pix-patch-discriminator": N_LAYERS, "pix2pix-pixel-discriminator": PIXEL}


class Pix2PixFormat(BaseFormat):
    """pix2pix: the networks of the authors' program that have batch norm, which is its default.

    Those with instance norm are read as CycleGAN's, and are the same networks.
    """

    architectures = (RESNET, UNET, N_LAYERS, PIXEL)

    def recognise(self, content: Content) -> dict[str, NetworkSpec] | None:
        """Return the one network of an official file, as it is called by its place or file, or as ``G`` or ``D``.

        Dropout leaves no trace in a U-Net's file, and is taken to be there, as it is by default.
        """
        spec = official_spec(content, batch_norm=True)
        if spec is None or not isinstance(content, Tensors):
            return None
        if spec.architecture is UNET:
            spec = replace(spec, config=spec.config | {"use_dropout": True})
        return {name_in(content, spec): spec}

    def from_header(self, header: Header, tensors: Mapping[str, Tensor]) -> dict[str, NetworkSpec] | None:
        """Return the network of one of our files, as ``G`` or ``D``.

        Raises:
            BadInputError: the kind of generator is unknown.
        """
        model = header["model"]
        if not isinstance(model, str) or model not in (GENERATOR, *DISCRIMINATORS):
            return None
        config = dict(config_in(header))
        if model != GENERATOR:
            return {"D": NetworkSpec(DISCRIMINATORS[model], config, tensors)}
        kind = config.pop("netG", "unet")
        if not isinstance(kind, str) or kind not in GENERATORS:
            raise BadInputError(f"holds a generator of an unknown kind, {str(kind)[:60]!r}")
        return {"G": NetworkSpec(GENERATORS[kind], config, tensors)}

    def to_header(self, specs: Mapping[str, NetworkSpec]) -> Header:
        """Return the header of a file that ganbench writes for one network."""
        if len(specs) > 1:
            raise BadInputError(f"holds {', '.join(specs)}: choose one with --entry")
        (spec,) = specs.values()
        if letter(spec.architecture) == "D":
            (model,) = [model for model, known in DISCRIMINATORS.items() if known is spec.architecture]
            return {"model": model, "config": spec.config}
        (kind,) = [kind for kind, known in GENERATORS.items() if known is spec.architecture]
        return {"model": GENERATOR, "config": {"netG": kind, **spec.config}}

    def to_official(self, specs: Mapping[str, NetworkSpec]) -> dict[str, bytes]:
        """Return a file for each network, which the official program loads."""
        return official_files(specs)


pix2pix = Pix2PixFormat()
