"""The networks of CycleGAN: two generators, one for each direction, made of ``baselines.translation.networks``."""

from typing import Any

from torch import nn

from baselines.translation.initialisation import initialise
from baselines.translation.networks import (
    DISCRIMINATORS,
    GENERATORS,
    Generator,
    NLayerDiscriminator,
    PixelDiscriminator,
    ResnetBlock,
    ResnetGenerator,
    UnetGenerator,
    UnetSkipConnectionBlock,
    discriminator,
    generator,
)
from baselines.translation.sizes import check_size

__all__ = [
    "DISCRIMINATORS",
    "GENERATORS",
    "Generator",
    "Generators",
    "NLayerDiscriminator",
    "PixelDiscriminator",
    "ResnetBlock",
    "ResnetGenerator",
    "UnetGenerator",
    "UnetSkipConnectionBlock",
    "check_size",
    "discriminator",
    "initialise",
]


class Generators(nn.Module):
    """The two generators of a CycleGAN, ``G_A`` from domain A to B and ``G_B`` back.

    Args:
        netG: ``resnet`` or ``unet``.
        config: keyword arguments of G_A; G_B's are the same with input and output channels swapped.

    Raises:
        ValueError: for an unknown kind, or arguments that it does not take.
    """

    G_A: Generator
    G_B: Generator

    def __init__(self, netG: str = "resnet", **config: Any) -> None:
        super().__init__()
        back = {**config, "input_nc": config.get("output_nc", 3), "output_nc": config.get("input_nc", 3)}
        self.G_A, self.G_B = (generator(netG, **arguments) for arguments in (config, back))
