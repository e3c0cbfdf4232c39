"""``ganbench translate``: translate images to other domains, with sheets of sources and styles."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ganbench.cli import options
from ganbench.cli.console import images_bar
from ganbench.cli.files import check_folder, write
from ganbench.cli.foreign import announce, foreign, interface_given
from ganbench.cli.group import Verb
from ganbench.cli.output import remark, say
from ganbench.errors import BadInputError

if TYPE_CHECKING:
    from ganbench.pictures import Column, Translations, UserImage

LATENTS, OF_DATA = 8, 8  # default numbers of random styles, and of images of a data set
MOST = 12  # rows, and columns, of a sheet


@click.command(
    cls=Verb,
    examples=(
        "ganbench translate --model starganv2 --input digit-domains --target 7 --out out/sevens",
        "ganbench translate --model starganv2 --input photos --target dog --latents 5 --seed 10 --out out/dogs",
        "ganbench translate --model starganv2 --input photo.png --target dog --reference dogs --out out/like",
        "ganbench translate --model starganv2 --input photo.png --target dog --walk 8 --out out/walk",
        "ganbench translate --model cyclegan --input digit-domains:3,8 --target all --out out/both",
        "ganbench translate --model stargan:celeba-128 --input faces --target Blond_Hair --target Male --out out/faces",
    ),
)
@click.option("--model", required=True, help="Model that translates.")
@click.option("--weights", help="Checkpoint to use.  [default: the embedded one]")
@options.entry
@click.option(
    "--input", "sources", required=True, help="Images to translate: a file, a folder, a zip, or the name of a data set."
)
@click.option("--target", "targets", multiple=True, required=True,
              help="Domain to translate to, by name or number, all, or an attribute; may be repeated.")  # fmt: skip
@click.option("--reference", help="Images whose styles are used: a file, a folder, a zip, or the name of a data set.")
@click.option("--latents", type=options.Whole(1, 10_000), help=f"Number of random styles.  [default: {LATENTS}]")
@click.option(
    "--seed",
    type=options.Whole(0, 2**62),
    metavar="S",
    help="Seed of the first random style; the others follow.  [default: 0]",
)
@click.option("--walk", metavar="STEPS", type=options.Whole(1, 1000),
              help="Draw only a sheet, with this number of steps from each style to the next.")  # fmt: skip
@click.option("--limit", type=options.Whole(1, 10**9), metavar="N",
              help="Largest number of sources and of references for each target.  "
              f"[default: all; {OF_DATA} of a data set]")  # fmt: skip
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder to write to; created if missing.")
@click.option("--force", is_flag=True, help="Replace files of the same name in --out.")
@options.device
@foreign
def command(out: Path, force: bool, **given: Any) -> None:
    """Translate images to other domains, write them to a folder and print the paths of the files.

    Each translation is a file (cat-to-dog-seed0003.png, or cat-to-dog-like-REFERENCE.png), and each target has a sheet
    with a row for each of the first sources and a column for each style. Sources in the target domain are left out, as
    are references in other domains; domains are known from the data set or from subfolders.
    """
    check(given)
    announce(given["model"])
    notes, model = _model(given)
    jobs = _jobs(given, model)
    check_folder(out, [name for job in jobs for name in job.files], force)
    for image in dict.fromkeys(image for job in jobs for image in (*job.sources, *job.references)):
        image.pixels()  # so that a damaged file is noticed before any work
    with images_bar(sum(job.count for job in jobs)) as advance:
        for job in jobs:
            for name, content in job.draw(replace(model, on_image=advance)):
                write(out / name, content)
                say(str(out / name))
    for note in filter(None, notes):
        remark(note)


def check(given: Mapping[str, Any]) -> None:
    """Raise ``BadInputError`` if options contradict each other."""
    for name in ("latents", "seed"):
        if given["reference"] is not None and given[name] is not None:
            raise BadInputError(f"expected references or random styles, found --reference and --{name}: choose one.")
    if given["walk"] is not None and given["latents"] == 1:
        raise BadInputError("expected two styles or more for a walk, found --latents 1: raise it, or leave out --walk.")


def _model(given: Mapping[str, Any]) -> "tuple[tuple[str, ...], Translations]":
    """Return notes on the model, some of which may be "", and the model."""
    from ganbench.engine.options import RANGES, resolve_device, whole_number
    from ganbench.models.base import open_model
    from ganbench.pictures import Translations
    from ganbench.types import MaskedTranslator

    whole_number("--seed", (given["seed"] or 0) + (given["latents"] or LATENTS) - 1, *RANGES["seed"])
    device = resolve_device(given["device"])
    interface = interface_given(given)
    subject = open_model(given["model"], given["weights"], device, given["entry"], interface)
    model = Translations(subject.model, subject.name, device)
    for name in ("reference", "latents", "seed", "walk"):
        if given[name] is not None and not model.has_styles:
            raise BadInputError(f"expected a model with styles for --{name}, found {subject.name}: leave --{name} out.")
    masked = isinstance(subject.model, MaskedTranslator) and subject.model.needs_masks
    masks = (
        f"{subject.name} was trained with face masks, for which wing.ckpt is lacking: results resemble sources less."
    )
    return (subject.note, masks if masked else ""), model


@dataclass(frozen=True)
class Job:
    """All translations to one target domain.

    Attributes:
        target: number of the domain.
        domain: its name, in a form usable in file names.
        sources: images to translate.
        references: images whose styles are used; empty for random styles or none.
        seeds: of random styles; empty for styles of references or none.
        walk: steps from style to style on a sheet, the only file; None for one file per translation and a sheet.
    """

    target: int
    domain: str
    sources: "Sequence[UserImage]"
    references: "Sequence[UserImage]"
    seeds: Sequence[int]
    walk: int | None

    @property
    def sheet(self) -> str:
        """The name of the sheet."""
        kind = ("-reference" if self.references else "-latent" if self.seeds else "") + ("-walk" if self.walk else "")
        return f"to-{self.domain}{kind}.png"

    @property
    def files(self) -> list[str]:
        """The names of all files."""
        return (
            [self.sheet] if self.walk else [*(name for each in self.sources for name in self.names(each)), self.sheet]
        )

    @property
    def count(self) -> int:
        """The number of translations, without reconstructions."""
        styles = len(self.references or self.seeds) or 1
        return (
            min(len(self.sources), MOST) * ((styles - 1) * self.walk + 1) if self.walk else len(self.sources) * styles
        )

    def names(self, source: "UserImage") -> list[str]:
        """Return the names of the files of a source."""
        ways = [f"-like-{image.name}" for image in self.references] or [f"-seed{seed:04d}" for seed in self.seeds]
        return [f"{source.name}-to-{self.domain}{way}.png" for way in ways or [""]]

    def draw(self, model: "Translations") -> Iterator[tuple[str, bytes]]:
        """Yield each file's name and content."""
        from ganbench.pictures import interpolated, picture, png, table

        columns = self._columns(model)
        if self.walk:
            path, shown = interpolated(columns, self.walk), self.sources[:MOST]
            rows = (model.row(source.pixels(), self.target, path) for source in shown)
            yield self.sheet, png(table(path, rows, len(shown)))
            return
        kept: list[Any] = []
        for source in self.sources:
            row = list(model.row(source.pixels(), self.target, columns))
            for name, image in zip(self.names(source), row[1:], strict=False):  # a reconstruction has no file
                yield name, png(picture(image))
            kept += [row[: MOST + 1]] if len(kept) < MOST else []
        yield self.sheet, png(table(columns[:MOST], kept, len(kept)))

    def _columns(self, model: "Translations") -> "list[Column]":
        from ganbench.pictures import Column

        if not model.has_styles:
            return [Column(label=f"to {self.domain}"), *([Column(label="back")] if model.is_cyclic else [])]
        return [model.of_seed(seed, self.target) for seed in self.seeds] + [
            model.of_reference(image.pixels(), self.target) for image in self.references
        ]


