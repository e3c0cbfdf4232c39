"""Sets of images in memory, and numbers of them by the embedded extractor of the toy package."""

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ganbench.engine.options import Options
from ganbench.explain.question import images_setup
from ganbench.explain.setup import Measurer, Setup


class Images:
    """Images in memory as a data set, ``[N, C, 32, 32]`` uint8."""

    label_dim = 0

    def __init__(self, stored: Tensor, name: str = "these") -> None:
        self.name, self.stored = name, stored
        self.channels, self.resolution = stored.shape[1:3]
        self.fingerprint = hashlib.sha256(stored.numpy().tobytes()).hexdigest()

    def __len__(self) -> int:
        return len(self.stored)

    def images(self, indices: Sequence[int]) -> Tensor:
        return self.stored[list(indices)]

    def labels(self, indices: Sequence[int]) -> Tensor:
        return torch.zeros(len(indices), 0)


def noise(count: int, seed: int, channels: int = 1) -> Tensor:
    """Return smooth noise, brighter to the right: ``[N, C, 32, 32]`` uint8."""
    coarse = np.random.default_rng(seed).integers(0, 160, (count, channels, 8, 8))
    fine = np.random.default_rng(seed + 1).integers(0, 60, (count, channels, 32, 32))
    images = coarse.repeat(4, 2).repeat(4, 3) + fine + np.arange(32)
    return torch.from_numpy(images.astype(np.uint8))


def options(**given: Any) -> Options:
    return Options.of(**{"benchmark": "toy", "device": "cpu", "batch_size": 16, **given})


def setup(samples: Tensor, reals: Tensor, metric: str = "fid50k", **changes: Any) -> Setup:
    """Return how a metric of two sets is measured."""
    return images_setup(Images(samples), options(data=Images(reals, "others")), metric).changed(changes)


def value(one: Setup) -> float:
    """Return its number."""
    return Measurer(options())([one])[one]
