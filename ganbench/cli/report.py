"""``ganbench report``: records as one HTML page, with pictures of the models."""

from collections.abc import Sequence
from pathlib import Path

import click

from ganbench.cli import options
from ganbench.cli.files import check_folder, write
from ganbench.cli.group import COULD_NOT_RUN, Verb
from ganbench.cli.output import complain, remark, say
from ganbench.cli.published_numbers import published_number
from ganbench.errors import BadInputError
from ganbench.records.collect import collect
from ganbench.records.labels import row_key
from ganbench.records.record import RunRecord
from ganbench.records.table import of_models
from ganbench.report import Portrait, page
from ganbench.report.groups import labels_of

MOST = 12_000_000  # bytes of all pictures, which base64 makes a third larger


@click.command(
    cls=Verb,
    examples=(
        "ganbench report --out report.html",
        "ganbench report baseline.json now.json --no-pictures --out report.html --force",
    ),
)
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--out", required=True, type=click.Path(path_type=Path), help="HTML file to write.")
@click.option("--force", is_flag=True, help="Replace the file at --out if it exists.")
@click.option("--models", help="Show only these models, in this order, separated by commas.")
@click.option("--title", help="Heading of the page.  [default: the names of the models]")
@click.option("--no-pictures", is_flag=True, help="Leave out pictures of the models; no model is loaded.")
@click.option("--scale", type=options.Whole(1, 32), metavar="N",
              help="Enlarge images so many times.  [default: to about 64 pixels]")  # fmt: skip
@options.device
@options.results_dir
@click.pass_context
def command(
    ctx: click.Context,
    paths: tuple[Path, ...],
    out: Path,
    force: bool,
    models: str | None,
    title: str | None,
    no_pictures: bool,
    scale: int | None,
    device: str,
    results_dir: Path | None,
) -> None:
    """Write records as one HTML page: tables, plots, provenance, and pictures of the models.

    PATHS are record files or folders; the default is the results folder. The page needs no server and no network. Files
    that are not readable records are reported and left out, and the exit code is then 2.
    """
    check_folder(out.parent, [out.name], force)
    skipped: list[BadInputError] = []
    records = collect(paths, results_dir, skipped.append)
    if not records:
        raise skipped[0]
    records = of_models(records, options.names(models))
    portraits = [] if no_pictures else _portraits(records, scale, device)
    content = page(records, portraits, title or "", published_number).encode()
    write(out, content)
    say(f"{out} ({len(content) / 1e6:.2f} MB)")
    for error in skipped:
        complain(str(error))
    if skipped:
        ctx.exit(COULD_NOT_RUN)


def _portraits(records: Sequence[RunRecord], scale: int | None, device: str) -> list[Portrait]:
    """Return the pictures of each model, once for all seeds of its weights, as many as the page has room for."""
    from ganbench.engine.options import resolve_device
    from ganbench.pictures.portrait import fitting, portrait

    on, labels = resolve_device(device), labels_of(records)
    newest = {row_key(record)[:2]: record for record in records}
    found = []
    for record in newest.values():
        label = labels[row_key(record)]
        remark(f"drawing {label}")
        found.append(portrait(record, label, scale, on))
    return fitting(found, MOST)
