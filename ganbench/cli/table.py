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
from ganbench.cli.published_numbers import published_number
from ganbench.errors import BadInputError
from ganbench.records import render
from ganbench.records.collect import collect
from ganbench.records.labels import given
from ganbench.records.layouts import LAYOUTS
from ganbench.records.table import Table, build


@click.command(
    cls=Verb,
    examples=(
        "ganbench table",
        "ganbench table --metrics fid,ppl --format markdown",
        "ganbench table --layout stylegan3-equivariance --published --output table.html",
        "ganbench table results/records --models stylegan3 --output table.tex",
    ),
)
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--format", "form", type=Choice(tuple(render.FORMATS)), metavar="[text|markdown|csv|latex|html]",
              help="Format of the table.  [default: by the suffix of --output, else text]")  # fmt: skip
@click.option("--metrics", help="Show only these metrics, in this order, separated by commas; short names are enough.")
@click.option(
    "--layout",
    type=Choice(tuple(LAYOUTS)),
    metavar="NAME",
    help=f"Columns, names and order of a paper's table: {', '.join(LAYOUTS)}.",
)
@click.option("--models", help="Show only these models, in this order, separated by commas.")
@click.option(
    "--transpose/--no-transpose",
    default=None,
    help="A row for each metric, a column for each model.  [default: whichever fits]",
)
@click.option(
    "--fold",
    is_flag=True,
    help="Show models of one name (or label) that differ in their weights as one row: mean and spread.",
)
@click.option(
    "--label",
    "labels",
    multiple=True,
    metavar="NAME=TEXT",
    help="Call a model TEXT; NAME is the model's, its weights', their folder's or their sha256. Repeats.",
)
@click.option(
    "--published",
    is_flag=True,
    help="Add the published number of the same weights and protocol, where there is one, and the difference.",
)
@click.option("--output", type=click.Path(path_type=Path), help="File to write instead of printing.")
@options.results_dir
@click.pass_context
def command(
    ctx: click.Context,
    paths: tuple[Path, ...],
    form: str | None,
    metrics: str | None,
    layout: str | None,
    models: str | None,
    transpose: bool | None,
    fold: bool,
    labels: tuple[str, ...],
    published: bool,
    output: Path | None,
    results_dir: Path | None,
) -> None:
    """Print records as one table: a row for each model, a column for each number, the best in bold.

    Numbers with a known sampling error have half of their 95 % interval after ±. Models tie for the best where the
    number of one lies within the interval of the other; the second best is underlined.

    PATHS are record files or folders; the default is the results folder. Numbers that do not compare (another
    extractor, sample count, data, benchmark or definition) are in separate columns, explained below the table. Files
    that are not readable records are reported and left out, and the exit code is then 2.
    """
    skipped: list[BadInputError] = []
    if layout and metrics:
        raise BadInputError(f"expected --metrics or --layout {layout}, found both: leave one out.")
    records = collect(paths, results_dir, skipped.append)
    if not records:
        raise skipped[0]
    table = build(
        records,
        options.names(metrics),
        options.names(models),
        labels=given(labels),
        layout=layout,
        fold=fold,
        published=published_number if published else None,
    )
    form = form or (render.SUFFIXES.get(output.suffix, "text") if output else "text")
    if output is not None:
        write(output, render.FORMATS[form](table, transpose=transpose).encode())
    else:
        click.echo(_printed(table, form, transpose), nl=False)
    for error in skipped:
        complain(str(error))
    if skipped:
        ctx.exit(COULD_NOT_RUN)


def _printed(table: Table, form: str, transpose: bool | None) -> str:
    """Return a table in the form for standard output."""
    plain = not can_show(render.NOT_PLAIN)
    if form == "text":
        width = shutil.get_terminal_size().columns
        return render.text(table, width, sys.stdout.isatty(), plain, transpose=transpose)
    if form == "markdown":
        return render.markdown(table, plain, transpose=transpose)
    return render.FORMATS[form](table, transpose=transpose)
