"""``ganbench export``: records in the files of experiment trackers."""

from pathlib import Path

import click

from ganbench.cli import options
from ganbench.cli.files import check_folder
from ganbench.cli.group import COULD_NOT_RUN, Choice, Verb
from ganbench.cli.output import complain, say
from ganbench.errors import BadInputError
from ganbench.records.collect import collect
from ganbench.records.exports import TARGETS, writer_of


@click.command(
    cls=Verb,
    examples=(
        "ganbench export --to tensorboard --out runs",
        "ganbench export results/records --to wandb --out tracked",
        "ganbench export baseline.json now.json --to mlflow --out mlruns",
    ),
)
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--to", "target", required=True, type=Choice(TARGETS), metavar="[tensorboard|wandb|mlflow]",
              help="Tracker to write for; its package is an extra.")  # fmt: skip
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder to write to.")
@options.results_dir
@click.pass_context
def command(ctx: click.Context, paths: tuple[Path, ...], target: str, out: Path, results_dir: Path | None) -> None:
    """Write records for TensorBoard, Weights & Biases (offline) or MLflow (files), without a network.

    PATHS are record files or folders; the default is the results folder. Each record becomes one run, with its numbers,
    the bounds of their intervals and its provenance; the step is the weights' kimg. Records that are in the folder
    already are left as they are. Files that are not readable records are reported and left out, and the exit code is
    then 2.
    """
    write = writer_of(target)
    check_folder(out, (), force=True)
    skipped: list[BadInputError] = []
    records = collect(paths, results_dir, skipped.append)
    if not records:
        raise skipped[0]
    out.mkdir(parents=True, exist_ok=True)
    written = sum(write(record, out) for record in records)
    say(f"{out} ({written} written, {len(records) - written} there already)")
    for error in skipped:
        complain(str(error))
    if skipped:
        ctx.exit(COULD_NOT_RUN)
