"""Numbers by formula in place of random ones, in the order in which a program asks for them."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

GOLDEN_RATIO = 0.6180339887498949


def images(height: int, width: int, count: int = 2, channels: int = 3) -> Tensor:
    """Return images without randomness, float64, -1..1."""
    at = torch.arange(count * channels * height * width, dtype=torch.float64)
    return torch.sin(at.square() * 0.0173 + at * 0.31).view(count, channels, height, width)


class Replay:
    """Replaces ``torch.rand`` and ``torch.randn`` during a ``with`` block; number ``k`` is the same for any program.

    Attributes:
        count: numbers given so far.
    """

    def __init__(self) -> None:
        self.count = 0

    def uniform(self, size: Sequence[int], **kwargs: Any) -> Tensor:
        """Return the next numbers, evenly spread in 0..1."""
        shape = torch.Size(size)
        at = torch.arange(self.count, self.count + shape.numel(), dtype=torch.float64)
        self.count += shape.numel()
        return ((at + 1) * GOLDEN_RATIO % 1).view(shape)

    def normal(self, size: Sequence[int], **kwargs: Any) -> Tensor:
        """Return the next numbers, spread as standard normal ones."""
        return torch.special.ndtri(self.uniform(size))

    def __enter__(self) -> "Replay":
        self.before: Any = torch.rand, torch.randn
        torch.rand, torch.randn = self.uniform, self.normal  # type: ignore[assignment]
        return self

    def __exit__(self, *_: object) -> None:
        torch.rand, torch.randn = self.before
