"""Sums and means over the processes of a distributed run, each of which has a share of every batch."""

import contextlib
from collections.abc import Iterator
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor

from baselines.errors import LostProcessError

__all__ = ["count", "mean_of_all", "meeting", "rank", "sum_of_all"]


def count() -> int:
    """Return the number of processes."""
    return dist.get_world_size() if dist.is_available() and dist.is_initialized() else 1


def rank() -> int:
    """Return the rank of this process, counted from 0."""
    return dist.get_rank() if count() > 1 else 0


def sum_of_all(x: Tensor) -> Tensor:
    """Return the sum of ``x`` over all processes; it is differentiable.

    Every process must call this, and all get bitwise the same result.

    Raises:
        LostProcessError: if another process has ended.
    """
    total: Tensor = x if count() == 1 else Sum.apply(x)
    return total


def mean_of_all(x: Tensor) -> Tensor:
    """Return the mean of ``x`` over all processes; see ``sum_of_all``."""
    return x if count() == 1 else sum_of_all(x) / count()


class Sum(torch.autograd.Function):
    """The sum over all processes, whose derivative is again the sum of all processes' gradients."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        """Return the sum of all ``x``."""
        total = x.clone(memory_format=torch.contiguous_format)
        with meeting():
            dist.all_reduce(total)
        return total

    @staticmethod
    def backward(ctx: Any, slope: Tensor) -> Tensor:
        """Return the sum of the gradients of all processes' losses."""
        total: Tensor = Sum.apply(slope)
        return total


@contextlib.contextmanager
def meeting() -> Iterator[None]:
    """Raise ``LostProcessError`` if another process has ended."""
    try:
        yield
    except RuntimeError as problem:
        raise LostProcessError(
            f"another process of this run has ended ({str(problem).splitlines()[0]:.80}): "
            "see its output for the reason, and resume the run."
        ) from None