def _jobs(given: Mapping[str, Any], model: "Translations") -> list[Job]:
    """Return the job of each target; with ``--target all``, of those with sources.

    Raises:
        UnknownNameError: a target is not a domain of the model.
        BadInputError: a target has no sources, no references or too few styles.
    """
    from ganbench.pictures import open_user_images

    every = "all" in given["targets"]
    sources = open_user_images(given["sources"], model.domains, model.channels)
    references = open_user_images(given["reference"], model.domains, model.channels) if given["reference"] else []
    _tell_conversions(given["sources"], sources)
    _tell_conversions(given["reference"], references)
    wanted = dict.fromkeys(model.targets, sources) if every else _wanted(given["targets"], model, sources)
    jobs = [_job(given, model, target, theirs, references, len(wanted) == 1) for target, theirs in wanted.items()]
    for job in jobs:
        if not (job.sources or (every and any(job.sources for job in jobs))):
            raise BadInputError(
                f"expected images of other domains in {given['sources']}, found only {job.domain!r}: name another "
                "--target."
            )
        if job.walk and len(job.references or job.seeds) < 2:
            raise BadInputError("expected two styles or more for a walk, found one: add some, or leave out --walk.")
    return [job for job in jobs if job.sources]


def _wanted(
    targets: Sequence[str], model: "Translations", sources: "Sequence[UserImage]"
) -> "dict[int, Sequence[UserImage]]":
    """Return by target domain the images to translate to it: all, or for an attribute those that it takes there.

    Raises:
        UnknownNameError: a target is not a domain of the model, nor an attribute.
        BadInputError: an attribute is a target, and the domain of an image is unknown.
    """
    found: dict[int, dict[UserImage, None]] = {}
    for text in targets:
        if text not in model.attributes:
            found.setdefault(model.target(text), {}).update(dict.fromkeys(sources))
            continue
        for image in sources:
            target = model.domain_after(image.domain, text, image.name)
            if image.domain != model.domains[target]:  # it has that hair colour already
                found.setdefault(target, {})[image] = None
    if not found:
        raise BadInputError(f"expected images without {targets[0]}, found only such with it: name another --target.")
    return {target: list(images) for target, images in found.items()}


