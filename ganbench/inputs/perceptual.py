"""Perceptual distances of pairs of images."""

from typing import cast

import torch
from torch import Tensor

from ganbench.functional.lpips import squared_distances_of_pairs
from ganbench.images import box_downsample_to
from ganbench.inputs.batch import Batch
from ganbench.types import PairExtractor, PerceptualExtractor


def perceptual_distances(batch: Batch, extractor: str, first: Tensor, second: Tensor) -> Tensor:
    """Return ``pair_distances`` by the named extractor, on the batch's device."""
    network = cast(PerceptualExtractor, batch.context.extractor_in(extractor))
    return pair_distances(network, batch.on_device(first), batch.on_device(second))


def pair_distances(extractor: PerceptualExtractor, first: Tensor, second: Tensor) -> Tensor:
    """Return the perceptual distances ``[N]`` of images ``first`` and ``second``, ``[N, C, H, W]`` float, -1..1.

    Images larger than 256x256 are box-downsampled to it, as for path lengths.
    """
    images = box_downsample_to(torch.cat([first, second]), 256).add_(1).mul_(127.5)
    if isinstance(extractor, PairExtractor):
        return extractor.distances(*images.chunk(2))
    return squared_distances_of_pairs(*extractor.embed(images).chunk(2))
