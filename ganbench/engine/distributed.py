"""Several processes on one pass: rank r computes shards r, r + W, ... into the cache; the caller merges them in order.

Because the cache is the only thing they share, a process that dies costs its unfinished shard and no more, and the
number is the same for any count of processes.
"""

import contextlib
import dataclasses
import multiprocessing
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from multiprocessing.process import BaseProcess

import torch

from ganbench.engine.cache import Cache
from ganbench.engine.plan import Pass
from ganbench.engine.request import Request, prepare
from ganbench.engine.shards import Progress, Worker, cores, exact_float32, missing, work
from ganbench.inputs import Setting


def work_in_processes(
    request: Request, one: Pass, setting: Setting, tile: int, cache: Cache, progress: Progress, nproc: int
) -> None:
    """Compute the missing shards of a pass in ``nproc`` processes.

    What a failed process leaves is computed by the caller afterwards, which then reports the error itself.
    """
    context = multiprocessing.get_context("spawn")
    ranks = [context.Process(target=_rank, args=(request, one, cache, r, nproc), daemon=True) for r in range(nproc)]
    try:
        with _interrupts_left_to_caller():
            for rank in ranks:
                rank.start()
        _watch(ranks, one, setting, tile, cache, progress)
    finally:
        for rank in ranks:
            if rank.pid is not None:
                rank.terminate()
                rank.join()


@contextlib.contextmanager
def _interrupts_left_to_caller() -> Iterator[None]:
    """Let the processes started here inherit deafness to Ctrl-C, so that the caller alone tells of it."""
    if threading.current_thread() is not threading.main_thread():  # others may not set handlers
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _watch(
    ranks: Sequence[BaseProcess], one: Pass, setting: Setting, tile: int, cache: Cache, progress: Progress
) -> None:
    """Tell how far the processes are, by looking at the cache, until all have ended."""
    left = _left(one, setting, tile, cache)
    while left and any(rank.is_alive() for rank in ranks):
        time.sleep(0.2)
        before, left = left, _left(one, setting, tile, cache)
        progress(before - left)


def _left(one: Pass, setting: Setting, tile: int, cache: Cache) -> int:
    return sum(stop - start for (start, stop), _ in missing(one, setting, tile, cache))


def _rank(request: Request, one: Pass, cache: Cache, rank: int, ranks: int) -> None:
    """Body of one process: plan anew from the request, then work on this rank's shards."""
    if request.device == "cuda":
        request = dataclasses.replace(request, device=f"cuda:{rank % torch.cuda.device_count()}")
    try:
        prepared = prepare(request)
        assert prepared.request.batch_size is not None
        threads = max(1, cores() // ranks)
        with exact_float32(), Worker(prepared.plan.setting, prepared.request.batch_size, threads) as worker:
            work(prepared.plan, worker, cache, one, _stop_without_caller, rank, ranks)
    except Exception:  # the caller meets the same error where this process left off, and reports it
        return


def _stop_without_caller(_samples: int) -> None:
    """End this process where its caller was killed and could not end it."""
    caller = multiprocessing.parent_process()
    if caller is not None and not caller.is_alive():
        raise SystemExit(1)
