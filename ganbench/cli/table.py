"""``ganbench table``: records as the tables of a paper."""

import shutil
import sys
from pathlib import Path

import click

from ganbench.cli import options
from ganbench.cli.console import can_show
from ganbench.cli.files import write
from ganbench.cli.group import Choice, Verb
from ganbench.records import render
from ganbench.records.table import build, collect


@click.command(
    cls=Verb,
    examples=(
        "ganbench table",
        "ganbench table --metrics fid,ppl --format markdown",
        "ganbench table results/records --models stylegan3 --output table.tex",
    ),
)
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--format", "form", type=Choice(tuple(render.FORMATS)), metavar="[text|markdown|csv|latex]",
              help="[default: by the name of --output, else text]")  # fmt: skip
@click.option("--metrics", help="Only these, in this order, separated by commas; short names will do.")
@click.option("--models", help="Only these, in this order, separated by commas.")
@click.option("--output", type=click.Path(path_type=Path), help="File to write instead of printing.")
@options.results_dir
def command(
    paths: tuple[Path, ...],
    form: str | None,
    metrics: str | None,
    models: str | None,
    output: Path | None,
    results_dir: Path | None,
) -> None:
    """Print records as one table: a row for each model, a column for each number, the best in bold.

    PATHS are record files or folders; without any, the results folder. Numbers that do not compare (another extractor,
    sample count, data, benchmark or definition) stand in columns of their own, marked and explained below.
    """
    table = build(collect(paths, results_dir), options.names(metrics), options.names(models))
    form = form or (render.SUFFIXES.get(output.suffix, "text") if output else "text")
    if output is not None:
        write(output, render.FORMATS[form](table).encode())
        return
    plain = not can_show(render.NOT_PLAIN)
    if form == "text":
        click.echo(render.text(table, shutil.get_terminal_size().columns, sys.stdout.isatty(), plain), nl=False)
    elif form == "markdown":
        click.echo(render.markdown(table, plain), nl=False)
    else:
        click.echo(render.FORMATS[form](table), nl=False)