def _tell_conversions(where: str, images: "Sequence[UserImage]") -> None:
    from ganbench.data.decoding import conversions

    colours = Counter(image.converted for image in images if image.converted)
    if note := conversions(colours, len(images), where):
        remark(f"{note}.")


def _job(
    given: Mapping[str, Any],
    model: "Translations",
    target: int,
    sources: "Sequence[UserImage]",
    references: "Sequence[UserImage]",
    alone: bool,
) -> Job:
    from ganbench.pictures.user_images import safe

    domain, first = model.domains[target], given["seed"] or 0
    seeds = range(first, first + (given["latents"] or LATENTS)) if model.has_styles and not references else ()
    theirs = [image for image in references if image.domain == domain or (alone and image.domain is None)]
    if references and not theirs:
        known = ", ".join(dict.fromkeys(image.domain for image in references if image.domain))
        raise BadInputError(
            f"expected references of the domain {domain!r} in {given['reference']}, found {known}: name others."
            if known
            else f"expected references of known domains, found none in {given['reference']}: name one --target, or "
            f"put the images of {domain} into a subfolder {domain}."
        )
    mine = _limited(given, "sources", [image for image in sources if image.domain != domain])
    return Job(target, safe(domain), mine, _limited(given, "reference", theirs), seeds, given["walk"])


def _limited(given: Mapping[str, Any], option: str, images: "Sequence[UserImage]") -> "Sequence[UserImage]":
    from ganbench.pictures.user_images import evenly, is_registered

    return evenly(images, given["limit"] or (OF_DATA if images and is_registered(given[option]) else None))
