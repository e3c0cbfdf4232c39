"""Random numbers of adaptive augmentation: for every image of the whole batch, drawn on the CPU.

The draws of a transformation come before those that choose the images it is applied to.
"""

from typing import Any

import torch
from torch import Tensor


def sometimes(value: Tensor, otherwise: float, p: float, draws: torch.Generator) -> Tensor:
    """Return ``value [N, ...]`` for each image with probability ``p``, and ``otherwise`` for the rest."""
    chosen = torch.rand([len(value)], generator=draws) < p
    return torch.where(chosen.view(-1, *[1] * (value.ndim - 1)), value, otherwise)


def uniform(shape: list[int], draws: torch.Generator, reach: float) -> Tensor:
    """Return float64 draws of a shape, uniform in ``-reach..reach``."""
    return (torch.rand(shape, generator=draws, dtype=torch.float64) * 2 - 1) * reach


def gaussian(shape: list[int], draws: torch.Generator, deviation: float) -> Tensor:
    """Return float64 draws of a shape, normal with mean 0 and standard deviation ``deviation``."""
    return torch.randn(shape, generator=draws, dtype=torch.float64) * deviation


def integers(count: int, draws: torch.Generator, high: int) -> Tensor:
    """Return ``[count]`` float64 draws, uniform over the integers 0..high-1."""
    return (torch.rand([count], generator=draws, dtype=torch.float64) * high).floor()


def matrix(*rows: tuple[Any, ...]) -> Tensor:
    """Return float64 matrices ``[N, len(rows), len(rows)]`` whose entries are ``[N]`` tensors or numbers."""
    count = max(x.numel() for row in rows for x in row if isinstance(x, Tensor))
    filled = [[torch.as_tensor(x, dtype=torch.float64).expand(count) for x in row] for row in rows]
    return torch.stack([torch.stack(row, dim=1) for row in filled], dim=1)
