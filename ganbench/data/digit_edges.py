"""The embedded data set of pairs: outlines of digits, and the digits that they are of."""

import hashlib
from collections.abc import Sequence
from functools import cached_property

import torch
from torch import Tensor

from baselines.digits import dataset
from baselines.digits.edges import outlines
from ganbench import registry
from ganbench.types import Dataset, DomainDataset

NAME = "digit-edges"
DOMAINS: tuple[str, ...] = ("edges", "digits")


class _Split:
    """The pairs of one split of the digits, in memory: all outlines, and after them, in the same order, all digits."""

    name = NAME
    domains, label_dim = DOMAINS, len(DOMAINS)
    channels = 1
    resolution = dataset.RESOLUTION

    def __init__(self, split: dataset.Split) -> None:
        digits = dataset.load(split).images
        domain = torch.arange(len(DOMAINS)).repeat_interleave(len(digits))
        self._pairs = dataset.Digits(torch.cat([outlines(digits), digits]), domain)

    def __len__(self) -> int:
        return len(self._pairs)

    def images(self, indices: Sequence[int]) -> Tensor:
        """Return ``[N, 1, 32, 32]`` uint8, 0..255, strokes or their outlines bright on black."""
        return self._pairs.images[list(indices)]

    def labels(self, indices: Sequence[int]) -> Tensor:
        """Return one-hot domains, ``[N, 2]`` float32."""
        return torch.nn.functional.one_hot(self._pairs.labels[list(indices)], self.label_dim).float()

    def partners(self, indices: Sequence[int]) -> list[int]:
        """Return the index of each image's partner; see ``WithPairs``."""
        return [(index + len(self) // 2) % len(self) for index in indices]

    @cached_property
    def fingerprint(self) -> str:
        """The sha256 over pixels and labels."""
        return dataset.fingerprint(self._pairs)


class DigitEdges(_Split):
    """The train split of the digits in pairs, with the test split for validation."""

    def __init__(self) -> None:
        super().__init__("train")
        self.validation: Dataset = _Split("test")

    @cached_property
    def fingerprint(self) -> str:
        """The sha256 over the fingerprints of both splits."""
        return hashlib.sha256(f"{super().fingerprint} {self.validation.fingerprint}".encode()).hexdigest()


def open_digit_edges(variant: str = "") -> DomainDataset:
    """Return the outlines of all digits with the digits; they come in one variant.

    Raises:
        UnknownNameError: for another variant.
    """
    if variant:
        raise registry.unknown("data", f"{NAME}:{variant[:60]}", [NAME])
    return DigitEdges()
