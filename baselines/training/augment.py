"""Differentiable augmentation, applied alike to real and generated images before the discriminator."""

import torch
from torch import Tensor
from torch.nn import functional as F

from baselines.training.ranks import WHOLE, RankSlice


def translate(images: Tensor, pixels: int, draws: torch.Generator, rows: RankSlice = WHOLE) -> Tensor:
    """Return images, each shifted by whole pixels, uniform in ``-pixels..pixels`` along x and y.

    The edge is repeated beyond the border.

    Args:
        images: ``[N, C, H, W]`` floating point.
        pixels: largest shift along each axis; 0 for none.
        draws: random generator of the shifts.
        rows: this process's share of the batch.

    Source: Zhao et al., Differentiable Augmentation for Data-Efficient GAN Training (NeurIPS 2020), "translation".
    Deviation: the edge is repeated where the paper fills with zeros, which is a grey border in -1..1.
    """
    if pixels == 0:
        return images
    N, _, H, W = images.shape
    padded = F.pad(images, [pixels] * 4, mode="replicate")
    # Drawn for the whole batch, so that the shifts do not depend on the number of processes.
    shifts = rows.of(torch.randint(2 * pixels + 1, [rows.whole(N), 2], generator=draws)).tolist()
    return torch.stack([padded[i, :, y : y + H, x : x + W] for i, (y, x) in enumerate(shifts)])
