"""``ganbench truncation``: numbers as a function of the truncation of the samples."""

import shutil
import sys
from pathlib import Path
from typing import Any

import click

from ganbench.cli import options
from ganbench.cli.console import can_show
from ganbench.cli.files import check_folder, write
from ganbench.cli.foreign import announce
from ganbench.cli.output import say
from ganbench.cli.several import SharedVerb
from ganbench.records import render
from ganbench.records.store import Store
from ganbench.records.truncation import by_psi

FILES = ("truncation.md", "truncation.csv", "truncation.png")


@click.command(
    cls=SharedVerb,
    examples=(
        "ganbench truncation --model stylegan3 --metrics fid10k,pr10k3 --out out/truncation",
        "ganbench truncation --model stylegan3 --psi 0.5,1 --truncation-cutoff 4 --metrics fid --out out/cut",
    ),
)
@click.option("--model", required=True, help="Model to measure.")
@click.option("--metrics", default="fid,pr", show_default=True, help="Metrics of samples, separated by commas.")
@click.option("--psi", default="0.3,0.5,0.7,0.85,1", show_default=True, help="Truncations, separated by commas.")
@options.truncation_cutoff
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder to write to; created if missing.")
@click.option("--force", is_flag=True, help="Replace files of the same name in --out.")
@options.measuring_how
@options.results_dir
def command(
    model: str,
    metrics: str,
    psi: str,
    truncation_cutoff: int | None,
    out: Path,
    force: bool,
    results_dir: Path | None,
    **given: Any,
) -> None:
    """Measure a model at several truncations, by FID, precision and recall or other --metrics.

    It is one run with one record, shown as a table and a plot in --out (truncation.md, truncation.csv, truncation.png).
    The same command continues an interrupted run.
    """
    names, psis = options.names(metrics), tuple(dict.fromkeys(options.numbers(psi, "--psi")))
    cutoff = truncation_cutoff if any(each != 1 for each in psis) else None
    check_folder(out, FILES, force)
    announce(model)
    from ganbench.cli.progress import Bars
    from ganbench.engine import run
    from ganbench.pictures.curves import curves

    bars = Bars()
    try:
        (record,) = run(
            [model],
            names,
            truncation_psi=psis,
            truncation_cutoff=cutoff,
            **given,
            results_dir=results_dir,
            reporter=bars,
        )
    finally:
        bars.close()
    table = by_psi(record)
    contents = (render.markdown(table).encode(), render.as_csv(table).encode(), curves(table, "truncation ψ"))
    for name, content in zip(FILES, contents, strict=True):
        write(out / name, content)  # before anything is printed, as standard output may be full or gone
    plain = not can_show(render.NOT_PLAIN)
    click.echo(render.text(table, shutil.get_terminal_size().columns, sys.stdout.isatty(), plain))
    say(f"record: {Store(results_dir).path(record)}")
    for name in FILES:
        say(str(out / name))
