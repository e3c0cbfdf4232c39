"""A pool of earlier generated images, some of which the discriminators see instead of new ones.

Remembering earlier fakes keeps the discriminator from forgetting them, which damps oscillation.

Source: Shrivastava et al., Learning from Simulated and Unsupervised Images through Adversarial Training (CVPR 2017),
section 2.3, as Zhu et al. (ICCV 2017), section 4, use it.
"""

from collections.abc import Sequence
from typing import Protocol

import torch
from torch import Tensor, nn

from baselines.ops.host import set_value, value_of


class Draws(Protocol):
    """A source of random numbers, such as ``random.Random``."""

    def uniform(self, a: float, b: float, /) -> float:
        """Return a number between a and b."""
        ...

    def randint(self, a: int, b: int, /) -> int:
        """Return an integer from a to b, both included."""
        ...


class ImagePool(nn.Module):
    """Up to ``size`` images generated earlier; a module, so that snapshots include its content.

    Attributes:
        images: ``[size, C, H, W]`` float32.
        count: number of stored images, ``[]`` int64.
    """

    images: Tensor
    count: Tensor

    def __init__(self, size: int, shape: Sequence[int]) -> None:
        super().__init__()
        self.register_buffer("images", torch.zeros(size, *shape))
        self.register_buffer("count", torch.zeros([], dtype=torch.int64))

    @torch.no_grad()
    def query(self, images: Tensor, draws: Draws) -> Tensor:
        """Return ``images [N, C, H, W]``, some of them exchanged for earlier ones.

        While the pool fills, new images are stored and returned. Once it is full, each new image is exchanged for a
        random stored one with probability 1/2, and otherwise returned without being stored. A pool of size 0 returns
        its input.
        """
        if not len(self.images):
            return images.detach()
        return torch.stack([self._exchanged(image, draws) for image in images.detach()])

    def _exchanged(self, image: Tensor, draws: Draws) -> Tensor:
        count, size = int(value_of(self.count)), len(self.images)
        if count < size:
            self.images[count] = image
            set_value(self.count, count + 1)
        elif draws.uniform(0, 1) > 0.5:
            slot = draws.randint(0, size - 1)
            old = self.images[slot].clone()
            self.images[slot] = image
            return old
        return image
