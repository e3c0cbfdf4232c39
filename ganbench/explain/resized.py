"""Images reduced to the size of others by a named filter."""

import hashlib
from collections.abc import Sequence
from typing import get_args

import torch
from torch import Tensor

from ganbench.images import ResizeMethod, resize
from ganbench.types import Dataset

USUAL: ResizeMethod = "pil-lanczos"  # what dataset tools take when they are not told otherwise


class ResizedImages:
    """A data set reduced to another size, rounded to 8 bits as in a file.

    Args:
        data: the larger images.
        resolution: height and width.
        method: of ``ganbench.images.resize``.
    """

    def __init__(self, data: Dataset, resolution: int, method: ResizeMethod) -> None:
        self._data, self._method = data, method
        self.name, self.label_dim, self.channels, self.resolution = data.name, data.label_dim, data.channels, resolution

    def __len__(self) -> int:
        return len(self._data)

    @property
    def fingerprint(self) -> str:
        """The sha256 over the fingerprint of the larger images, the size and the filter."""
        return hashlib.sha256(f"{self._data.fingerprint} {self.resolution} {self._method}".encode()).hexdigest()

    def images(self, indices: Sequence[int]) -> Tensor:
        """Return ``[N, C, H, W]`` uint8, 0..255."""
        return resize(self._data.images(indices), self.resolution, self._method).round().clamp(0, 255).to(torch.uint8)

    def labels(self, indices: Sequence[int]) -> Tensor:
        """Return those of the larger images."""
        return self._data.labels(indices)


def methods(larger: Dataset, resolution: int) -> tuple[ResizeMethod, ...]:
    """Return the filters that reduce images to a size, the usual one first; ``box`` needs a whole factor."""
    whole = larger.resolution % resolution == 0
    others = [method for method in get_args(ResizeMethod) if method != USUAL and (method != "box" or whole)]
    return (USUAL, *others)
