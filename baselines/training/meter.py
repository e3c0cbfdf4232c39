"""The content of a log entry: mean losses, speed and remaining time."""

import sys
import time
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from baselines.ops.processes import mean_of_all
from baselines.training.data import Batches
from baselines.training.phase_times import PhaseTimes
from baselines.training.steps import SIGNS, check

CHECK = 64  # steps after which losses on a device are read, and so checked, at the latest


class Meter:
    """Losses and time between two ticks.

    Losses on another device than the CPU stay there until ``read``, so that no step waits for the device.

    Args:
        batches: of the run, for the number of images shown.
        steps: length of the run.
        step: number of the first step to be counted.
        device: of the run.
    """

    def __init__(self, batches: Batches, steps: int, step: int, device: torch.device | str = "cpu") -> None:
        self.batches, self.steps = batches, steps
        self.unread: list[tuple[int, dict[str, Tensor]]] = []
        self.phases = PhaseTimes(device)
        self.restart(step)

    def restart(self, step: int) -> None:
        """Count from now on, and from this step on.

        Called after a tick has been reported, so that the time of a step is without that of snapshots and metrics.
        """
        self.step, self.started = step, time.perf_counter()
        self.sums: dict[str, list[float]] = {}

    def add(self, means: Mapping[str, Tensor], nimg: int, on_cpu: bool = True) -> None:
        """Add the mean losses of one phase, by name, after ``nimg`` images.

        Args:
            means: those of all processes if the run is on the CPU, else this process's own.
            nimg: images shown before the step.
            on_cpu: whether the run is on the CPU.
        """
        if on_cpu:
            self._count({name: float(mean) for name, mean in means.items()})
        else:
            self.unread.append((nimg, dict(means)))

    def _count(self, means: Mapping[str, float]) -> None:
        for name, mean in means.items():
            self.sums.setdefault(name, []).append(mean)

    def read(self) -> None:
        """Read the losses that are still on the device, as means over all processes.

        Raises:
            DivergenceError: one is infinite or NaN; the message says which was the first. Steps after it have been
                taken, at most ``CHECK`` of them, but no snapshot has been written.
        """
        if not self.unread:
            return
        unread, self.unread = self.unread, []
        means = [mean for _, named in unread for mean in named.values()]
        device = next((mean.device for mean in means if not mean.is_cpu), "cpu")
        values = iter(mean_of_all(torch.stack([mean.to(device, torch.float32) for mean in means])).cpu())
        for nimg, named in unread:
            read = {name: next(values) for name in named}
            check(read, nimg)
            self._count({name: float(value) for name, value in read.items()})

    def tick(self, step: int) -> dict[str, Any]:
        """Return a log entry: step, kimg, sec_per_kimg, eta (seconds), mean losses, mean signs of the discriminator's
        scores, seconds a step by phase, and memory. Call ``restart`` once it has been reported.

        Raises:
            DivergenceError: see ``read``.
        """
        self.read()
        nimg, end = self.batches.shown(step), self.batches.shown(self.steps)
        per_image = (time.perf_counter() - self.started) / max(nimg - self.batches.shown(self.step), 1)
        means = {name: sum(values) / len(values) for name, values in self.sums.items()}
        phases = self.phases.tick(step - self.step)
        return {
            "step": step,
            "kimg": nimg / 1000,
            "sec_per_kimg": per_image * 1000,
            "eta": per_image * (end - nimg),
            "losses": {name: mean for name, mean in means.items() if f"/{SIGNS}" not in name},
            "signs": {name: mean for name, mean in means.items() if f"/{SIGNS}" in name},
            "phases": phases,
            "memory": memory(),
        }


def memory() -> dict[str, float]:
    """Return the largest memory so far in GiB: ``cpu``, and of a GPU what tensors took and what was reserved."""
    found: dict[str, float] = {}
    if sys.platform != "win32":
        import resource

        unit = 2**30 if sys.platform == "darwin" else 2**20  # bytes there, KiB elsewhere
        found["cpu"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit
    if torch.cuda.is_available():
        found["gpu"] = torch.cuda.max_memory_allocated() / 2**30
        found["gpu_reserved"] = torch.cuda.max_memory_reserved() / 2**30
    return found
