"""``ganbench table``: records as tables like those of papers."""

import shutil
import sys
from pathlib import Path

import click

from ganbench.cli import options
from ganbench.cli.console import can_show
from ganbench.cli.files import write
from ganbench.cli.group import COULD_NOT_RUN, Choice, Verb
from ganbench.cli.output import complain
from ganbench.errors import BadInputError
from ganbench.records import render
from ganbench.records.table import Table, build, collect


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
              help="Format of the table.  [default: by the suffix of --output, else text]")  # fmt: skip
@click.option("--metrics", help="Show only these metrics, in this order, separated by commas; short names are enough.")
@click.option("--models", help="Show only these models, in this order, separated by commas.")
@click.option("--output", type=click.Path(path_type=Path), help="File to write instead of printing.")
@options.results_dir
@click.pass_context
def command(
    ctx: click.Context,
    paths: tuple[Path, ...],
    form: str | None,
    metrics: str | None,
    models: str | None,
    output: Path | None,
    results_dir: Path | None,
) -> None:
    """Print records as one table: a row for each model, a column for each number, the best in bold.

    PATHS are record files or folders; the default is the results folder. Numbers that do not compare (another
    extractor, sample count, data, benchmark or definition) are in separate columns, explained below the table. Files
    that are not readable records are reported and left out, and the exit code is then 2.
    """
    skipped: list[BadInputError] = []
    records = collect(paths, results_dir, skipped.append)
    if not records:
        raise skipped[0]
    table = build(records, options.names(metrics), options.names(models))
    form = form or (render.SUFFIXES.get(output.suffix, "text") if output else "text")
    if output is not None:
        write(output, render.FORMATS[form](table).encode())
    else:
        click.echo(_printed(table, form), nl=False)
    for error in skipped:
        complain(str(error))
    if skipped:
        ctx.exit(COULD_NOT_RUN)


def _printed(table: Table, form: str) -> str:
    """Return a table in the form for standard output."""
    plain = not can_show(render.NOT_PLAIN)
    if form == "text":
        return render.text(table, shutil.get_terminal_size().columns, sys.stdout.isatty(), plain)
    return render.markdown(table, plain) if form == "markdown" else render.FORMATS[form](table)
