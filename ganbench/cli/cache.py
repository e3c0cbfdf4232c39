"""``ganbench cache``: show and prune the finished work."""

from typing import TYPE_CHECKING

import click

from ganbench.cli.group import Verb
from ganbench.cli.output import say

if TYPE_CHECKING:
    from ganbench.engine.cache_usage import Entry


@click.command(
    cls=Verb,
    examples=(
        "ganbench cache",
        "ganbench cache --prune",
        "ganbench cache --prune --model stylegan3",
        "ganbench cache --max-size 5G",
    ),
)
@click.option("--prune", is_flag=True,
              help="Remove what no run can use (left over, damaged, of other versions), or everything of --model or "
              "--data.")  # fmt: skip
@click.option("--max-size", metavar="SIZE", help="Remove the least recently used files until SIZE is left, such as 5G.")
@click.option("--model", help="Only files of this model.")
@click.option("--data", help="Only files of this data set.")
def command(prune: bool, max_size: str | None, model: str | None, data: str | None) -> None:
    """Show the finished shards that runs continue from, by model and data, and remove some.

    Each run trims the cache to 20 GiB, or to GANBENCH_CACHE_MAX, by removing the least recently used files.
    """
    from ganbench.engine.cache import Cache
    from ganbench.engine.cache_usage import beyond, entries, parse_size, remove

    folder = Cache().folder
    most = parse_size(max_size) if max_size is not None else None
    found = [entry for entry in entries(folder) if model in (None, entry.model) and data in (None, entry.data)]
    chosen = [entry for entry in found if entry.stale or model or data] if prune else []
    left = [entry for entry in found if entry not in chosen]
    if most is not None:
        chosen += beyond(left, most)
    if prune or most is not None:
        click.echo(f"removed {_size(remove(chosen))} in {len(chosen):,} files")
    _show([entry for entry in found if entry not in chosen])
    say(f"folder: {folder}")


def _show(found: "list[Entry]") -> None:
    from rich.table import Table
    from rich.text import Text

    from ganbench.cli.console import Terminal
    from ganbench.cli.run import WIDEST
    from ganbench.printable import printable

    groups: dict[tuple[str, str, str], list[Entry]] = {}
    for entry in found:
        groups.setdefault((entry.model, entry.data, entry.stale), []).append(entry)
    table = Table(title=f"{_size(sum(entry.nbytes for entry in found))} of finished work", title_justify="left")
    for name in ("model", "data", "size", "files", "use"):
        table.add_column(name, justify="right" if name in ("size", "files") else "left")
    for (model, data, stale), of_both in sorted(groups.items()):
        size = _size(sum(entry.nbytes for entry in of_both))
        names = (Text(printable(name) or "-") for name in (model, data))
        table.add_row(*names, size, f"{len(of_both):,}", stale and f"none: {stale}")
    Terminal(width=WIDEST).print(table)


def _size(nbytes: float) -> str:
    for unit in ("B", "KiB", "MiB"):
        if nbytes < 1024:
            return f"{nbytes:.4g} {unit}"
        nbytes /= 1024
    return f"{nbytes:.4g} GiB"
