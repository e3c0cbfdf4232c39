"""``ganbench doctor``: what may go wrong in a run, before it takes an hour."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ganbench.cli import options
from ganbench.cli.foreign import announce, foreign
from ganbench.cli.group import COULD_NOT_RUN, Verb
from ganbench.cli.output import say

if TYPE_CHECKING:
    from ganbench.benchmarks import Benchmark
    from ganbench.doctor import Finding
    from ganbench.types import LoadedModel

STYLES = {"GOOD": "ok", "NOTE": "note", "DOUBT": "doubt", "STOP": "stop"}


@click.command(
    cls=Verb,
    examples=(
        "ganbench doctor",
        "ganbench doctor --model stylegan3 --data digits",
        "ganbench doctor --model stylegan3 --weights G.pkl --data ffhq-256.zip --benchmark stylegan3",
    ),
)
@click.option("--model", help="Model to check.")
@click.option("--weights", help="Checkpoint to check.  [default: the embedded one]")
@click.option("--entry", help="Network in a checkpoint with several.")
@click.option("--data", help="Real images: a name, a folder, a zip, npz or parquet.  [default: the benchmark's]")
@click.option("--benchmark", help="Measuring protocol, whose extractors are checked.  [default: the model's]")
@options.device
@foreign
@options.results_dir
@click.pass_context
def command(ctx: click.Context, /, model: str | None, results_dir: Path | None, **given: Any) -> None:
    """Check machine, weights and images in a few seconds for what may go wrong; nothing is fetched.

    Each line begins with ok, note (affects numbers or time, perhaps on purpose), doubt (numbers will be misleading) or
    stop. The exit code is 2 if something would stop a run.
    """
    from ganbench.doctor import Level, examine_machine, examine_weights
    from ganbench.engine.options import Options

    if model:
        announce(model)
    chosen = Options.of(**given)
    findings = examine_machine(chosen.device, results_dir)
    of_weights, loaded = examine_weights(model, chosen, _benchmark(model, chosen.benchmark))
    findings += of_weights + _images(given["data"], _benchmark(model, chosen.benchmark), loaded)
    for finding in findings:
        say(f"{STYLES[finding.level.name]:<6} {finding.subject}: {finding.sentence}")
    if any(finding.level is Level.STOP for finding in findings):
        ctx.exit(COULD_NOT_RUN)


def _benchmark(model: str | None, name: str | None) -> "Benchmark | None":
    from ganbench import registry
    from ganbench.models.base import benchmark_of

    name = name or (benchmark_of(model) if model else None)
    found: Benchmark | None = registry.load("benchmarks", name) if name else None
    return found


def _images(data: str | None, benchmark: "Benchmark | None", loaded: "LoadedModel | None") -> "list[Finding]":
    """Return findings on the named data, or on the benchmark's."""
    from ganbench.data import open_data
    from ganbench.doctor import Finding, Level, examine_images
    from ganbench.engine.planning import sized_for
    from ganbench.errors import GanbenchError

    name = data or (benchmark.data if benchmark else None)
    if name is None:
        return []
    try:
        opened = open_data(name, rectangles=True)
        return examine_images(sized_for(loaded.model, opened) if loaded else opened, loaded)
    except GanbenchError as error:
        return [Finding("images", Level.STOP, str(error))]
