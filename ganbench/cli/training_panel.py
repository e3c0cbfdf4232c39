"""What a terminal shows below the lines of a training run: how far it is, its losses, times and memory."""

from collections import deque
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

__all__ = ["TrainingPanel", "sparkline"]

BLOCKS, DOTS = "▁▂▃▄▅▆▇█", "_.-^"  # the latter where a terminal's encoding lacks the former
POINTS = 24  # of a sparkline


class TrainingPanel:
    """The state of a run after its last ticks.

    Args:
        kimg: length of the run; None if unknown.
        plain: whether the terminal can show ASCII only.
    """

    def __init__(self, kimg: float | None, plain: bool = False) -> None:
        self.kimg, self.blocks = kimg, DOTS if plain else BLOCKS
        self.tick: Mapping[str, Any] = {"kimg": 0.0}
        self.values: dict[str, deque[float]] = {}

    def add(self, tick: Mapping[str, Any], losses: Mapping[str, float]) -> None:
        """Take in a tick, and those of its losses that matter."""
        self.tick = tick
        for name, value in losses.items():
            self.values.setdefault(name, deque(maxlen=POINTS)).append(value)

    def __rich__(self) -> RenderableType:
        """Return the panel."""
        lines = [*self._losses(), *self._numbers()]
        rows = Table.grid(padding=(0, 2))
        for name, text in lines:
            rows.add_row(Text(name, style="dim"), text)
        return Panel(
            Group(self._bar(), *([rows] if lines else [])), title="training", title_align="left", border_style="dim"
        )

    def _bar(self) -> RenderableType:
        of = "" if self.kimg is None else f" / {self.kimg:g}"
        grid = Table.grid(padding=(0, 2))
        bar = ProgressBar(total=self.kimg, completed=self.tick["kimg"], width=24)
        grid.add_row(bar, Text(f"kimg {self.tick['kimg']:.1f}{of}"))
        return grid

    def _speed(self) -> str:
        """Return the rate and the time left, as far as they are known."""
        seconds, left = self.tick.get("sec_per_kimg"), self.tick.get("eta")
        rate = f"{seconds:.2f} s/kimg, {1000 / seconds:.3g} images/s" if seconds else ""
        return "  ".join(filter(None, (rate, f"left {timedelta(seconds=round(left))}" if left else "")))

    def _losses(self) -> list[tuple[str, Text]]:
        """Return a line for each loss: the last value, and those of the last ticks."""
        return [
            (name, Text.assemble(f"{values[-1]:<10.4g} ", (sparkline(values, self.blocks), "cyan")))
            for name, values in self.values.items()
        ]

    def _numbers(self) -> list[tuple[str, Text]]:
        """Return what the tick tells beside the losses, as titles and texts."""
        tick = self.tick
        phases = [f"{name} {1000 * seconds:.3g}" for name, seconds in tick.get("phases", {}).items()]
        memory = [f"{name.replace('_', ' ')} {gib:.1f}" for name, gib in tick.get("memory", {}).items()]
        found = {
            "speed": self._speed(),
            "augment p": f"{tick['augment_p']:.3f}" if "augment_p" in tick else "",
            "ms a step": "  ".join(phases),
            "GiB": "  ".join(memory),
            "snapshot": self._snapshot(),
        }
        return [(title, Text(text)) for title, text in found.items() if text]

    def _snapshot(self) -> str:
        """Return when the next snapshot is due."""
        due = self.tick.get("next_snapshot")
        if due is None or due <= self.tick["kimg"]:
            return ""
        left = (due - self.tick["kimg"]) * self.tick.get("sec_per_kimg", 0.0)
        return f"at kimg {due:.1f}" + (f", in {timedelta(seconds=round(left))}" if left else "")


def sparkline(values: Sequence[float], blocks: str = BLOCKS) -> str:
    """Return values as characters from the lowest to the highest of ``blocks``."""
    low, high = min(values), max(values)
    scale = (len(blocks) - 1) / (high - low) if high > low else 0.0
    return "".join(blocks[round((value - low) * scale)] for value in values)
