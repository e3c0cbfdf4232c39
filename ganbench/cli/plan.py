"""``ganbench plan``: what a run or a benchmark needs, what is missing, and about how long it would take."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.table import Table

from ganbench.cli import options
from ganbench.cli.console import Terminal
from ganbench.cli.foreign import announce
from ganbench.cli.group import COULD_NOT_RUN, Verb
from ganbench.cli.output import complain
from ganbench.errors import BadInputError
from ganbench.records.store import Store

if TYPE_CHECKING:
    from ganbench.engine.estimates import Estimate
    from ganbench.engine.options import Options
    from ganbench.engine.planning import PlannedRun

PATIENCE = 60.0  # seconds after which a tile of a model is given up
PATIENCE_FOR_STAND_INS = 8.0  # seconds, enough for the ten outputs of a StarGAN v2 at 256x256 on one core
MIB = 2**20


@click.command(
    cls=Verb,
    examples=(
        "ganbench plan --model stylegan3 --metrics fid50k,ppl,eqt",
        "ganbench plan --model stylegan3 --metrics fid50k,kid50k,is50k --limit 1k",
        "ganbench plan --benchmark stylegan3",
    ),
)
@options.planning
@options.results_dir
@click.pass_context
def command(
    ctx: click.Context, /, models: tuple[str, ...], metrics: str | None, results_dir: Path | None, **given: Any
) -> None:
    """Show what a run would do: passes, samples, finished work, time left. Nothing is written or fetched.

    The time is estimated from one tile per core of each pass, without reading images from files. Extractors whose
    weights are missing are timed with random weights, and listed with the addresses of their files; the exit code is
    then 2.

    --weights may be a folder of training snapshots or a quoted pattern, as for `ganbench run`.

    Without --model, show what a benchmark needs, with times for the main experiment of its paper.
    """
    names = options.names(metrics)
    options.check_measuring(models, names, given)
    if not models and not given["benchmark"]:
        raise BadInputError("expected --model or --benchmark, found neither: name a model, or a benchmark to plan for.")
    announce(*models)
    from ganbench.engine.options import Options
    from ganbench.engine.planning import each_snapshot, plan_all
    from ganbench.extractors.opening import with_stand_ins, without_fetching

    asked = Options.of(metrics=names, **given)
    with without_fetching(), with_stand_ins() as lacking:
        if models:
            plans = [planned for one in each_snapshot(models, asked) for planned in plan_all(models, one)]
            shown = [(planned, list[str](), PATIENCE) for planned in plans]
        else:
            shown = [_of_benchmark(asked)]
    Store(results_dir).check_writable()
    for planned, remarks, patience in shown:
        _show(Terminal(), planned, remarks, lacking, patience)
    for told in dict.fromkeys(lacking.values()):
        complain(told)
    if lacking:
        ctx.exit(COULD_NOT_RUN)


def _of_benchmark(asked: "Options") -> tuple["PlannedRun", list[str], float]:
    """Return the plan of a benchmark, remarks on its stand-ins, and the seconds that a tile may take."""
    from ganbench.engine.protocols import plan_protocol

    plan = plan_protocol(asked)
    remarks = [f"model: none, timed with {plan.model}; name one with --model"]
    if plan.data:
        remarks.append(f"data: none, timed with {plan.data}; name a folder or zip with --data")
    return plan.planned, remarks, PATIENCE_FOR_STAND_INS


def _show(
    console: Terminal, planned: "PlannedRun", remarks: Iterable[str], lacking: Iterable[str], patience: float
) -> None:
    from ganbench.cli.benchmark_tables import protocol_table
    from ganbench.cli.progress import show_heading
    from ganbench.engine.estimates import estimates

    show_heading(console, planned)
    for line in (*remarks, *_extractors(planned), *planned.plan.missing.values()):
        console.print(line, soft_wrap=True)
    console.print(protocol_table(planned.plan.metrics, _waits_for(planned, set(lacking))))
    console.print()
    found = list(estimates(planned, patience))
    console.print(_passes(found))
    in_all, bound = sum(each.seconds for each in found), any(each.at_least for each in found)
    console.print(f"total: {_about(in_all, bound)}")
    if bound:
        console.print(
            f"Timing stops after {patience:.0f} s per tile: use a GPU (--device cuda) or a smaller count (--limit).",
            soft_wrap=True,
        )


def _waits_for(planned: "PlannedRun", lacking: set[str]) -> dict[str, str]:
    """Return, by metric, the passes and weights that it needs."""
    from ganbench.engine.plan import extractors_of

    found = {}
    for metric in planned.plan.metrics:
        passes = dict.fromkeys(need.source.name for need in metric.inputs().values())
        weights = ["weights"] if any(name.partition(":")[0] in lacking for name in extractors_of(metric)) else []
        found[metric.name] = ", ".join((*passes, *weights))
    return found


def _extractors(planned: "PlannedRun") -> Iterator[str]:
    """Yield a line about the files of each extractor: name, size, place or address."""
    from ganbench import registry
    from ganbench.checkpoints.download import where_is
    from ganbench.types import needed_by

    for name in planned.plan.context.extractors:
        files = () if ":" in name else needed_by(registry.load("extractors", name))
        for file in files[:1]:
            path = where_is(file)
            size = f", {(path.stat().st_size if path else file.nbytes) / MIB:,.1f} MiB" if path or file.nbytes else ""
            more = f" and {len(files) - 1} more files" if len(files) > 1 else ""
            place = f"here: {path}" if path else f"not here: {file.url}"
            yield f"extractor {name}: {file.name}{more}{size}, {place}"
        if not files:
            yield f"extractor {name}: here"


def _passes(found: Iterable["Estimate"]) -> Table:
    table = Table(box=None, pad_edge=False)
    for name in ("pass", "samples to do", "time"):
        table.add_column(name, justify="right" if name == "samples to do" else "left")
    for each in found:
        of = f"{each.left:,} of {each.pass_.count:,}"
        table.add_row(each.pass_.source.name, of, _about(each.seconds, each.at_least))
    return table


def _about(seconds: float, at_least: bool) -> str:
    for unit, size in (("days", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{'over' if at_least else 'about'} {seconds / size:.0f} {unit}"
    return f"{'over' if at_least else 'about'} {seconds:.0f} s"
