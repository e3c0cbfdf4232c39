"""StyleGAN2's networks with progressive growing: configurations B to D, before skip connections replaced it.

Source: Karras et al. (CVPR 2020), figure 2d and table 1; Karras et al., Progressive Growing of GANs (ICLR 2018),
section 2 and figure 2, for the growing.
"""

from itertools import islice
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor

from baselines.ops.host import value_of
from baselines.ops.levels import downscale2d, split_lod, upscale2d
from baselines.stylegan2.discriminator import Discriminator
from baselines.stylegan2.networks import Generator
from baselines.stylegan2.synthesis import Architecture, SynthesisNetwork

__all__ = ["GrowingDiscriminator", "GrowingGenerator", "GrowingSynthesisNetwork"]

Structure = Literal["auto", "fixed", "linear", "recursive"]


def grows(structure: str) -> bool:
    """Return whether a network with this structure grows; all but ``"fixed"`` do, and compute the same.

    Raises:
        ValueError: for an unknown structure.
    """
    if structure not in ("auto", "fixed", "linear", "recursive"):
        raise ValueError(f"unknown structure {structure!r}: choose one of auto, fixed, linear, recursive.")
    return structure != "fixed"


class GrowingSynthesisNetwork(SynthesisNetwork):
    """Intermediate latents to images, at the level of detail in the buffer ``lod``.

    Keys: ``lod []``, then those of ``SynthesisNetwork``, with an RGB layer at every resolution.

    Args:
        structure: ``"fixed"`` never grows and has a single RGB layer; all other values are equivalent.
        settings: keyword arguments of ``SynthesisNetwork``, except ``architecture``.
    """

    lod: Tensor

    def __init__(
        self, w_dim: int, img_resolution: int, img_channels: int, structure: Structure = "auto", **settings: Any
    ) -> None:
        architecture = "skip" if grows(structure) else "orig"
        super().__init__(w_dim, img_resolution, img_channels, architecture=architecture, **settings)
        self.grows = grows(structure)
        self.register_buffer("lod", torch.zeros([]))

    def images(
        self, styles: Tensor, *noise: Tensor | None, force_fp32: bool = False, start: Tensor | None = None
    ) -> Tensor:
        """Return images of the whole batch.

        Args:
            styles: from ``styles``.
            noise: noise of every convolution, in order.
            force_fp32: never use float16.
            start: from ``start``.
        """
        if not self.grows:
            return super().images(styles, *noise, force_fp32=force_fp32, start=start)
        missing, share = split_lod(value_of(self.lod), len(self.block_resolutions))
        channels = [layer.num_styles for block in self.blocks() for layer in block.layers()]
        style, draws = iter(torch.split(styles, channels, dim=1)), iter(noise)
        x = start
        colours: list[Tensor] = []
        for block in self.blocks()[: len(self.block_resolutions) - missing]:
            own = list(islice(style, len(block.layers())))
            x, image = block(x, None, own, list(islice(draws, block.num_conv)), force_fp32)
            colours.append(image)
        image = torch.lerp(colours[-1], upscale2d(colours[-2]), share) if share else colours[-1]
        return upscale2d(image, 2**missing)


class GrowingGenerator(Generator):
    """Latents and labels to images; ``Generator`` with a ``GrowingSynthesisNetwork``."""

    synthesis_class: ClassVar[type[SynthesisNetwork]] = GrowingSynthesisNetwork


class GrowingDiscriminator(Discriminator):
    """Discriminator at the level of detail in the buffer ``lod``, which must equal the generator's.

    Keys: those of ``Discriminator`` and ``lod []``; every resolution has a ``fromrgb`` layer.

    Args:
        structure: as for ``GrowingSynthesisNetwork``.
        settings: keyword arguments of ``Discriminator``, except ``architecture``.
    """

    lod: Tensor

    def __init__(
        self, c_dim: int, img_resolution: int, img_channels: int, structure: Structure = "auto", **settings: Any
    ) -> None:
        architecture: Architecture = "skip" if grows(structure) else "orig"
        super().__init__(c_dim, img_resolution, img_channels, architecture=architecture, **settings)
        self.grows = grows(structure)
        self.register_buffer("lod", torch.zeros([]))

    def forward(
        self, img: Tensor, c: Tensor | None = None, update_emas: bool = False, force_fp32: bool = False
    ) -> Tensor:
        """Return logits ``[N, 1]`` float32, larger for images that look real; the last two arguments are ignored."""
        if not self.grows:
            return super().forward(img, c)
        missing, share = split_lod(value_of(self.lod), len(self.block_resolutions) + 1)
        x = self.features(img, missing)
        for level in range(missing, len(self.block_resolutions)):
            block = self.at(level)
            x = block.conv1(block.conv0(x))
            if share and level == missing:
                x = torch.lerp(x, self.features(img, level + 1), share)
        logits: Tensor = self.b4.logits(x, self.projection(c))
        return logits

    def at(self, level: int) -> Any:
        """Return the block at the full resolution (level 0), half of it (level 1), and so on."""
        return self.get_submodule(f"b{self.img_resolution >> level}")

    def features(self, img: Tensor, level: int) -> Tensor:
        """Return the ``fromrgb`` features of the image, averaged down to ``level``."""
        small = downscale2d(img, 2**level)
        features: Tensor = self.at(level).fromrgb(small)
        return features
