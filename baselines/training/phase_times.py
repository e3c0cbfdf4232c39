"""How long each phase of a step takes: by the clock where the host computes, else by events on the device."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

__all__ = ["PhaseTimes"]


class PhaseTimes:
    """Time by phase between two ticks.

    A GPU computes while the host goes on, so that the host's clock would tell how long it takes to launch a phase. Its
    events note the time on the device itself, and are read at ticks only, because reading them waits for the device.

    Args:
        device: of the run.
    """

    def __init__(self, device: torch.device | str = "cpu") -> None:
        self.on_gpu = torch.device(device).type == "cuda"
        self.seconds: dict[str, float] = {}
        self.unread: list[tuple[str, Any, Any]] = []  # phase, and the events at its start and end

    @contextmanager
    def measured(self, phase: str) -> Iterator[None]:
        """Add the time that the body takes to a phase."""
        start = _event() if self.on_gpu else time.perf_counter()
        yield
        if self.on_gpu:
            self.unread.append((phase, start, _event()))
        else:
            self._add(phase, time.perf_counter() - start)

    def _add(self, phase: str, seconds: float) -> None:
        self.seconds[phase] = self.seconds.get(phase, 0.0) + seconds

    def tick(self, steps: int) -> dict[str, float]:
        """Return the seconds a step of each phase, and start counting anew.

        A phase that runs in every 16th step shows a 16th of its time, so that the phases add up to a step.

        Args:
            steps: steps since the last call.
        """
        unread, self.unread = self.unread, []
        if unread:
            unread[-1][2].synchronize()
        for phase, start, end in unread:
            self._add(phase, start.elapsed_time(end) / 1000)
        seconds, self.seconds = self.seconds, {}
        return {phase: value / max(steps, 1) for phase, value in seconds.items()}


def _event() -> Any:
    """Return an event that notes the time at which the device reaches it."""
    event = torch.cuda.Event(enable_timing=True)  # type: ignore[no-untyped-call]  # torch has no type here
    event.record()
    return event
