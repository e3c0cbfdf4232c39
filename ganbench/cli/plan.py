"""``ganbench plan``: what a run would do, and about how long it would take."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ganbench.cli import options
from ganbench.cli.console import Terminal
from ganbench.cli.group import Verb
from ganbench.records.store import Store

if TYPE_CHECKING:
    from ganbench.engine.plan import Pass
    from ganbench.engine.planning import PlannedRun
    from ganbench.engine.shards import Worker


@click.command(
    cls=Verb,
    examples=(
        "ganbench plan --model stylegan3 --metrics fid50k,ppl,eqt",
        "ganbench plan --model stylegan3 --metrics fid50k,kid50k,is50k --limit 1k",
    ),
)
@options.measuring
@options.results_dir
def command(models: tuple[str, ...], metrics: str | None, results_dir: Path | None, **given: Any) -> None:
    """Say what a run would do: passes, samples, what is finished already, time left. Nothing is written or fetched.

    The time is estimated from one tile a core of each pass. Weights that would have to be fetched first are named, with
    their addresses, and end the plan.
    """
    names = options.names(metrics)
    options.check_measuring(models, names, given)
    from ganbench.checkpoints.download import without_fetching
    from ganbench.cli.progress import show_plan
    from ganbench.engine.options import Options
    from ganbench.engine.planning import plan_all

    console = Terminal()
    with without_fetching():
        all_planned = plan_all(models, Options.of(metrics=names, **given))
    Store(results_dir).check_writable()
    for planned in all_planned:
        show_plan(console, planned)
        for line in _estimates(planned):
            console.print(line, highlight=False)


def _estimates(planned: "PlannedRun") -> list[str]:
    """Return a line a pass: samples left, samples a second, time."""
    from ganbench.engine.cache import Cache
    from ganbench.engine.modes import measuring
    from ganbench.engine.shards import Worker, missing

    lines, total, cache = [], 0.0, Cache()
    options, plan = planned.options, planned.plan
    shared = options.nproc if options.device != "cpu" else 1  # one process keeps all cores busy
    with measuring(plan), Worker(plan.context, planned.batch_size) as worker:
        for pass_ in plan.passes:
            left = sum(stop - start for (start, stop), _ in missing(pass_, plan.context, worker.tile, cache))
            seconds = left / _rate(worker, pass_) / shared if left else 0.0
            total += seconds
            lines.append(f"{pass_.source.name}: {left:,} of {pass_.count:,} samples to do, about {_minutes(seconds)}")
    return [*lines, f"in all about {_minutes(total)}"]


def _rate(worker: "Worker", pass_: "Pass") -> float:
    """Return samples a second, from one tile a thread after one to warm up."""
    count = min(pass_.count, worker.tile * worker.threads)
    worker.shard(pass_.source, pass_.queries, 0, min(pass_.count, worker.tile), lambda _: None)
    started = time.perf_counter()
    worker.shard(pass_.source, pass_.queries, 0, count, lambda _: None)
    return float(count / (time.perf_counter() - started))


def _minutes(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"
