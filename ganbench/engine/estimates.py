"""How long a plan would take on this machine, from timing one tile or a few of each pass."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from torch import nn
from torch.nn.modules.module import register_module_forward_pre_hook

from ganbench.engine.cache import Cache
from ganbench.engine.modes import measuring
from ganbench.engine.plan import Pass
from ganbench.engine.planning import PlannedRun
from ganbench.engine.shards import Worker, missing, samples_in

SHORT = 2.0  # seconds; a tile that takes longer is not tried a second time


class TooSlowError(Exception):
    """Raised inside a tile that takes longer than it may."""


@dataclass(frozen=True)
class Estimate:
    """What is left to do in a pass.

    Attributes:
        pass_: of the plan.
        left: number of samples to do.
        seconds: that they take.
        at_least: whether ``seconds`` is only a lower bound, because a tile was given up.
    """

    pass_: Pass
    left: int
    seconds: float
    at_least: bool = False


def estimates(planned: PlannedRun, patience: float) -> Iterator[Estimate]:
    """Yield the estimate of each pass.

    Args:
        planned: the run.
        patience: seconds after which the first tile of a pass is given up.
    """
    cache, options, plan, bound = Cache(), planned.options, planned.plan, 0.0
    shared = options.nproc if options.device != "cpu" else 1  # one process keeps all cores busy
    with measuring(plan), Worker(plan.context, planned.batch_size) as worker:
        for pass_ in plan.passes:
            left = sum(stop - start for (start, stop), _ in missing(pass_, plan.context, worker.tile, cache))
            generated = not pass_.source.reads_data
            if not left:
                yield Estimate(pass_, 0, 0.0)
            elif generated and bound:  # timing the same model again would only reach the limit again
                yield Estimate(pass_, left, left * bound / shared, at_least=True)
            else:
                per_sample, at_least = seconds_per_sample(worker, pass_, patience)
                bound = per_sample if generated and at_least else bound
                yield Estimate(pass_, left, left * per_sample / shared, at_least)


def seconds_per_sample(worker: Worker, pass_: Pass, patience: float) -> tuple[float, bool]:
    """Return the seconds per sample with all threads at work, and whether that is a lower bound.

    The first tile includes warm-up, so if it was quick, one tile per thread is timed after it.
    """
    tile = min(pass_.count, samples_in(worker.tile, pass_.source))
    try:
        with giving_up_after(patience):
            first = _seconds(worker, pass_, tile)
    except TooSlowError:
        return patience / (tile * worker.threads), True
    if first > SHORT:
        return first / (tile * worker.threads), False
    count = min(pass_.count, tile * worker.threads)
    return _seconds(worker, pass_, count) / count, False


def _seconds(worker: Worker, pass_: Pass, count: int) -> float:
    started = time.perf_counter()
    worker.shard(pass_.source, pass_.queries, 0, count, lambda _: None)
    return time.perf_counter() - started


@contextmanager
def giving_up_after(seconds: float) -> Iterator[None]:
    """Make every module of any network raise ``TooSlowError`` after ``seconds``, within this context."""
    deadline = time.monotonic() + seconds

    def look(module: nn.Module, args: Any) -> None:
        if time.monotonic() > deadline:
            raise TooSlowError

    handle = register_module_forward_pre_hook(look)
    try:
        yield
    finally:
        handle.remove()
