"""Running means over batches that may be taken in parts (gradient accumulation) and shared among processes."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import torch
from torch import Tensor

from baselines.ops.processes import mean_of_all

__all__ = ["part", "update_mean"]

CURRENT: ContextVar[tuple[int, int]] = ContextVar("part", default=(0, 1))


@contextmanager
def part(index: int, count: int) -> Iterator[None]:
    """Compute part ``index`` of a batch that is taken in ``count`` equal parts, during the body."""
    before = CURRENT.set((index, count))
    try:
        yield
    finally:
        CURRENT.reset(before)


@torch.no_grad()
def update_mean(kept: Tensor, mean: Tensor, beta: float) -> None:
    """Update a running mean in place to ``beta * kept + (1 - beta) * mean``.

    Every part of a batch must call this, in order; after the last of them, the result is the whole batch's.

    Args:
        kept: the running mean.
        mean: mean over this part of this process's images, of the shape and dtype of ``kept``.
        beta: weight of the old running mean.
    """
    index, count = CURRENT.get()
    mean = mean_of_all(mean)
    if count == 1:
        kept.copy_(mean.lerp(kept, beta))
        return
    if index == 0:
        kept.mul_(beta)
    kept.add_(mean, alpha=(1 - beta) / count)
