"""Training images by domain: balanced draws, reference pairs, and random views.

Source: Choi et al., StarGAN v2 (CVPR 2020), appendix B, and the loaders that its authors published with their code.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from baselines.errors import TrainingError
from baselines.training.data import Batches, Images, to_float
from baselines.training.streams import stream

TRIES = 10  # for a crop that fits into the image

Window = tuple[int, int, int, int]  # top, left, height and width


@dataclass(frozen=True)
class Views:
    """Random augmentation of training images.

    Attributes:
        crop_prob: probability of cropping an image and enlarging the crop.
        crop_scale: range of the crop's area, as a fraction of the image's.
        crop_ratio: range of the crop's aspect ratio, width over height.
        mirror: whether to flip images left to right with probability 1/2.
    """

    crop_prob: float = 0.0
    crop_scale: tuple[float, float] = (1.0, 1.0)
    crop_ratio: tuple[float, float] = (1.0, 1.0)
    mirror: bool = False

    def __call__(self, image: Tensor, draws: torch.Generator) -> Tensor:
        """Return an augmented image ``[C, R, R]`` float32, -1..1, for an image ``[C, R, R]`` uint8."""
        return self.applied(image, *self.drawn(image.shape[1], image.shape[2], draws))

    def drawn(self, height: int, width: int, draws: torch.Generator) -> tuple[Window | None, bool]:
        """Return the random part of an image of this size, or None for all of it, and whether to flip it."""
        window = self.window(height, width, draws) if uniform(draws) < self.crop_prob else None
        return window, self.mirror and uniform(draws) < 0.5

    def applied(self, image: Tensor, window: Window | None, flip: bool) -> Tensor:
        """Return a part of an image, enlarged to the image's size, and flipped; see ``__call__`` and ``drawn``."""
        view = image
        if window is not None:
            top, left, height, width = window
            part = image[None, :, top : top + height, left : left + width].float()
            # Rounded to whole grey levels, as the official loader resizes 8-bit images.
            view = F.interpolate(part, list(image.shape[1:]), mode="bilinear", antialias=True)[0].round().clamp(0, 255)
        return to_float(view.flip(2) if flip else view)

    def window(self, height: int, width: int, draws: torch.Generator) -> Window:
        """Return top, left, height and width of a random part: area uniform, ratio of the sides log-uniform.

        If no draw fits into the image, the result is the whole image.
        """
        low, high = (math.log(ratio) for ratio in self.crop_ratio)
        for _ in range(TRIES):
            area = height * width * uniform(draws, *self.crop_scale)
            ratio = math.exp(uniform(draws, low, high))
            w, h = round(math.sqrt(area * ratio)), round(math.sqrt(area / ratio))
            if 0 < w <= width and 0 < h <= height:
                top = int(torch.randint(height - h + 1, [], generator=draws))
                return top, int(torch.randint(width - w + 1, [], generator=draws)), h, w
        return 0, 0, height, width


def uniform(draws: torch.Generator, low: float = 0.0, high: float = 1.0) -> float:
    """Return one uniform draw from ``low..high``."""
    return low + (high - low) * float(torch.rand([], generator=draws, dtype=torch.float64))


@dataclass
class DomainBatches(Batches):
    """Training images drawn with replacement, with equal probability for all domains; labels are one-hot domains.

    Attributes:
        views: augmentation of the images; replaces ``mirror``.

    Raises:
        TrainingError: there are fewer than two domains, or one has no images; and as for ``Batches``.
    """

    views: Views = Views()

    def __post_init__(self) -> None:
        super().__post_init__()
        labels = self.labels
        if labels is None or labels.shape[1] < 2:
            raise TrainingError(
                f"expected labels of at least two domains, found {0 if labels is None else labels.shape[1]}: "
                "give images of more domains."
            )
        self.size = self.images[0].shape[1:]
        self.members = [torch.nonzero(labels[:, domain])[:, 0] for domain in range(labels.shape[1])]
        for domain, members in enumerate(self.members):
            if not len(members):
                raise TrainingError(
                    f"expected images of every domain, found none of domain {domain}: add some, or remove the domain."
                )
        self.partner = partners(self.members, len(self.images), stream(self.seed, 0, "data/partners"))

    def read(self, step: int) -> tuple[Tensor, Tensor]:
        """Return this process's rows of the sources of batch number ``step``, and their one-hot domains.

        The sources are ``[N, C, R, R]`` float32, -1..1.
        """
        draws = stream(self.seed, step, "data/sources")
        chosen, y = self.chosen(draws, self.batch)
        return self.seen(chosen, draws), F.one_hot(self.rows.of(y), len(self.members)).float()

    def references(self, step: int) -> tuple[Tensor, Tensor, Tensor]:
        """Return two batches of references like ``draw``'s, and their common domains ``[batch]`` int64.

        The second image of a pair is the first one's partner: an image of its domain, fixed for the whole run.
        """
        draws = stream(self.seed, step, "data/references")
        chosen, y = self.chosen(draws, self.batch)
        return self.seen(chosen, draws), self.seen(self.partner[chosen], draws), self.rows.of(y)

    def extra(self, step: int) -> tuple[Tensor, Tensor, Tensor]:
        """Return the references of a step; see ``references``."""
        return self.references(step)

    def chosen(self, draws: torch.Generator, count: int) -> tuple[Tensor, Tensor]:
        """Return positions and domains ``[count]`` of images: the domain uniform, then the image within it."""
        y = torch.randint(len(self.members), [count], generator=draws)
        shares = torch.rand(count, generator=draws, dtype=torch.float64).tolist()
        domains = [self.members[domain] for domain in y.tolist()]
        picked = [int(members[int(share * len(members))]) for members, share in zip(domains, shares, strict=True)]
        return torch.tensor(picked), y

    def seen(self, chosen: Tensor, draws: torch.Generator) -> Tensor:
        """Return this process's rows of the chosen images, augmented, ``[N, C, R, R]`` float32, -1..1."""
        # Drawn for the whole batch, so that the views do not depend on the number of processes.
        drawn = [self.views.drawn(self.size[0], self.size[1], draws) for _ in chosen]
        own = self.rows.slice
        return torch.stack(
            [
                self.views.applied(self.images[index], *view)
                for index, view in zip(chosen.tolist()[own], drawn[own], strict=True)
            ]
        )


def partners(members: list[Tensor], count: int, draws: torch.Generator) -> Tensor:
    """Return for each of ``count`` images the position of its partner, a random permutation within its domain."""
    found = torch.empty(count, dtype=torch.int64)
    for positions in members:
        found[positions] = positions[torch.randperm(len(positions), generator=draws)]
    return found


__all__ = ["DomainBatches", "Images", "Views"]
