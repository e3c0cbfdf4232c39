"""``ganbench plan``: what a run would do, and about how long it would take."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ganbench.cli import options
from ganbench.cli.console import Terminal
from ganbench.cli.group import Verb
from ganbench.cli.run import call
from ganbench.records.store import Store

if TYPE_CHECKING:
    from ganbench.engine.request import Prepared


@click.command(
    cls=Verb,
    examples=(
        "ganbench plan --model stylegan3 --metrics fid50k,ppl,eqt",
        "ganbench plan --model stylegan3 --metrics fid50k,kid50k,is50k --limit 1k",
    ),
)
@options.measuring
@options.results_dir
@options.nproc
def command(results_dir: Path | None, nproc: int, **asked: Any) -> None:
    """Say what a run would do: passes, samples, what is finished already, time left. Nothing is written or fetched.

    The time is estimated from one tile a core of each pass. Weights that would have to be fetched first are named, with
    their addresses, and end the plan.
    """
    from ganbench.checkpoints.download import without_fetching
    from ganbench.cli.progress import show_plan
    from ganbench.engine.request import Request
    from ganbench.engine.run import prepare_all

    arguments = call(**asked)
    models = arguments.pop("models")
    console = Terminal()
    with without_fetching():
        all_prepared = prepare_all([Request(name, **arguments) for name in models])
    Store(results_dir).check_writable()
    for prepared in all_prepared:
        show_plan(console, prepared)
        for line in _estimates(prepared, nproc):
            console.print(line, highlight=False)


def _estimates(prepared: "Prepared", nproc: int) -> list[str]:
    """Return a line a pass: samples left, samples a second, time."""
    from ganbench.engine.cache import Cache
    from ganbench.engine.shards import Worker, missing

    lines, total, cache = [], 0.0, Cache()
    assert prepared.request.batch_size is not None
    shared = nproc if prepared.request.device != "cpu" else 1  # one process keeps all cores busy
    with Worker(prepared.plan.setting, prepared.request.batch_size) as worker:
        for one in prepared.plan.passes:
            left = sum(stop - start for (start, stop), _ in missing(one, prepared.plan.setting, worker.tile, cache))
            seconds = left / _rate(worker, one) / shared if left else 0.0
            total += seconds
            lines.append(f"{one.source.name}: {left:,} of {one.count:,} samples to do, about {_minutes(seconds)}")
    return [*lines, f"in all about {_minutes(total)}"]


def _rate(worker: Any, one: Any) -> float:
    """Return samples a second, from one tile a thread after one to warm up."""
    count = min(one.count, worker.tile * worker.threads)
    worker.shard(one.source, one.taps, 0, min(one.count, worker.tile), lambda _: None)
    started = time.perf_counter()
    worker.shard(one.source, one.taps, 0, count, lambda _: None)
    return float(count / (time.perf_counter() - started))


def _minutes(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"
