"""Progress of a run on stderr: what is measured, the plan, and for each pass a bar with rate and time left."""

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

from ganbench.cli.console import Terminal
from ganbench.engine.plan import Pass, describe, stored_reals
from ganbench.engine.planning import PlannedRun
from ganbench.engine.shards import tile_size
from ganbench.records.protocol import statistics_of


class Rate(ProgressColumn):
    """Samples per second."""

    def render(self, task: Task) -> Text:
        """Return the rate, or an empty text before it is known."""
        return Text(f"{task.speed:,.0f}/s" if task.speed else "", style="cyan")


class Bars:
    """A reporter that draws progress bars on stderr."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Terminal(stderr=True)
        self.failures: list[str] = []
        self._progress: Progress | None = None

    def planned(self, planned: PlannedRun) -> None:
        """Print what is measured and how."""
        show_plan(self.console, planned)

    def begin(self, pass_: Pass, done: int) -> None:
        """Start a bar."""
        self._progress = Progress(
            TextColumn("{task.description:<20}"),
            BarColumn(),
            MofNCompleteColumn(),
            Rate(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=self.console,
        )
        self._progress.add_task(pass_.source.name, total=pass_.count, completed=done)
        self._progress.start()

    def advance(self, samples: int) -> None:
        """Move the bar."""
        if self._progress:
            self._progress.advance(self._progress.task_ids[0], samples)

    def end(self, pass_: Pass) -> None:
        """Close the bar."""
        if self._progress:
            self._progress.update(self._progress.task_ids[0], completed=pass_.count)
        self.close()

    def computing(self, metric: str) -> None:
        """Say what is computed, until the next is or the record is written."""
        self.close()
        if not self.console.is_terminal:
            return
        columns = (SpinnerColumn(), TextColumn("interval of {task.description}"))
        self._progress = Progress(*columns, console=self.console, transient=True)
        self._progress.add_task(metric, total=None)
        self._progress.start()

    def failed(self, metric: str, reason: str) -> None:
        """Note a metric that failed; its reason is printed with the table."""
        self.failures.append(metric)

    def close(self) -> None:
        """Restore the terminal, also after an error."""
        if self._progress:
            self._progress.stop()
            self._progress = None


def show_plan(console: Console, planned: PlannedRun) -> None:
    """Print the heading and the passes."""
    show_heading(console, planned)
    table = Table(box=None, pad_edge=False)
    for name in ("pass", "samples", "for"):
        table.add_column(name, justify="right" if name == "samples" else "left")
    for row in describe(planned.plan):
        table.add_row(row["source"], f"{row['count']:,}", ", ".join(row["serves"]))
    console.print(table)


def show_heading(console: Console, planned: PlannedRun) -> None:
    """Print the note on embedded weights, if any, and how the model is measured."""
    plan, options = planned.plan, planned.options
    if note := plan.loaded.note:
        console.print(note, style="yellow", highlight=False, soft_wrap=True)  # one line, however narrow the terminal
    data, known = plan.context.data, stored_reals(plan)
    named = data or plan.context.statistics
    console.print(
        f"benchmark {planned.benchmark.name}, data {named.name if named else 'none'}, "
        f"seed {options.seed}, {options.device}, tiles of {tile_size(plan.context, planned.batch_size)}",
        soft_wrap=True,
        markup=False,
    )
    if known is not None:
        console.print(f"reals: {statistics_of(known.file, known.count or 0)}", soft_wrap=True, markup=False)
