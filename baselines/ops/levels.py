"""Levels of detail of progressive growing: how images and networks have only the resolutions that have been grown.

Source: Karras et al., Progressive Growing of GANs (ICLR 2018), section 2 and figure 2.
"""

import math

import torch.nn.functional as F
from torch import Tensor


def upscale2d(x: Tensor, factor: int = 2) -> Tensor:
    """Return ``x [N, C, H, W]`` with every pixel repeated ``factor`` times along both axes."""
    return x if factor == 1 else x.repeat_interleave(factor, 2).repeat_interleave(factor, 3)


def downscale2d(x: Tensor, factor: int = 2) -> Tensor:
    """Return ``x [N, C, H, W]`` with every square of ``factor`` by ``factor`` pixels averaged."""
    return x if factor == 1 else F.avg_pool2d(x, factor)


def fade(fine: Tensor, coarse: Tensor, share: float) -> Tensor:
    """Return ``fine`` blended with ``coarse``, whose weight is ``share``, clipped to 0..1."""
    return fine + (coarse - fine) * min(max(share, 0.0), 1.0)


def level_channels(resolution: int, fmap_base: int, fmap_decay: float, fmap_max: int) -> int:
    """Return the number of channels of the features at ``resolution``, which is at least 2."""
    return min(int(fmap_base / 2.0 ** ((math.log2(resolution) - 1) * fmap_decay)), fmap_max)


def split_lod(lod: float, levels: int) -> tuple[int, float]:
    """Return how many levels are omitted, and how much of the finest remaining one is still missing, 0..1.

    Args:
        lod: level of detail: 0 for the full resolution, 1 for half of it, and so on; fractions fade between.
        levels: number of resolutions from 4x4 on.
    """
    lod = min(max(lod, 0.0), float(levels - 1))
    return int(lod), lod - int(lod)


def resolutions(img_resolution: int) -> list[int]:
    """Return 4, 8, ... up to ``img_resolution``.

    Raises:
        ValueError: if it is not a power of two, or less than 4.
    """
    if img_resolution < 4 or img_resolution & (img_resolution - 1):
        raise ValueError(f"expected a resolution of 4, 8, 16 and so on, found {img_resolution}: give a power of two.")
    return [2**level for level in range(2, int(math.log2(img_resolution)) + 1)]


def at_level(images: Tensor, lod: float) -> Tensor:
    """Return images at full size with only the detail of level ``lod``.

    Real images must fade between two resolutions just as the networks do.

    Source: Karras et al. (ICLR 2018), section 2.
    """
    missing, share = split_lod(lod, images.shape[-1].bit_length())
    small = downscale2d(images, 2**missing)
    if share > 0:
        small = fade(small, upscale2d(downscale2d(small)), share)
    return upscale2d(small, 2**missing)
