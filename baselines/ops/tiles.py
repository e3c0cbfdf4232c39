"""Batches on the CPU in tiles of a fixed number of images, each tile on one thread.

A tile's activations stay in a core's cache, and cores need not wait for one another after every operation. Above all
an image comes out the same to the last bit whatever batch it is in, for operations always see the same shapes.
"""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache, lru_cache
from threading import Barrier
from typing import TypeVar

import torch
from torch import Tensor

__all__ = ["apart", "can_tile", "single_core_pool", "tiled"]

T = TypeVar("T")


def can_tile(x: Tensor) -> bool:
    """Whether work on the batch `x` is to be tiled: on the CPU, as long as nothing is to be differentiated."""
    return x.is_cpu and len(x) > 0 and not torch.is_grad_enabled()


def tiled(function: Callable[..., Tensor], size: int, *batches: Tensor | None) -> Tensor:
    """`function(*batches)` computed for `size` images at a time, on as many threads as the caller would use.

    batches: each [N, ...], or None, which is passed on as it is. The last tile is filled up with its last image.
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
    """`function()`, computed on one core, without gradients: for small work before and after tiles.

    The threads among which PyTorch divides an operation go on spinning for up to tens of milliseconds when it is done,
    on the cores that the tiles want.
    """
    threads, inference = torch.get_num_threads(), torch.is_inference_mode_enabled()

    def run() -> T:
        with torch.inference_mode(inference), torch.no_grad():
            return function()

    return run() if threads == 1 else workers(threads, os.getpid()).submit(run).result()


def tile(batch: Tensor | None, start: int, size: int) -> Tensor | None:
    """Images `start` to `start + size`, the last one repeated where there are no more.

    A copy, because where values lie in memory can decide which instructions work on them.
    """
    if batch is None:
        return None
    part = batch[start : start + size]
    missing = size - len(part)
    return torch.cat([part, part[-1:].expand(missing, *part.shape[1:])]) if missing else part.clone()


@lru_cache(maxsize=1)
def workers(threads: int, process: int) -> ThreadPoolExecutor:
    """Return threads that each compute on one core; ``process`` keeps a fork from using those of its parent."""
    return single_core_pool(threads)


def single_core_pool(threads: int) -> ThreadPoolExecutor:
    """Return a pool each thread of which computes on one core; the caller's own number of threads stays as it is."""
    before = torch.get_num_threads()
    pool, started = ThreadPoolExecutor(threads, "tile", initializer=stay_on_one_core), Barrier(threads)
    for future in [pool.submit(started.wait) for _ in range(threads)]:
        future.result()
    torch.set_num_threads(before)  # setting it in a thread also sets what later threads begin with
    return pool


def stay_on_one_core() -> None:
    """Lets the calling thread compute on one core from now on.

    A thread takes over the number of the process at the first occasion, even if it has been told its own before. So
    it gets an occasion first.
    """
    torch.get_num_threads()
    torch.set_num_threads(1)


@cache
def keep_freed_memory() -> None:
    """Lets the C library reuse freed activations instead of handing them back to the system after every layer.

    The GNU allocator returns free memory beyond twice the largest block that it has mapped and freed, of at most
    32 MiB. One such block that nobody writes to costs nothing and saves a tenth of the time in page faults; other
    allocators do not care.
    """
    torch.empty(31 * 2**20, dtype=torch.uint8)
