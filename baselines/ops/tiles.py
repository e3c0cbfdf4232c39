"""CPU batches computed in tiles of a fixed number of images, each tile on one thread.

A tile's activations stay in a core's cache, and cores do not wait for each other after every operation. Most important,
an image is bitwise the same in every batch, because operations always see the same shapes.
"""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache, lru_cache
from threading import Barrier
from typing import TypeVar

import torch
from torch import Tensor

__all__ = ["apart", "can_tile", "single_core_pool", "tiled", "whole_batches"]

T = TypeVar("T")


WHOLE: ContextVar[bool] = ContextVar("whole", default=False)


@contextmanager
def whole_batches() -> Iterator[None]:
    """Do not tile during the body, as in training, whose small networks take a whole batch faster than its tiles.

    Training needs no image to be bitwise the same in every batch: its other passes, with gradients, are not tiled.
    """
    before = WHOLE.set(True)
    try:
        yield
    finally:
        WHOLE.reset(before)


def can_tile(x: Tensor) -> bool:
    """Return whether to tile work on the batch ``x``: only on the CPU and without gradients."""
    return x.is_cpu and len(x) > 0 and not torch.is_grad_enabled() and not WHOLE.get()


def tiled(function: Callable[..., Tensor], size: int, *batches: Tensor | None) -> Tensor:
    """Return ``function(*batches)``, computed for ``size`` images at a time on as many threads as the caller has.

    Args:
        function: takes tiles ``[size, ...]`` and returns ``[size, ...]``.
        size: images in a tile; the last tile is padded by repeating its last image.
        batches: each ``[N, ...]``, or None, which is passed on unchanged.
    """
    keep_freed_memory()
    count = next(len(batch) for batch in batches if batch is not None)
    inference = torch.is_inference_mode_enabled()

    def run(start: int) -> Tensor:
        with torch.inference_mode(inference), torch.no_grad():
            return function(*(tile(batch, start, size) for batch in batches))

    threads, starts = torch.get_num_threads(), range(0, count, size)
    results = list(map(run, starts) if threads == 1 else workers(threads, os.getpid()).map(run, starts))
    return apart(lambda: torch.cat(results)[:count])


def apart(function: Callable[[], T]) -> T:
    """Return ``function()``, computed on one core without gradients, for small work before and after tiles.

    PyTorch's own threads would keep spinning for up to tens of milliseconds after an operation, on the cores that the
    tiles need.
    """
    threads, inference = torch.get_num_threads(), torch.is_inference_mode_enabled()

    def run() -> T:
        with torch.inference_mode(inference), torch.no_grad():
            return function()

    return run() if threads == 1 else workers(threads, os.getpid()).submit(run).result()


def tile(batch: Tensor | None, start: int, size: int) -> Tensor | None:
    """Return images ``start`` to ``start + size``, repeating the last one if there are too few.

    The result is a copy, because memory alignment can affect which instructions, and so which rounding, are used.
    """
    if batch is None:
        return None
    part = batch[start : start + size]
    missing = size - len(part)
    return torch.cat([part, part[-1:].expand(missing, *part.shape[1:])]) if missing else part.clone()


@lru_cache(maxsize=1)
def workers(threads: int, process: int) -> ThreadPoolExecutor:
    """Return threads that each compute on one core; ``process`` keeps a fork from reusing its parent's threads."""
    return single_core_pool(threads)


def single_core_pool(threads: int) -> ThreadPoolExecutor:
    """Return a pool whose threads each compute on one core, without changing the caller's number of threads."""
    before = torch.get_num_threads()
    pool, started = ThreadPoolExecutor(threads, "tile", initializer=stay_on_one_core), Barrier(threads)
    for future in [pool.submit(started.wait) for _ in range(threads)]:
        future.result()
    torch.set_num_threads(before)  # setting it in a thread also sets what later threads begin with
    return pool


def stay_on_one_core() -> None:
    """Make the calling thread compute on one core from now on.

    When a thread first uses the setting, PyTorch overwrites it with the process's number. So it is read once before it
    is written.
    """
    torch.get_num_threads()
    torch.set_num_threads(1)


@cache
def keep_freed_memory() -> None:
    """Make the C library reuse freed activations instead of returning them to the system after every layer.

    The GNU allocator returns free memory beyond twice the largest block, up to 32 MiB, that it has mapped and freed.
    Allocating one such block without writing to it costs nothing and saves a tenth of the time in page faults; other
    allocators are unaffected.
    """
    torch.empty(31 * 2**20, dtype=torch.uint8)
