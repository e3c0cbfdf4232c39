"""What a run would cost, from a few steps of it that leave nothing behind."""

import resource
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch

from baselines.training import ranks
from baselines.training.frame import PreparedRun
from baselines.training.loading import loaded
from baselines.training.loop import streams_of
from baselines.training.plan import StepContext
from baselines.training.steps import advance, parts_of

__all__ = ["Cost", "dry_run"]

TIMES = 2  # of every phase, of which the first warms up


@dataclass(frozen=True)
class Cost:
    """What a run costs.

    Attributes:
        parameters: number of parameters of each network, without averages.
        memory: largest memory in use during a step, in bytes: the device's, or on a CPU the whole process's.
        sec_per_kimg: seconds for a thousand images, at full resolution for networks that grow.
        kimg: length of the run.
    """

    parameters: dict[str, int]
    memory: int
    sec_per_kimg: float
    kimg: float


def dry_run(prepared: PreparedRun[Any], told: Callable[[str], None]) -> Cost:
    """Return the cost of a run, by every phase of its last step; phases count by how often they run.

    Args:
        prepared: the run; its networks are changed, and nothing is written.
        told: called with the name of each phase before it runs.

    Raises:
        TrainingError: the batch does not divide among the processes or into parts.
        DivergenceError: a loss is infinite or NaN.
    """
    plan, batches, schedule = prepared.training.plan(), prepared.batches, prepared.schedule
    device, step = torch.device(prepared.device), schedule.steps - 1
    batches.rows = rows = ranks.rank_slice(plan.group, batches.sizes())
    parts = ranks.parts_of_batches(plan.group, batches.sizes(), prepared.hardware.batch_gpu)
    nimg = batches.shown(step)
    size = batches.shown(step + 1) - nimg
    with prepared.hardware.set():
        began = time.perf_counter()
        with loaded(batches, range(step, step + 1), 0, device) as ahead:
            real, labels, extra = next(iter(ahead))
        seconds = time.perf_counter() - began
        at = StepContext(step, nimg, real, labels, streams_of(schedule.seed, step), rows, extra=extra)
        plan.prepare(at)
        for phase in plan.phases:
            told(phase.name)
            for _ in range(TIMES):
                began = _now(device)
                advance(phase, at, parts_of(len(real) // phase.shrink, parts[size]), plan.mend_gradients)
                spent = _now(device) - began
            seconds += spent / (phase.interval * phase.every)
    averages = {id(average) for average, _ in plan.averages}
    counts = {
        name: sum(parameter.numel() for parameter in network.parameters())
        for name, network in plan.networks.items()
        if id(network) not in averages
    }
    return Cost(counts, _peak(device), seconds * 1000 / size, batches.shown(schedule.steps) / 1000)


def _now(device: torch.device) -> float:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter()


def _peak(device: torch.device) -> int:
    """Return the largest memory in use so far, in bytes."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
