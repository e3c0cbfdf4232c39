"""Noise instead of real images and samples, for estimating times only."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from ganbench.data.labels import one_hot
from ganbench.images import to_float


@dataclass(eq=False)
class StandIn:
    """Noise images of the size and number of a data set's.

    Attributes:
        name: of the data set.
        count: number of images.
        resolution: height and width in pixels.
        channels: 1 or 3.
        label_dim: 0, because there are no labels.
    """

    name: str
    count: int
    resolution: int
    channels: int = 3
    label_dim: int = 0

    fingerprint = "stand-in"

    def __len__(self) -> int:
        return self.count

    def images(self, indices: Sequence[int]) -> Tensor:
        """Return ``[N, C, H, W]`` uint8, 0..255."""
        shape = (len(indices), self.channels, self.resolution, self.resolution)
        return torch.randint(0, 256, shape, dtype=torch.uint8, generator=torch.Generator().manual_seed(0))

    def labels(self, indices: Sequence[int]) -> Tensor:
        """Return ``[N, 0]`` float32, because there are no labels."""
        return torch.zeros(len(indices), 0)


@dataclass(eq=False)
class StandInDomains(StandIn):
    """Noise images of several domains, one domain after the other.

    Attributes:
        domains: their names.
        num_validation: number of validation images, of all domains together.
    """

    domains: tuple[str, ...] = ()
    num_validation: int = 0

    def __post_init__(self) -> None:
        self.label_dim = len(self.domains)

    @property
    def validation(self) -> "StandInDomains":
        """The validation images."""
        return replace(self, count=self.num_validation)

    def labels(self, indices: Sequence[int]) -> Tensor:
        """Return one-hot domains, ``[N, label_dim]`` float32."""
        return one_hot(torch.tensor(list(indices)) * self.label_dim // self.count, self.label_dim)

    def at(self, resolution: int | None = None, channels: int | None = None) -> "StandInDomains":
        """Return the images in another size."""
        return replace(self, resolution=resolution or self.resolution, channels=channels or self.channels)


@dataclass(eq=False)
class StandInPairs(StandInDomains):
    """Noise images of two domains in pairs."""

    def partners(self, indices: Sequence[int]) -> list[int]:
        """Return the index of each image's partner; see ``WithPairs``."""
        return [(index + self.count // 2) % self.count for index in indices]


class StandInSamples:
    """Noise instead of a generator's images, which takes no time to make.

    Args:
        images: the noise.
    """

    def __init__(self, images: StandIn) -> None:
        self._images = images
        self.img_resolution, self.img_channels = images.resolution, images.channels

    def __len__(self) -> int:
        return 2**40

    def images(self, indices: Sequence[int]) -> Tensor:
        """Return ``[N, C, H, W]`` float32, -1..1."""
        return to_float(self._images.images(indices))
