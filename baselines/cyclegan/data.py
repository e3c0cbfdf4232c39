"""Unpaired batches of two domains, with the authors' augmentation."""

from dataclasses import dataclass, field

import torch
from torch import Tensor

from baselines.errors import TrainingError
from baselines.training.augment import translate
from baselines.training.data import Batches, Images, to_float
from baselines.training.streams import stream
from baselines.translation.preprocessing import Preprocess, Preprocessing


@dataclass
class Unpaired(Batches):
    """Images of domain A in random order, each with a random image of domain B.

    An epoch has as many images as the larger domain. If that is B, images of A repeat within the epoch.

    Attributes:
        images: images of domain A, ``[C, H, W]`` uint8, 0..255, all of one size.
        others: images of domain B, in the same form.
        preprocess, load_size, crop_size, mirror: as in ``baselines.translation.preprocessing``.
        translate: largest random shift in pixels, applied last.

    Raises:
        TrainingError: a domain has no images, the images of the two differ in size or dtype, or the crop is too large.
    """

    others: Images = field(default_factory=lambda: torch.empty(0))
    preprocess: Preprocess = "resize_and_crop"
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
        self.height, self.width = a.shape[1:]
        self.views = Preprocessing(self.preprocess, self.load_size, self.crop_size, self.mirror)
        self.views.check(self.height, self.width)

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
        drawn = [self.views.drawn(self.height, self.width, draws) for _ in chosen]
        own = zip(chosen[self.rows.slice], drawn[self.rows.slice], strict=True)
        images = to_float(torch.stack([self.views.view(domain[index], *view) for (domain, index), view in own]))
        return translate(images, self.translate, draws, self.rows), None

    def _at(self, position: int) -> int:
        epoch, offset = divmod(position, self.epoch_size)
        if self._epoch[0] != epoch:
            order = torch.randperm(self.epoch_size, generator=stream(self.seed, epoch, "data/order"))
            self._epoch = (epoch, order % len(self.images))
        return int(self._epoch[1][offset])
