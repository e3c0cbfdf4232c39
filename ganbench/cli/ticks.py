"""What a training run shows on stderr: a line for each tick, and on a terminal a panel."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ganbench.cli.snapshot_metrics import SnapshotMetrics
    from ganbench.types import Progress


@dataclass(frozen=True)
class SharedTicks:
    """Ticks whose snapshots are measured by all processes of a training."""

    ticks: "Progress"
    measured: "SnapshotMetrics"

    def __call__(self, tick: Mapping[str, Any]) -> None:
        """Show a tick, as ``Ticks`` does."""
        self.ticks(tick)

    def beside(self, model: Any) -> AbstractContextManager[None]:
        """Return the context in which all processes measure; see ``SnapshotMetrics.beside``."""
        return self.measured.beside(model)


class Ticks:
    """Progress of training on stderr: a line for each tick, and on a terminal a panel below the lines."""

    def __init__(
        self,
        kimg: float | None,
        measured: "Callable[[Mapping[str, Any]], str]" = lambda tick: "",
        run_dir: Path | None = None,
    ) -> None:
        from rich.live import Live

        from ganbench.cli.console import Terminal
        from ganbench.cli.training_panel import TrainingPanel

        self.measured, self.run_dir = measured, run_dir
        self.console = Terminal(stderr=True)
        self.panel = TrainingPanel(kimg, plain=self.console.options.ascii_only)
        # What others write to stderr, such as a warning, appears above the panel; stdout is for the paths of files.
        self.live = Live(self.panel, console=self.console, redirect_stdout=False, auto_refresh=False)

    def __enter__(self) -> "Ticks":
        if self.console.is_terminal:
            self.live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.live.stop()

    def __call__(self, tick: Mapping[str, Any]) -> None:
        """Show a tick: kimg, sec_per_kimg, eta in seconds, losses, and weights if a snapshot was just written.

        Also ``phases``, ``memory``, ``augment_p`` and ``next_snapshot`` where a model's training tells them.
        """
        self.panel.add(tick, main_losses(tick.get("losses", {})))
        self._print(line(tick))
        self._print(self.measured(tick))
        if self.run_dir is not None and tick.get("weights"):
            draw(self.run_dir)

    def _print(self, text: str) -> None:
        """Print a line above the panel, which shows the newest state after it."""
        if text:
            self.console.print(text, markup=False, highlight=False, soft_wrap=True)


def draw(run_dir: Path) -> None:
    """Write plots of a run's losses and metrics so far, ``losses.png`` and ``metrics.png``."""
    from baselines.training import log
    from baselines.training.files import write_atomically
    from ganbench.cli.snapshot_metrics import entries_of
    from ganbench.pictures import training

    drawn = {
        "losses.png": training.losses(log.read(run_dir / "log.jsonl")),
        "metrics.png": training.metrics(entries_of(run_dir)),
    }
    for name, content in drawn.items():
        if content is not None:
            with suppress(OSError):  # a plot is not worth the training; the next snapshot tries again
                write_atomically(run_dir / name, content)


def line(tick: Mapping[str, Any]) -> str:
    """Return a tick as one line; of its losses, those that matter."""
    losses = "  ".join(f"{name} {value:.4g}" for name, value in main_losses(tick.get("losses", {})).items())
    left = timedelta(seconds=round(tick["eta"])) if "eta" in tick else "?"
    speed = f"{tick['sec_per_kimg']:.2f}" if "sec_per_kimg" in tick else "?"
    written = f"  wrote {tick['weights']}" if tick.get("weights") else ""
    return f"kimg {tick['kimg']:.1f}  s/kimg {speed}  left {left}  {losses}{written}"


def main_losses(losses: Mapping[str, float]) -> dict[str, float]:
    """Return what the phases minimise, by phase, without lazy penalties; all losses where none is named so."""
    phases = {name.removesuffix("/total"): value for name, value in losses.items() if name.endswith("/total")}
    return {name: value for name, value in phases.items() if not name.endswith("reg")} or dict(losses)
