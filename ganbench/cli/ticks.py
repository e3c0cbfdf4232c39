"""What a training run shows on stderr: a line for each tick, and on a terminal a bar."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from types import TracebackType
from typing import Any


class Ticks:
    """Progress of training on stderr: a line for each tick, and on a terminal a bar with the time left."""

    def __init__(self, kimg: float | None, measured: "Callable[[Mapping[str, Any]], str]" = lambda tick: "") -> None:
        from rich.progress import Progress

        from ganbench.cli.console import Terminal

        self.measured = measured
        self.console = Terminal(stderr=True)
        self.bar = Progress(console=self.console, redirect_stdout=False, disable=not self.console.is_terminal)
        self.task = self.bar.add_task("kimg", total=kimg)

    def __enter__(self) -> "Ticks":
        self.bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.bar.stop()

    def __call__(self, tick: Mapping[str, Any]) -> None:
        """Show a tick: kimg, sec_per_kimg, eta in seconds, losses, and weights if a snapshot was just written."""
        self.bar.update(self.task, completed=tick["kimg"])
        for text in filter(None, (line(tick), self.measured(tick))):
            self.console.print(text, markup=False, highlight=False, soft_wrap=True)


def line(tick: Mapping[str, Any]) -> str:
    """Return a tick as one line."""
    losses = "  ".join(f"{name} {value:.4g}" for name, value in tick.get("losses", {}).items())
    left = timedelta(seconds=round(tick["eta"])) if "eta" in tick else "?"
    speed = f"{tick['sec_per_kimg']:.2f}" if "sec_per_kimg" in tick else "?"
    written = f"  wrote {tick['weights']}" if tick.get("weights") else ""
    return f"kimg {tick['kimg']:.1f}  s/kimg {speed}  left {left}  {losses}{written}"
