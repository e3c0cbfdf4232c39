"""A StyleGAN whose images mix the styles of several latents, as models for ``ganbench run --model results.mixing:of2``.

Source: Karras et al., A Style-Based Generator Architecture for Generative Adversarial Networks (CVPR 2019), table 2.
"""

import math
from pathlib import Path

import torch
from torch import Tensor, nn

from ganbench import load_model


class Mixed(nn.Module):
    """Several latents to one image, with crossover points that are drawn anew for every image.

    Args:
        weights: of a StyleGAN.
        num_latents: mixed in one image.

    Attributes:
        z_dim: ``num_latents`` latents, and one more number for each crossover point.
    """

    c_dim = 0

    def __init__(self, weights: Path, num_latents: int) -> None:
        super().__init__()
        self.G = load_model("stylegan1", weights)
        self.num_latents = num_latents
        self.z_dim: int = num_latents * self.G.z_dim + num_latents - 1
        self.img_resolution, self.img_channels = self.G.img_resolution, self.G.img_channels

    def forward(self, z: Tensor) -> Tensor:
        """Return images for latents ``[N, z_dim]``, normally distributed; clipped to -1..1, as 8-bit images are."""
        latents, points = torch.split(z, [self.num_latents * self.G.z_dim, self.num_latents - 1], dim=1)
        ws = torch.stack([self.G.mapping(each, None) for each in latents.chunk(self.num_latents, dim=1)], dim=1)
        # Which latent a layer takes is the number of crossover points before it; points are uniform between the layers.
        uniform = (1 + torch.erf(points / math.sqrt(2))) / 2
        cutoffs = 1 + (uniform * (self.G.num_ws - 1)).floor().clamp(max=self.G.num_ws - 2)  # rounding can give 1
        layers = torch.arange(self.G.num_ws, device=z.device)
        chosen = (cutoffs[:, None] <= layers[:, None]).sum(2)
        rows = torch.arange(len(z), device=z.device)[:, None]
        images: Tensor = self.G.synthesis(ws[rows, chosen, layers])
        return images.clamp(-1, 1)


def of2(weights: Path) -> Mixed:
    """Return a generator that mixes two latents."""
    return Mixed(weights, 2)


def of4(weights: Path) -> Mixed:
    """Return a generator that mixes four latents."""
    return Mixed(weights, 4)
