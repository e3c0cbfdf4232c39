"""Batches of pairs, with the authors' augmentation."""

from dataclasses import dataclass, field

import torch
from torch import Tensor

from baselines.errors import TrainingError
from baselines.training.data import Batches, Images
from baselines.training.streams import stream
from baselines.translation.resizing import resized


@dataclass
class Paired(Batches):
    """Source images in random order, each with its ground truth, both resized, cropped and flipped alike.

    Attributes:
        images: source images, ``[C, H, W]`` uint8, 0..255, all of one size.
        truths: the ground truth of each, of the same size; its channels may be others.
        mirror: whether to flip pairs left to right with probability 1/2.
        load_size: height and width to which images are first resized; 0 for no resizing.
        crop_size: height and width of a random square crop; 0 for no cropping.

    Raises:
        TrainingError: numbers, sizes or dtypes of sources and ground truth differ, or the crop is too large.

    Source: Isola et al. (CVPR 2017), section 6.2: random jitter, 286x286 pixels cropped to 256x256, and mirroring.
    """

    truths: Images = field(default_factory=lambda: torch.empty(0))
    load_size: int = 0
    crop_size: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(self.images) != len(self.truths):
            raise TrainingError(
                f"expected one ground truth for each of {len(self.images)} source images, found {len(self.truths)}: "
                "give pairs."
            )
        source, truth = self.images[0], self.truths[0]
        if source.shape[1:] != truth.shape[1:] or source.dtype != truth.dtype:
            shapes = f"{list(source.shape)} {source.dtype} and {list(truth.shape)} {truth.dtype}"
            raise TrainingError(f"expected pairs of one size and dtype, found {shapes}: convert one of them.")
        height, width = [self.load_size] * 2 if self.load_size else source.shape[1:]
        if self.crop_size > min(height, width):
            raise TrainingError(
                f"expected a crop of at most {width}x{height} pixels, found {self.crop_size}: lower crop_size."
            )

    def read(self, step: int) -> tuple[Tensor, None]:
        """Return batch number ``step``: the channels of the source before those of its ground truth.

        ``[batch, source + truth channels, H, W]`` uint8, 0..255.
        """
        draws = stream(self.seed, step, "data/augment")
        chosen = [self._at(position) for position in range(self.shown(step), self.shown(step + 1))]
        return torch.stack([self.augmented(self.pair(index), draws) for index in chosen]), None

    def pair(self, index: int) -> Tensor:
        """Return a pair as one image, ``[source + truth channels, H, W]`` uint8, resized."""
        pair = torch.cat([self.images[index], self.truths[index]])
        return resized(pair, self.load_size) if self.load_size else pair

    def augmented(self, pair: Tensor, draws: torch.Generator) -> Tensor:
        """Return a pair cropped and flipped at random."""
        if self.crop_size:
            top, left = (int(torch.randint(size - self.crop_size + 1, [], generator=draws)) for size in pair.shape[1:])
            pair = pair[:, top : top + self.crop_size, left : left + self.crop_size]
        if self.mirror and torch.rand([], generator=draws) < 0.5:
            pair = pair.flip(2)
        return pair
