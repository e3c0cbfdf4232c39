"""Unpaired batches of two domains, with the authors' augmentation."""

from dataclasses import dataclass, field

import torch
from torch import Tensor

from baselines.errors import TrainingError
from baselines.training.augment import translate
from baselines.training.data import Batches, Images, to_float
from baselines.training.streams import stream
from baselines.translation.resizing import resized


@dataclass
class Unpaired(Batches):
    """Images of domain A in random order, each with a random image of domain B.

    An epoch has as many images as the larger domain. If that is B, images of A repeat within the epoch.

    Attributes:
        images: images of domain A, ``[C, H, W]`` uint8, 0..255, all of one size.
        others: images of domain B, in the same form.
        mirror: whether to flip images left to right with probability 1/2.
        load_size: height and width to which images are first resized; 0 for no resizing.
        crop_size: height and width of a random square crop; 0 for no cropping.
        translate: largest random shift in pixels, applied last.

    Raises:
        TrainingError: a domain has no images, the images of the two differ in size or dtype, or the crop is too large.
    """

    others: Images = field(default_factory=lambda: torch.empty(0))
    load_size: int = 0
    crop_size: int = 0
    translate: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(self.others) == 0:
            raise TrainingError("expected images of the second domain, found none: give at least one.")
        a, b = self.images[0], self.others[0]
        if a.shape[1:] != b.shape[1:] or a.dtype != b.dtype:
            shapes = f"{list(a.shape)} {a.dtype} and {list(b.shape)} {b.dtype}"
            raise TrainingError(
                f"expected images of one size and dtype in both domains, found {shapes}: convert one of them."
            )
        self.size = list(a.shape[1:])
        height, width = [self.load_size] * 2 if self.load_size else self.size
        if self.crop_size > min(height, width):
            raise TrainingError(
                f"expected a crop of at most {width}x{height} pixels, found {self.crop_size}: lower crop_size."
            )

    @property
    def epoch_size(self) -> int:
        """Number of images of each domain in an epoch."""
        return max(len(self.images), len(self.others))

    def read(self, step: int) -> tuple[Tensor, None]:
        """Return this process's rows of batch number ``step``, A's images before B's.

        They are ``[2 * N, C, H, W]`` float32, -1..1.
        """
        positions = range(self.shown(step), self.shown(step + 1))
        partners = torch.randint(len(self.others), [len(positions)], generator=stream(self.seed, step, "data/partner"))
        chosen = [(self.images, self._at(position)) for position in positions]
        chosen += [(self.others, int(index)) for index in partners]
        draws = stream(self.seed, step, "data/augment")
        # Drawn for the whole batch, so that the views do not depend on the number of processes.
        drawn = [self.drawn(draws) for _ in chosen]
        own = zip(chosen[self.rows.slice], drawn[self.rows.slice], strict=True)
        images = to_float(torch.stack([self.augmented(domain[index], *view) for (domain, index), view in own]))
        return translate(images, self.translate, draws, self.rows), None

    def drawn(self, draws: torch.Generator) -> tuple[int, int, bool]:
        """Return top and left of an image's random crop, and whether to flip it."""
        top, left = 0, 0
        if self.crop_size:
            size = [self.load_size] * 2 if self.load_size else self.size
            top, left = (int(torch.randint(length - self.crop_size + 1, [], generator=draws)) for length in size)
        return top, left, bool(self.mirror and torch.rand([], generator=draws) < 0.5)

    def augmented(self, image: Tensor, top: int, left: int, flip: bool) -> Tensor:
        """Return the image ``[C, H, W]`` uint8, resized, cropped and flipped; see ``drawn``."""
        if self.load_size:
            image = resized(image, self.load_size)
        if self.crop_size:
            image = image[:, top : top + self.crop_size, left : left + self.crop_size]
        return image.flip(2) if flip else image

    def _at(self, position: int) -> int:
        epoch, offset = divmod(position, self.epoch_size)
        if self._epoch[0] != epoch:
            order = torch.randperm(self.epoch_size, generator=stream(self.seed, epoch, "data/order"))
            self._epoch = (epoch, order % len(self.images))
        return int(self._epoch[1][offset])
