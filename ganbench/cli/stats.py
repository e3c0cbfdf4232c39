"""``ganbench stats``: statistics of features of real images, which replace the images in FID."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from ganbench.cli import options
from ganbench.cli.data import FILTERS
from ganbench.cli.files import check_folder, place, write
from ganbench.cli.group import Choice, Group, Verb
from ganbench.cli.options import Count, Whole
from ganbench.cli.output import say
from ganbench.errors import BadInputError
from ganbench.records.environment import ganbench_version

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ganbench.images import ResizeMethod
    from ganbench.types import Dataset, Statistics

LAYOUTS = ("npz", "adm")
ADM_IMAGES = 10_000  # in ADM's reference batches

_out = click.option("--out", type=click.Path(path_type=Path), required=True, help="File to write, NAME.npz.")
_force = click.option("--force", is_flag=True, help="Replace --out if it exists.")
_ddof = click.option("--ddof", type=Whole(0, 1), help="Divide the covariance by N - ddof.  [default: 1]")
_layout = click.option(
    "--layout",
    type=Choice(LAYOUTS),
    default="npz",
    show_default=True,
    help="npz: mean and covariance; adm: a reference batch of ADM's evaluator, which adds sFID's moments and images.",
)
_file = click.argument("file", metavar="FILE", type=click.Path(path_type=Path))


@click.group(cls=Group, examples=("ganbench stats compute --data digits --extractor digits --out digits.npz",))
def command() -> None:
    """Write statistics of real images, for `ganbench run --data NAME.npz` and for other tools."""


@command.command(
    "compute",
    cls=Verb,
    examples=(
        "ganbench stats compute --data ffhq-256.zip --extractor inception --out ffhq256.npz",
        "ganbench stats compute --data ffhq-256.zip --extractor inception --layout adm --out ffhq256-adm.npz",
    ),
)
@click.option("--data", required=True, help="Real images: a name, a folder, a zip, npz or parquet.")
@click.option("--extractor", required=True, help="Extractor of the features.")
@click.option("--layer", default="features", show_default=True, help="Layer of the extractor.")
@click.option(
    "--resize", type=Choice(FILTERS), help="Filter that resizes images for the extractor.  [default: the extractor's]"
)
@click.option("--count", type=Count(), help="Largest number of images, taken from the first on.  [default: all]")
@click.option("--batch-size", type=Whole(1, 2**20), help="Images in work at once; changes speed, not numbers.")
@_ddof
@_layout
@click.option("--images", type=Count(), help=f"Images to store with --layout adm.  [default: {ADM_IMAGES:,}]")
@_out
@_force
@options.device
def compute_command(
    data: str,
    extractor: str,
    layer: str,
    resize: str | None,
    count: int | None,
    batch_size: int | None,
    ddof: int | None,
    layout: str,
    images: int | None,
    out: Path,
    force: bool,
    device: str,
) -> None:
    """Compute mean and covariance of an extractor's features; pytorch-fid and clean-fid can read the file."""
    _check_out(out, force)
    if images is not None and layout != "adm":
        raise BadInputError(
            f"expected --layout adm beside --images {images}, found {layout}: add it or leave them out."
        )
    from ganbench.cli.progress import Bars
    from ganbench.data import at_size, open_data
    from ganbench.engine.options import resolve_device
    from ganbench.engine.shards import default_batch_size
    from ganbench.engine.statistics import compute_statistics
    from ganbench.inputs import Features

    bars, device, reals = Bars(), resolve_device(device), at_size(open_data(data, rectangles=layout != "adm"))
    try:
        found = compute_statistics(
            reals,
            Features(extractor, layer, resize=cast("ResizeMethod | None", resize)),  # one of the choices
            count=count,
            ddof=1 if ddof is None else ddof,
            spatial=layout == "adm",
            batch_size=batch_size or default_batch_size(device),
            device=device,
            reporter=bars,
        )
    finally:
        bars.close()
    if layout == "adm":
        from ganbench.data.statistics import arrays_of

        _write_batch(out, reals, images, arrays_of(found, ganbench_version()))
    else:
        _write(out, found)


