"""How training images are resized, cropped and mirrored.

Source: the options ``--preprocess``, ``--load_size``, ``--crop_size`` and ``--no_flip`` of the authors' program of
pix2pix and CycleGAN.
"""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from baselines.errors import TrainingError
from baselines.translation.resizing import resized_to

Preprocess = Literal["resize_and_crop", "crop", "scale_width", "scale_width_and_crop", "none"]
MULTIPLE = 4  # of sides under "none"


@dataclass(frozen=True)
class Preprocessing:
    """Resizing, then a random square crop, then mirroring with probability 1/2.

    Attributes:
        preprocess: ``resize_and_crop`` resizes to a square of ``load_size``; ``scale_width`` and
            ``scale_width_and_crop`` to that width with the aspect ratio kept, but no lower than a crop; ``crop`` does
            not resize; ``none`` neither resizes nor crops, but for sides that are no multiples of 4, which become the
            nearest.
        load_size: size of the resized images; 0 for no resizing.
        crop_size: height and width of the crop, which ``scale_width`` and ``none`` do not take; 0 for no cropping.
        mirror: whether images are mirrored.
    """

    preprocess: Preprocess = "resize_and_crop"
    load_size: int = 0
    crop_size: int = 0
    mirror: bool = False

    @property
    def crops(self) -> bool:
        """Whether a crop is taken."""
        return "crop" in self.preprocess and self.crop_size > 0

    def size(self, height: int, width: int) -> tuple[int, int]:
        """Return height and width to which an image of the given ones is resized, before it is cropped."""
        if self.preprocess == "none":
            return round(height / MULTIPLE) * MULTIPLE, round(width / MULTIPLE) * MULTIPLE
        if not self.load_size or self.preprocess == "crop":
            return height, width
        if self.preprocess == "resize_and_crop":
            return self.load_size, self.load_size
        if width == self.load_size and height >= self.crop_size:
            return height, width
        return max(int(self.load_size * height / width), self.crop_size), self.load_size

    def check(self, height: int, width: int) -> None:
        """Check that a crop fits into images of a size.

        Raises:
            TrainingError: it does not.
        """
        height, width = self.size(height, width)
        if self.crops and self.crop_size > min(height, width):
            raise TrainingError(
                f"expected a crop of at most {width}x{height} pixels, found {self.crop_size}: lower crop_size."
            )

    def resized(self, image: Tensor) -> Tensor:
        """Return an image ``[C, H, W]`` uint8 as it is before the crop."""
        return resized_to(image, *self.size(*image.shape[1:]))

    def shown(self, image: Tensor) -> Tensor:
        """Return an image ``[C, H, W]`` uint8 at the size that a network sees, whole where resizing allows it."""
        if self.crops and self.preprocess == "resize_and_crop":
            return resized_to(image, self.crop_size, self.crop_size)
        image = self.resized(image)
        if not self.crops:
            return image
        top, left = ((side - self.crop_size) // 2 for side in image.shape[1:])
        return image[:, top : top + self.crop_size, left : left + self.crop_size]

    def drawn(self, height: int, width: int, draws: torch.Generator) -> tuple[int, int, bool]:
        """Return top and left of a random crop of an image of that size, and whether to mirror it."""
        top, left = 0, 0
        if self.crops:
            sides = self.size(height, width)
            top, left = (int(torch.randint(side - self.crop_size + 1, [], generator=draws)) for side in sides)
        return top, left, bool(self.mirror and torch.rand([], generator=draws) < 0.5)

    def view(self, image: Tensor, top: int, left: int, flip: bool) -> Tensor:
        """Return an image ``[C, H, W]`` uint8, resized, cropped and mirrored; see ``drawn``."""
        image = self.resized(image)
        if self.crops:
            image = image[:, top : top + self.crop_size, left : left + self.crop_size]
        return image.flip(2) if flip else image
