"""``ganbench data``: write real images to a zip for measuring and training, or align faces."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ganbench.cli.align import align_command
from ganbench.cli.group import Choice, Group, Verb
from ganbench.cli.options import Count, Whole

if TYPE_CHECKING:
    from torch import Tensor

    from ganbench.data.raw_images import RawImages

CROPS = ("none", "center-crop", "center-crop-wide")
COLOURS = ("keep", "rgb", "grey")
FILTERS = ("tf1-bilinear", "torch-bilinear", "pil-bilinear", "pil-bicubic", "pil-lanczos", "clean-bicubic", "box")


@click.group(
    cls=Group,
    examples=("ganbench data prepare photographs --out photographs-256.zip --crop center-crop --size 256",),
)
def command() -> None:
    """Prepare real images for measuring and training."""


command.add_command(align_command)


class Size(click.ParamType[tuple[int, int]]):
    """A size in pixels, such as ``256`` or ``512x384``."""

    name = "size"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, int]:
        """Return width and height, or fail with an example."""
        parts = str(value).lower().split("x")
        if len(parts) > 2 or not all(part.isdecimal() and part.isascii() and len(part) <= 5 for part in parts):
            self.fail(
                f"expected a size in pixels, found {str(value)[:40]!r}: write for example 256 or 512x384", param, ctx
            )
        return int(parts[0]), int(parts[-1])


@command.command(
    "prepare",
    cls=Verb,
    examples=(
        "ganbench data prepare FFHQ/images1024x1024 --out ffhq-256.zip --size 256 --filter box",
        "ganbench data prepare photographs --out photographs-64.zip --crop center-crop --size 64 --colour rgb",
        "ganbench data prepare lsun/cat_lmdb --out cats-256.zip --crop center-crop --size 256 --limit 200k",
        "ganbench data prepare train-images-idx3-ubyte.gz --out fashion-32.zip --size 32",
        "ganbench data prepare hub/afhq:train --out afhq.zip --labels none",
    ),
)
@click.argument("source", metavar="SRC")
@click.option("--out", metavar="OUT.zip", type=click.Path(path_type=Path), required=True, help="Zip to write.")
@click.option("--size", type=Size(), help="Width and height in pixels, such as 256.  [default: the images' own]")
@click.option("--crop", type=Choice(CROPS), default="none", show_default=True,
              help="Crop before the resize: none, the largest central square, or, for --size WxH, the central rows on "
              "a black square.")  # fmt: skip
@click.option("--colour", type=Choice(COLOURS), default="keep", show_default=True,
              help="Colour mode of all images: keep (all have the same), or one to convert them to.")  # fmt: skip
@click.option("--filter", "method", type=Choice(FILTERS), default="pil-lanczos", show_default=True,
              help="Filter of the resize.")  # fmt: skip
@click.option("--labels", "labels_from", metavar="WHAT", default="auto", show_default=True,
              help="auto (those of SRC), none, folders (one per class), or a json, idx or npy file.")  # fmt: skip
@click.option("--limit", type=Count(), help="Largest number of images, taken from the first on.")
@click.option(
    "--workers", type=Whole(1, 64), help="Threads; changes speed, not the result.  [default: one per core, up to 8]"
)
@click.option("--force", is_flag=True, help="Replace OUT.zip if it exists.")
def prepare_command(
    source: str,
    out: Path,
    size: tuple[int, int] | None,
    crop: str,
    colour: str,
    method: str,
    labels_from: str,
    limit: int | None,
    workers: int | None,
    force: bool,
) -> None:
    """Write images to a zip in the layout of NVlabs' dataset tool, and print the path.

    SRC is a folder or zip of images in any depth, an LMDB of encoded images (LSUN), an npz file with the array images
    or arr_0 [N, H, W, C] uint8, an idx file like those of MNIST, or a folder of Hugging Face datasets (parquet, or of
    save_to_disk; FOLDER:SPLIT). The same command continues after an interruption, and the result is the same.
    """
    from ganbench.atomic import target_of
    from ganbench.cli.console import images_bar
    from ganbench.cli.files import check_folder
    from ganbench.cli.output import remark, say
    from ganbench.data.preparing import Geometry, default_workers, prepare
    from ganbench.data.raw_images import open_raw
    from ganbench.errors import BadInputError

    if out.suffix != ".zip":
        raise BadInputError(f"expected a file name ending in .zip, found {out}: write --out NAME.zip.")
    geometry = Geometry(size, crop, method)  # type: ignore[arg-type]  # checked by the options
    check_folder(out.parent, [out.name], force)
    images = open_raw(source)
    labels = _labels(images, labels_from)
    for note in images.notes:
        remark(f"{note}.")
    total = min(len(images.names), limit or len(images.names))
    settings: dict[str, Any] = {"colour": colour, "limit": limit, "workers": workers or default_workers()}
    try:
        with images_bar(total) as advance:
            made = prepare(images, target_of(out), geometry, labels, progress=advance, **settings)
    except KeyboardInterrupt:
        raise KeyboardInterrupt("interrupted: repeat the command to continue.") from None
    if made.found:
        remark(f"{made.found:,} images were already there.")
    if made.left_out:
        remark(f"{made.left_out:,} images are smaller than the crop and were left out.")
    colour = "greyscale" if made.shape[0] == 1 else "RGB"
    labelled = "without labels" if labels is None else "with labels"
    remark(f"{made.count:,} images, {made.shape[2]}x{made.shape[1]} {colour}, {labelled}")
    say(str(out))


def _labels(images: "RawImages", labels_from: str) -> "Tensor | None":
    from ganbench.data.raw_images import class_folders, read_label_file

    if labels_from == "none":
        return None
    if labels_from == "auto":
        return images.labels
    return class_folders(images) if labels_from == "folders" else read_label_file(images, Path(labels_from))