@command.command(
    "import",
    cls=Verb,
    examples=("ganbench stats import ffhq-inception.pkl --extractor inception --out ffhq256.npz",),
)
@_file
@click.option("--extractor", help="Extractor of the features, if not in FILE.")
@click.option("--count", type=Count(), help="Number of images, if not in FILE.")
@_ddof
@_out
@_force
def import_command(
    file: Path, extractor: str | None, count: int | None, ddof: int | None, out: Path, force: bool
) -> None:
    """Convert statistics of another tool: an npz with mu and sigma, or a pickle of NVlabs' metric cache."""
    _check_out(out, force)
    found = _read(file)
    for given, known, what in (
        (extractor, found.extractor, "extractor"),
        (count, found.count, "count"),
        (ddof, found.ddof if found.count else None, "ddof"),
    ):
        if None not in (given, known) and given != known:
            raise BadInputError(f"expected the {what} {known} of {file}, found --{what} {given}: leave it out.")
    if ddof is not None and (count or found.count) is None:
        raise BadInputError(f"expected --count with --ddof {ddof}, found none: give the number of images of {file}.")
    if (count or found.count or 2) < 2:
        raise BadInputError(f"expected a --count of at least 2, found {count}: give the number of images of {file}.")
    changes = {"extractor": extractor or found.extractor, "count": count or found.count}
    _write(out, replace(found, **changes, ddof=found.ddof if ddof is None else ddof))  # type: ignore[arg-type]  # a union


@command.command(
    "export",
    cls=Verb,
    examples=(
        "ganbench stats export ffhq256.npz --out ffhq256-nvlabs.pkl",
        "ganbench stats export ffhq256-adm.npz --layout adm --out VIRTUAL_ffhq256.npz",
    ),
)
@_file
@_layout
@_out
@_force
def export_command(file: Path, layout: str, out: Path, force: bool) -> None:
    """Convert statistics for other tools, by the suffix of --out: .npz with only mu and sigma, or NVlabs' .pkl.

    The covariance in an npz is divided by N - 1, like that of numpy.cov, if N is known.
    """
    if out.suffix not in (".npz", ".pkl"):
        raise BadInputError(f"expected a file name ending in .npz or .pkl, found {out}: write --out NAME.npz.")
    if layout == "adm":
        _check_out(out, force)
        _export_batch(file, out)
        return
    check_folder(out.parent, [out.name], force)
    from ganbench.data.statistics import to_metric_cache, to_plain

    found = _read(file)
    write(out, to_metric_cache(found) if out.suffix == ".pkl" else to_plain(found))
    say(f"statistics: {out}")


def _export_batch(file: Path, out: Path) -> None:
    from ganbench.data.array_images import ArrayDataset
    from ganbench.data.opening import open_reals
    from ganbench.data.statistics import moments, unbiased

    opened = open_reals(file)
    if not isinstance(opened, ArrayDataset) or opened.statistics is None or opened.statistics.spatial is None:
        raise BadInputError(
            f"expected images beside mu, sigma, mu_s and sigma_s, found less: {file}; use `ganbench stats compute` "
            "with --layout adm."
        )
    _write_batch(out, opened, len(opened), dict(moments(unbiased(opened.statistics))))


def _check_out(out: Path, force: bool) -> None:
    if out.suffix != ".npz":
        raise BadInputError(f"expected a file name ending in .npz, found {out}: write --out NAME.npz.")
    check_folder(out.parent, [out.name], force)


def _read(file: Path) -> "Statistics":
    from ganbench.data.opening import open_reals
    from ganbench.types import Statistics, WithStatistics

    opened = open_reals(file)
    found = opened.statistics if isinstance(opened, WithStatistics) else opened
    if not isinstance(found, Statistics):
        raise BadInputError(f"expected a file of statistics, found only images: {file}; use `ganbench stats compute`.")
    return found


def _write(out: Path, found: "Statistics") -> None:
    from ganbench.data.statistics import to_file

    write(out, to_file(found, ganbench_version()))
    say(f"statistics: {out}")


def _write_batch(out: Path, images: "Dataset", count: int | None, arrays: "dict[str, NDArray[Any]]") -> None:
    from ganbench.data.array_images import write_batch

    try:
        write_batch(place(out), images, min(count or ADM_IMAGES, len(images)), arrays)
    except OSError as error:
        raise BadInputError(f"cannot write {out} ({error.strerror}): choose another folder or make room.") from error
    say(f"statistics: {out}")
