"""The embedded data set: scikit-learn's handwritten digits as 32x32 greyscale images."""

from collections.abc import Sequence
from typing import get_args

import torch
from torch import Tensor

from baselines.digits import dataset
from ganbench import registry
from ganbench.types import Dataset


class Digits:
    """One split of the digits, in memory; ``baselines.digits.dataset`` describes how the images are made."""

    channels = 1
    resolution = dataset.RESOLUTION
    label_dim = dataset.NUM_CLASSES

    def __init__(self, split: dataset.Split) -> None:
        digits = dataset.load(split)
        self.name = "digits" if split == "train" else f"digits:{split}"
        self.fingerprint = dataset.SHA256[split]
        self._images, self._labels = digits.images, digits.labels

    def __len__(self) -> int:
        return len(self._images)

    def images(self, indices: Sequence[int]) -> Tensor:
        """Return ``[N, 1, 32, 32]`` uint8, 0..255, strokes bright on black."""
        return self._images[list(indices)]

    def labels(self, indices: Sequence[int]) -> Tensor:
        """Return one-hot digits, ``[N, 10]`` float32."""
        return torch.nn.functional.one_hot(self._labels[list(indices)], self.label_dim).float()


def open_digits(split: str = "") -> Dataset:
    """Return the digits: the train split (1,442 images) by default, ``test``, ``all``, ``half-a`` or ``half-b``.

    Raises:
        UnknownNameError: for another split.
    """
    for known in get_args(dataset.Split):
        if split in (known, "" if known == "train" else known):
            return Digits(known)
    raise registry.unknown("data", f"digits:{split[:60]}", [f"digits:{known}" for known in get_args(dataset.Split)])
