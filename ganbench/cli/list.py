"""``ganbench list``: the names of everything that can be named."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import click

from ganbench import registry
from ganbench.cli.group import Choice, Verb
from ganbench.cli.summaries import summary


@click.command(
    cls=Verb,
    examples=("ganbench list", "ganbench list models", "ganbench list metrics --long"),
)
@click.argument(
    "kind", required=False, type=Choice(registry.KINDS), metavar="[models|metrics|data|extractors|benchmarks]"
)
@click.option("--long", is_flag=True, help="Import each and tell more: parameters, recipes, published weights.")
def command(kind: str | None, long: bool) -> None:
    """Show names, with one line on each; nothing is imported unless --long asks for it."""
    for each in (kind,) if kind else registry.KINDS:
        if kind is None:
            click.echo(f"{each}:")
        _show(each, "" if kind else "  ", long)


def _show(kind: str, indent: str, long: bool) -> None:
    found = registry.names(kind)
    width = max((len(name) for name in found), default=0)
    for name in found:
        click.echo(f"{indent}{name:<{width}}  {summary(kind, name)}".rstrip())
        for line in _details(registry.load(kind, name)) if long else ():
            click.echo(f"{indent}{'':<{width}}  {line}")


def _details(thing: Any) -> list[str]:
    """Return what an object says of itself in the attributes that its kind has, one line each."""
    lines = []
    if (higher := getattr(thing, "higher_is_better", None)) is not None:
        lines.append(f"{'higher' if higher else 'lower'} is better; version {thing.version}")
        lines.append(", ".join(f"{f.name} {getattr(thing, f.name)}" for f in fields(thing) if f.name != "name"))
    for attribute in ("recipes", "published"):
        if isinstance(value := getattr(thing, attribute, None), Mapping) and value:
            lines.append(f"{attribute}: {', '.join(value)}")
    if isinstance(short := getattr(thing, "short_names", None), Mapping):
        lines.append(f"short names: {', '.join(f'{name} = {meaning}' for name, meaning in short.items())}")
    if isinstance(metrics := getattr(thing, "metrics", None), tuple):
        lines.append(f"metrics: {', '.join(metrics)}")
    return lines
