"""``ganbench generate``: images by seed, grids, truncation sweeps, style mixing and latent walks."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ganbench.cli import options
from ganbench.cli.console import images_bar
from ganbench.cli.files import check_folder, write
from ganbench.cli.foreign import announce, foreign, interface_given
from ganbench.cli.group import Choice, FloatRange, Verb
from ganbench.cli.output import remark, say
from ganbench.cli.studies import check_psi, motion, study
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
@click.option("--model", required=True, help="Model that generates.")
@click.option("--weights", help="Checkpoint to use.  [default: the embedded one]")
@options.entry
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder to write to; created if missing.")
@click.option("--force", is_flag=True, help="Replace files of the same name in --out.")
@click.option(
    "--seeds",
    help="Seeds, such as 0-63 or 1,5,9.  [default: 0-15; as many as --grid holds; 0-3 for --sweep and --walk]",
)
@click.option("--grid", metavar="COLSxROWS", help="Draw one sheet of the seeds, in order.")
@click.option(
    "--sweep", metavar="PSI,PSI,...", help="Draw one sheet: a row for each seed, a column for each truncation."
)
@click.option("--mix-rows", metavar="SEEDS", help="Draw one sheet of style mixing: seeds of the rows.")
@click.option("--mix-cols", metavar="SEEDS", help="For --mix-rows: seeds of the columns, whose styles are mixed in.")
@click.option("--mix-layers", metavar="LAYERS", help="For --mix-rows: layers to replace.  [default: the first half]")
@click.option(
    "--walk", type=Choice(("z", "w")), metavar="[z|w]", help="Draw a walk from seed to seed in this latent space."
)
@click.option(
    "--steps", type=options.Whole(1, 10_000), help="For --walk: frames from one seed to the next.  [default: 30]"
)
@click.option("--loop", is_flag=True, help="For --walk: return to the first seed.")
@click.option("--format", "form", type=Choice(("gif", "webp", "png")), metavar="[gif|webp|png]",
              help="For --walk: an animation (gif, webp), or a sheet with a row from seed to seed (png).  "
              "[default: gif]")  # fmt: skip
@click.option("--fps", type=FloatRange(0.1, 100), help="For --walk: frames per second.  [default: 15]")
@click.option("--truncation", type=float, help="Truncation psi; 1 for no truncation.  [default: 1]")
@options.truncation_cutoff
@click.option("--class", "label", type=options.Whole(0, 10**6),
              help="Class of a conditional model.  [default: drawn by seed]")  # fmt: skip
@click.option("--noise", type=Choice(("const", "random", "none")), default="const", metavar="[const|random|none]",
              show_default=True, help="Noise of a style-based generator; random noise is drawn by seed.")  # fmt: skip
@click.option("--translate", metavar="TX,TY", help="Shift images right and down, in image widths.")
@click.option("--rotate", type=float, metavar="DEGREES", help="Rotate images counter-clockwise.")
@options.device
@foreign
def command(out: Path, force: bool, **given: Any) -> None:
    """Generate images, write them to a folder and print the paths of the files.

    Each seed gives a file (seed0000.png); --grid, --sweep, --mix-rows or --walk gives a single file instead. A seed
    always gives the same latent, whatever else is drawn. Existing files are replaced only with --force.
    """
    drawing = study(given)
    moved = motion(given["translate"], given["rotate"])
    if given["truncation"] is not None:
        check_psi(given["truncation"], "--truncation")
    if given["truncation_cutoff"] is not None and given["truncation"] is None and given["sweep"] is None:
        raise BadInputError(
            "expected --truncation or --sweep with --truncation-cutoff, found neither: add one, or leave "
            "--truncation-cutoff out."
        )
    check_folder(out, drawing.files, force)
    announce(given["model"])
    with images_bar(drawing.count) as advance:
        note, sampler = _sampler(given, advance)
        if moved is not None:
            sampler.move(*moved)
        for name, content in drawing.draw(sampler):
            write(out / name, content)
            say(str(out / name))
    if note:
        remark(note)


def _sampler(given: Mapping[str, Any], advance: Callable[[], None]) -> "tuple[str, Sampler]":
    """Return the note on embedded weights (or "") and the sampler."""
    from ganbench.engine.options import resolve_device
    from ganbench.models.base import open_model
    from ganbench.pictures import Sampler

    device = resolve_device(given["device"])
    interface = interface_given(given)
    subject = open_model(given["model"], given["weights"], device, given["entry"], interface)
    return subject.note, Sampler(
        model=subject.model,
        name=subject.name,
        device=device,
        truncation_psi=1.0 if given["truncation"] is None else given["truncation"],
        truncation_cutoff=given["truncation_cutoff"],
        label=given["label"],
        noise_mode=given["noise"],
        on_image=advance,
    )
