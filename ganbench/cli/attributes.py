"""``ganbench attributes``: train the attribute classifiers for linear separability."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ganbench.cli import options
from ganbench.cli.files import check_folder, place
from ganbench.cli.group import Choice, Verb
from ganbench.cli.output import remark, say
from ganbench.errors import BadInputError

if TYPE_CHECKING:
    from rich.table import Table
    from torch import Tensor

    from baselines.attributes.train import Recipe
    from ganbench.data.image_files import ImageFiles

SUFFIX = ".safetensors"


@click.command(
    cls=Verb,
    examples=(
        "ganbench attributes --data img_celeba-128 --labels list_attr_celeba.txt --epochs 3 --out celeba.safetensors",
        "ganbench attributes --data photos --labels labels.csv --epochs 50 --out photos.safetensors",
        "ganbench attributes --data faces-256.zip --labels faces.tsv --subset --recipe paper --out faces.safetensors",
    ),
)
@click.option("--data", required=True, help="Folder or zip of square images, whose size is a power of two.")
@click.option("--labels", required=True, type=click.Path(path_type=Path),
              help="Table: list_attr_celeba.txt, or CSV or TSV with the header file,NAME,NAME,...")  # fmt: skip
@click.option("--out", required=True, type=click.Path(path_type=Path), help="File to write, FILE.safetensors.")
@click.option("--recipe", type=Choice(("small", "paper")), default="small", show_default=True, metavar="[small|paper]",
              help="small for a CPU; paper, as wide as the CelebA-HQ classifiers, for a GPU.")  # fmt: skip
@click.option(
    "--epochs",
    type=click.FloatRange(0, 10_000, min_open=True),
    help="Passes over the images.  [default: 20]",
)
@click.option("--mirror", is_flag=True, default=None, help="Also train on images flipped left to right.")
@click.option("--holdout", type=click.FloatRange(0, 0.9, min_open=True),
              help="Fraction of the images to measure the accuracy on.  [default: 0.1]")  # fmt: skip
@click.option("--seed", type=options.Whole(0, 2**63 - 1), help="Seed of all randomness.  [default: 0]")
@click.option("--subset", is_flag=True, help="Leave out images without a row and rows without an image.")
@click.option("--force", is_flag=True, help="Replace --out if it exists.")
@options.device
def command(
    data: str, labels: Path, out: Path, recipe: str, subset: bool, force: bool, device: str, **changes: Any
) -> None:
    """Train classifiers of yes-or-no attributes of images; print their accuracy on held-out images.

    Linear separability uses them: `ganbench run --metrics ls --attributes FILE.safetensors`. In the table, 1 means
    yes, and 0 or -1 means no; suffixes of image names are ignored. The file is written at the end.
    """
    if out.suffix != SUFFIX:
        raise BadInputError(f"expected a file name ending in {SUFFIX}, found {out}: write --out NAME{SUFFIX}.")
    check_folder(out.parent, [out.name], force)
    from ganbench.data.attribute_table import read_attribute_table
    from ganbench.engine.options import resolve_device

    table, images = read_attribute_table(labels), _images(data)
    chosen, answers = table.of(images.names, data, subset=subset)
    device = resolve_device(device)
    given = {name: value for name, value in changes.items() if value is not None}
    learned = _learned(images, chosen, answers, table.attributes, _recipe(recipe, given), device)
    from ganbench.checkpoints import file_sha256

    notes = {"attributes": list(table.attributes), "labels_sha256": file_sha256(labels)}
    _write(out, learned, {**notes, "data_fingerprint": images.fingerprint})
    _show(learned, table.attributes, answers)
    say(f"classifiers: {out}")


def _images(data: str) -> "ImageFiles":
    from ganbench.data import open_data
    from ganbench.data.image_files import ImageFiles

    images = open_data(data)
    if not isinstance(images, ImageFiles):
        raise BadInputError(f"expected a folder or zip of image files, found {data!r}: write --data ./FOLDER.")
    if images.resolution < 4 or images.resolution & (images.resolution - 1):
        size = f"{images.resolution}x{images.resolution}"
        raise BadInputError(
            f"expected images of a power of two, such as 64x64 or 256x256, found {size}: {data}; resize them."
        )
    assert images.fingerprint  # computing it decodes every image, so that a broken one is noticed now
    return images


def _recipe(name: str, changes: dict[str, Any]) -> "Recipe":
    from baselines.attributes.train import RECIPES

    return replace(RECIPES[name], **changes)


def _learned(
    images: "ImageFiles",
    chosen: Sequence[int],
    answers: "Tensor",
    attributes: Sequence[str],
    recipe: "Recipe",
    device: str,
) -> dict[str, Any]:
    """Return the trained ``network``, its ``accuracy`` by attribute, and how many images were ``held_out``."""
    import torch

    from baselines.attributes import train
    from ganbench.cli.ticks import Ticks
    from ganbench.models.training import Pictures, user_errors

    try:
        with user_errors():
            taught, held = train.split(answers, attributes, recipe.holdout, recipe.seed)
            every, at = Pictures(images), torch.tensor(chosen)
            with Ticks(recipe.epochs * len(taught) / 1000) as ticks:
                shown = train.Chosen(every, at[taught])
                network = train.train(shown, answers[taught], recipe, device=device, progress=ticks)
            accuracy = train.accuracy(network, train.Chosen(every, at[held]), answers[held], device=device)
    except KeyboardInterrupt:
        raise KeyboardInterrupt("interrupted: nothing was written.") from None
    return {"network": network, "accuracy": accuracy, "held": held, "recipe": recipe}


def _write(out: Path, learned: dict[str, Any], notes: dict[str, Any]) -> None:
    from baselines.attributes.train import settings
    from baselines.training.weights import save_weights
    from ganbench.models.training import user_errors

    network, recipe = learned["network"], learned["recipe"]
    config = {
        "num_attributes": network.num_attributes,
        "img_resolution": network.img_resolution,
        "img_channels": network.img_channels,
        "fmap_base": recipe.fmap_base,
        "fmap_max": recipe.fmap_max,
    }
    told = {"accuracy": learned["accuracy"], "held_out": len(learned["held"]), "recipe": settings(recipe)}
    with user_errors():
        save_weights(place(out), network, model="attributes", config=config, **notes, **told)


def _show(learned: dict[str, Any], attributes: Sequence[str], answers: "Tensor") -> None:
    """Print the accuracies, and on stderr the attributes for which nothing was learned."""
    from baselines.attributes.train import commonest
    from ganbench.cli.console import Terminal
    from ganbench.cli.run import WIDEST

    simple = commonest(answers[learned["held"]])
    rows = list(zip(attributes, answers.mean(0).tolist(), learned["accuracy"], simple, strict=True))
    Terminal(width=WIDEST).print(_table(rows, len(learned["held"])))
    if poor := [name for name, _, accuracy, always in rows if accuracy <= always]:
        remark(f"no better than always giving the more common answer: {', '.join(poor)}; try more --epochs.")


def _table(rows: Sequence[tuple[str, float, float, float]], count: int) -> "Table":
    from rich.table import Table
    from rich.text import Text

    table = Table(title=f"on {count:,} held-out images", title_justify="left")
    for name in ("attribute", "have it", "accuracy", "always the more common answer"):
        table.add_column(name, justify="left" if name == "attribute" else "right")
    for name, *shares in rows:
        table.add_row(Text(name), *(f"{share:.1%}" for share in shares))
    return table
