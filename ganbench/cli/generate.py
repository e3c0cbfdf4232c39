"""``ganbench generate``: images by seed, grids, truncation sweeps, style mixing and latent walks."""

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ganbench.cli import options
from ganbench.cli.console import images_bar
from ganbench.cli.files import check_folder, write
from ganbench.cli.group import Choice, Verb
from ganbench.cli.studies import motion, study
from ganbench.errors import BadInputError

if TYPE_CHECKING:
    from ganbench.pictures import Sampler


@click.command(
    cls=Verb,
    examples=(
        "ganbench generate --model stylegan3 --seeds 0-7 --out out/samples",
        "ganbench generate --model stylegan3 --grid 8x4 --truncation 0.7 --out out/grid",
        "ganbench generate --model stylegan3 --seeds 0-3 --sweep 0.3,0.5,0.7,1 --out out/sweep",
        "ganbench generate --model stylegan3 --mix-rows 0-3 --mix-cols 10-14 --mix-layers 0-4 --out out/mixing",
        "ganbench generate --model stylegan3 --walk z --seeds 0,1,2 --steps 8 --loop --out out/walk",
        "ganbench generate --model stylegan3 --seeds 1 --translate 0.1,0 --rotate 30 --out out/moved",
    ),
)
@click.option("--model", required=True, help="Model to draw from.")
@click.option("--weights", help="Checkpoint to use.  [default: the embedded one]")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder to write to; made if missing.")
@click.option("--force", is_flag=True, help="Replace files of the same names in --out.")
@click.option("--seeds", help="Such as 0-63 or 1,5,9.  [default: 0-15; as many as a grid holds; 0-3 for studies]")
@click.option("--grid", metavar="COLSxROWS", help="One sheet of the seeds, in order.")
@click.option("--sweep", metavar="PSI,PSI,...", help="One sheet: a row for each seed, a column for each truncation.")
@click.option("--mix-rows", metavar="SEEDS", help="One sheet of style mixing: the seeds that give the rows' images,")
@click.option("--mix-cols", metavar="SEEDS", help="those whose styles replace some of the rows',")
@click.option("--mix-layers", metavar="LAYERS", help="and the layers where they do.  [default: the first half]")
@click.option("--walk", type=Choice(("z", "w")), metavar="[z|w]", help="A walk from seed to seed in one latent space.")
@click.option("--steps", type=click.IntRange(1, 10_000), help="Frames from one seed to the next.  [default: 30]")
@click.option("--loop", is_flag=True, help="Return to the first seed.")
@click.option("--format", "form", type=Choice(("gif", "webp", "png")), metavar="[gif|webp|png]",
              help="Of a walk: an animation, or a sheet with a row for each leg.  [default: gif]")  # fmt: skip
@click.option("--fps", type=click.FloatRange(0.1, 100), help="Frames in a second.  [default: 15]")
@click.option("--truncation", type=float, help="Truncation psi; 1 for none.  [default: 1]")
@click.option("--truncation-cutoff", type=click.IntRange(0), help="Truncate so many layers.  [default: all]")
@click.option("--class", "label", type=int, help="Class of a conditional model.  [default: one drawn by each seed]")
@click.option("--noise", type=Choice(("const", "random", "none")), default="const", metavar="[const|random|none]",
              show_default=True, help="Noise of a style-based generator; random noise is the seed's.")  # fmt: skip
@click.option("--translate", metavar="TX,TY", help="Move images right and down, in image widths.")
@click.option("--rotate", type=float, metavar="DEGREES", help="Turn images counter-clockwise.")
@options.device
def command(out: Path, force: bool, **asked: Any) -> None:
    """Draw images from a model and write them to a folder; prints the paths of the files.

    Seeds alone give a file each (seed0000.png); one of --grid, --sweep, --mix-rows or --walk gives one file. Seed s
    always means the same latent: whatever else is drawn, it gives the same image. Files that exist are left alone and
    end the command, unless --force is given.
    """
    asked_study = study(asked)
    moved = motion(asked["translate"], asked["rotate"])
    if not math.isfinite(asked["truncation"] or 0):
        raise BadInputError(f"--truncation {asked['truncation']} is no psi: write a number such as 0.7.")
    if asked["truncation_cutoff"] is not None and asked["truncation"] is None and asked["sweep"] is None:
        raise BadInputError("--truncation-cutoff only goes with --truncation or --sweep: add one or leave this out.")
    check_folder(out, asked_study.files, force)
    with images_bar(asked_study.count) as advance:
        note, sampler = _sampler(asked, advance)
        if moved is not None:
            sampler.move(*moved)
        for name, content in asked_study.draw(sampler):
            out.mkdir(parents=True, exist_ok=True)
            write(out / name, content)
            click.echo(str(out / name))
    if note:
        click.echo(note, err=True)


def _sampler(asked: Mapping[str, Any], advance: Callable[[], None]) -> "tuple[str, Sampler]":
    """Return a note on the model where it is the embedded one, and the sampler."""
    from ganbench.engine.options import resolve_device
    from ganbench.models.base import open_model
    from ganbench.pictures import Sampler

    device = resolve_device(asked["device"])
    subject = open_model(asked["model"], asked["weights"], device)
    return subject.note, Sampler(
        model=subject.model,
        name=subject.name,
        device=device,
        truncation_psi=1.0 if asked["truncation"] is None else asked["truncation"],
        truncation_cutoff=asked["truncation_cutoff"],
        label=asked["label"],
        noise_mode=asked["noise"],
        on_image=advance,
    )
