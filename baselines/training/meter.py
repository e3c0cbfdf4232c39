"""The content of a log entry: mean losses, speed and remaining time."""

import time
from collections.abc import Mapping
from typing import Any

from baselines.training.data import Batches


class Meter:
    """Losses and time between two ticks.

    Args:
        batches: of the run, for the number of images shown.
        steps: length of the run.
        step: number of the first step to be counted.
    """

    def __init__(self, batches: Batches, steps: int, step: int) -> None:
        self.batches, self.steps = batches, steps
        self._restart(step)

    def _restart(self, step: int) -> None:
        self.step, self.started = step, time.perf_counter()
        self.sums: dict[str, list[float]] = {}

    def add(self, means: Mapping[str, float]) -> None:
        """Add the mean losses of one phase, by name."""
        for name, mean in means.items():
            self.sums.setdefault(name, []).append(mean)

    def tick(self, step: int) -> dict[str, Any]:
        """Return a log entry and start counting anew: step, kimg, sec_per_kimg, eta (seconds) and mean losses."""
        nimg, end = self.batches.shown(step), self.batches.shown(self.steps)
        per_image = (time.perf_counter() - self.started) / max(nimg - self.batches.shown(self.step), 1)
        entry = {
            "step": step,
            "kimg": nimg / 1000,
            "sec_per_kimg": per_image * 1000,
            "eta": per_image * (end - nimg),
            "losses": {name: sum(values) / len(values) for name, values in self.sums.items()},
        }
        self._restart(step)
        return entry
