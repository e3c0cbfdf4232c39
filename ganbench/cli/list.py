"""``ganbench list``: the registered names of each kind."""

import shutil
import textwrap
from dataclasses import asdict
from typing import Any

import click

from ganbench import registry
from ganbench.cli.group import COULD_NOT_RUN, Choice, Verb
from ganbench.cli.output import complain, say
from ganbench.cli.summaries import summary
from ganbench.errors import GanbenchError

KINDS = (*registry.KINDS, "recipes", "weights")
ALONE = ("recipes", "weights")  # shown only where they are asked for
INTERVALS = {
    "jackknife": "a jackknife over groups of samples",
    "groups": "the spread over groups of samples",
    "per-sample": "the standard error over samples",
    "pairs": "the spread over pairs of domains",
    "none": "nothing",
}


@click.command(
    cls=Verb,
    examples=(
        "ganbench list",
        "ganbench list models",
        "ganbench list metrics --long",
        "ganbench list benchmarks --long",
        "ganbench list recipes",
        "ganbench list weights",
    ),
)
@click.argument("kind", required=False, type=Choice(KINDS), metavar="[KIND]")
@click.option(
    "--long", is_flag=True, help="Also show parameters, recipes and published weights, which imports everything listed."
)
@click.option("--all", "everything", is_flag=True, help="With --long: also show published numbers of low confidence.")
@click.pass_context
def command(ctx: click.Context, kind: str | None, long: bool, everything: bool) -> None:
    """List registered names, with a line about each.

    KIND is models, metrics, data, extractors, benchmarks, formats, recipes or weights; the default is all but the last
    two. Recipes come with the published FID of what they train, and how sure its transcription is.

    Nothing is imported without --long; with it, names that cannot be imported are reported at the end, and the exit
    code is 2. The weights are the published files that models and extractors need, with their place on this machine.
    """
    failures: list[GanbenchError] = []
    if kind == "weights":
        from ganbench.cli.weights import show_weights

        show_weights(failures)
    if kind == "recipes":
        from ganbench.cli.recipe_table import show_recipes

        show_recipes(long, failures)
    for each in () if kind in ALONE else (kind,) if kind else registry.KINDS:
        if kind is None:
            say(f"{each}:")
        if each == "benchmarks" and long:
            _show_benchmarks(everything, failures)
        else:
            _show(each, "" if kind else "  ", long, failures)
    for failure in failures:
        complain(str(failure))
    if failures:
        ctx.exit(COULD_NOT_RUN)


def _show(kind: str, indent: str, long: bool, failures: list[GanbenchError]) -> None:
    found = registry.names(kind)
    width = max((len(name) for name in found), default=0)
    for name in found:
        say(f"{indent}{name:<{width}}  {summary(kind, name)}".rstrip())
        try:
            lines = _details(kind, name) if long else []
        except GanbenchError as error:  # one broken package must not hide the others
            failures.append(error)
            continue
        margin = f"{indent}{'':<{width}}  "
        for line in lines:
            for part in textwrap.wrap(line, max(40, shutil.get_terminal_size().columns - len(margin))):
                say(margin + part)


def _show_benchmarks(everything: bool, failures: list[GanbenchError]) -> None:
    """Show each benchmark as its paper would print it."""
    from ganbench.cli.benchmark_tables import show_benchmark
    from ganbench.cli.console import Terminal

    console = Terminal()
    for name in registry.names("benchmarks"):
        console.print(f"{name}  {summary('benchmarks', name)}".rstrip())
        try:
            show_benchmark(console, registry.load("benchmarks", name), everything)
        except GanbenchError as error:  # one broken package must not hide the others
            failures.append(error)
        console.print()


def _details(kind: str, name: str) -> list[str]:
    """Return further lines about a registered object, after importing it."""
    if kind == "metrics":
        return _of_metric(name)
    thing = registry.load(kind, name)
    return _of_adapter(thing) if kind == "models" else []


def _of_metric(name: str) -> list[str]:
    from ganbench.metrics import resolve

    metric: Any = resolve(name)  # a frozen dataclass, which its protocol cannot say
    better = {True: "higher is better; ", False: "lower is better; ", None: ""}[metric.higher_is_better]
    parameters = ", ".join(f"{name} {value}" for name, value in asdict(metric).items() if name != "name")
    return [f"{better}version {metric.version}, interval from {INTERVALS[metric.uncertainty]}", parameters]


def _of_adapter(thing: Any) -> list[str]:
    from ganbench.models import BaseAdapter
    from ganbench.plugins import completed

    adapter = completed(thing, BaseAdapter)
    named = {"recipes": adapter.recipes, "published": adapter.published}
    return [f"{what}: {', '.join(names)}" for what, names in named.items() if names]
