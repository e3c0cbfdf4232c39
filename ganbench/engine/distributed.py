"""Several processes on one pass: rank r computes shards r, r + W, ... into the cache; the caller merges them in order.

The cache is all that they share, so a process that dies loses only its unfinished shard, and the number is the same for
any count of processes.
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
from ganbench.engine.modes import measuring
from ganbench.engine.options import Options
from ganbench.engine.plan import Pass
from ganbench.engine.planning import PlannedRun, plan_run
from ganbench.engine.shards import Progress, Worker, cores, missing, work
from ganbench.inputs import Context


def work_in_processes(planned: PlannedRun, pass_: Pass, tile: int, cache: Cache, progress: Progress) -> None:
    """Compute the missing shards of a pass in ``options.nproc`` processes.

    What a failed process leaves undone is computed by the caller afterwards, which then reports the error itself.
    """
    spawning, context, nproc = multiprocessing.get_context("spawn"), planned.plan.context, planned.options.nproc
    shared = (planned.plan.loaded.name, planned.options, pass_, cache)
    ranks = [spawning.Process(target=_rank, args=(*shared, r, nproc), daemon=True) for r in range(nproc)]
    try:
        with _interrupts_left_to_caller():
            for rank in ranks:
                rank.start()
        _watch(ranks, pass_, context, tile, cache, progress)
    finally:
        for rank in ranks:
            if rank.pid is not None:
                rank.terminate()
                rank.join()


@contextlib.contextmanager
def _interrupts_left_to_caller() -> Iterator[None]:
    """Start processes that ignore Ctrl-C, so that the caller alone reports it."""
    if threading.current_thread() is not threading.main_thread():  # only the main thread may set handlers
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _watch(
    ranks: Sequence[BaseProcess], pass_: Pass, context: Context, tile: int, cache: Cache, progress: Progress
) -> None:
    """Report progress, read off the cache, until all shards are there or all processes have ended."""
    left = _left(pass_, context, tile, cache)
    while left and any(rank.is_alive() for rank in ranks):
        time.sleep(0.2)
        before, left = left, _left(pass_, context, tile, cache)
        progress(before - left)


def _left(pass_: Pass, context: Context, tile: int, cache: Cache) -> int:
    return sum(stop - start for (start, stop), _ in missing(pass_, context, tile, cache))


def _rank(model: str, options: Options, pass_: Pass, cache: Cache, rank: int, ranks: int) -> None:
    """Run one process: make the plan anew from the same options, then compute this rank's shards."""
    if options.device == "cuda":
        options = dataclasses.replace(options, device=f"cuda:{rank % torch.cuda.device_count()}")
    try:
        planned = plan_run(model, options)
        threads = max(1, cores() // ranks)
        with measuring(planned.plan), Worker(planned.plan.context, planned.batch_size, threads) as worker:
            work(planned.plan, worker, cache, pass_, _stop_without_caller, rank, ranks)
    except Exception:  # the caller meets the same error on the shards left undone, and reports it
        return


def _stop_without_caller(_samples: int) -> None:
    """End this process if its caller was killed and could not end it."""
    caller = multiprocessing.parent_process()
    if caller is not None and not caller.is_alive():
        raise SystemExit(1)
