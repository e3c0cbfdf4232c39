"""Batches of pairs, with the authors' augmentation."""

from dataclasses import dataclass, field

import torch
from torch import Tensor

from baselines.errors import TrainingError
from baselines.training.data import Batches, Images
from baselines.training.streams import stream
from baselines.translation.preprocessing import Preprocess, Preprocessing


@dataclass
class Paired(Batches):
    """Source images in random order, each with its ground truth, both resized, cropped and flipped alike.

    Attributes:
        images: source images, ``[C, H, W]`` uint8, 0..255, all of one size.
        truths: the ground truth of each, of the same size; its channels may be others.
        preprocess, load_size, crop_size, mirror: as in ``baselines.translation.preprocessing``.

    Raises:
        TrainingError: numbers, sizes or dtypes of sources and ground truth differ, or the crop is too large.

    Source: Isola et al. (CVPR 2017), section 6.2: random jitter, 286x286 pixels cropped to 256x256, and mirroring.
    """

    truths: Images = field(default_factory=lambda: torch.empty(0))
    preprocess: Preprocess = "resize_and_crop"
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
        self.views = Preprocessing(self.preprocess, self.load_size, self.crop_size, self.mirror)
        self.views.check(*source.shape[1:])

    def read(self, step: int) -> tuple[Tensor, None]:
        """Return batch number ``step``: the channels of the source before those of its ground truth.

        ``[batch, source + truth channels, H, W]`` uint8, 0..255.
        """
        draws = stream(self.seed, step, "data/augment")
        pairs = [self.pair(self._at(position)) for position in range(self.shown(step), self.shown(step + 1))]
        height, width = pairs[0].shape[1:]
        seen = [self.views.view(pair, *self.views.drawn(height, width, draws)) for pair in pairs]
        return torch.stack(seen), None

    def pair(self, index: int) -> Tensor:
        """Return a pair as one image, ``[source + truth channels, H, W]`` uint8."""
        return torch.cat([self.images[index], self.truths[index]])
