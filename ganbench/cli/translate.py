"""``ganbench translate``: images to another domain, with sheets of sources and styles."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ganbench.cli import options
from ganbench.cli.console import images_bar
from ganbench.cli.files import check_folder, write
from ganbench.cli.group import Verb
from ganbench.errors import BadInputError

if TYPE_CHECKING:
    from ganbench.pictures import Column, Translations, UserImage

LATENTS, OF_DATA = 8, 8  # by default
MOST = 12  # rows, and columns, of a sheet


@click.command(
    cls=Verb,
    examples=(
        "ganbench translate --model starganv2 --input digit-domains --target 7 --out out/sevens",
        "ganbench translate --model starganv2 --input photos --target dog --latents 5 --seed 10 --out out/dogs",
        "ganbench translate --model starganv2 --input photo.png --target dog --reference dogs --out out/like",
        "ganbench translate --model starganv2 --input photo.png --target dog --walk 8 --out out/walk",
        "ganbench translate --model cyclegan --input digit-domains:3,8 --target all --out out/both",
    ),
)
@click.option("--model", required=True, help="Model that translates.")
@click.option("--weights", help="Checkpoint to use.  [default: the embedded one]")
@click.option("--input", "sources", required=True, help="Images: a file, a folder, a zip, or a data set's name.")
@click.option("--target", "targets", multiple=True, required=True,
              help="Domain to translate to, by name or number; may be repeated; 'all' for all.")  # fmt: skip
@click.option("--reference", help="Images whose style to take: a file, a folder, a zip, or a data set's name.")
@click.option("--latents", type=click.IntRange(1, 10_000), help=f"Styles to draw at random.  [default: {LATENTS}]")
@click.option(
    "--seed",
    type=click.IntRange(0, 2**62),
    metavar="S",
    help="Seed of the first random style; 1 more for each.  [default: 0]",
)
@click.option("--walk", metavar="STEPS", type=click.IntRange(1, 1000),
              help="One sheet: from each style to the next in so many steps.")  # fmt: skip
@click.option("--limit", type=click.IntRange(1), metavar="N",
              help=f"Most sources, and references, for a target.  [default: all; {OF_DATA} of a data set]")  # fmt: skip
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder to write to; made if missing.")
@click.option("--force", is_flag=True, help="Replace files of the same names in --out.")
@options.device
def command(out: Path, force: bool, **asked: Any) -> None:
    """Translate images to other domains and write them to a folder; prints the paths of the files.

    Each translation is a file (cat-to-dog-seed0003.png, or cat-to-dog-like-REFERENCE.png), and each target has a sheet:
    a row for each of the first sources, a column for each style. Sources known to be of the target's own domain, by
    their data set or by the folder in --input that they lie in, are left out; so are references of another.
    """
    check(asked)
    notes, model = _model(asked)
    jobs = _jobs(asked, model)
    check_folder(out, [name for job in jobs for name in job.files], force)
    for image in dict.fromkeys(image for job in jobs for image in (*job.sources, *job.references)):
        image.pixels()  # names what is damaged before any work
    with images_bar(sum(job.count for job in jobs)) as advance:
        for job in jobs:
            for name, content in job.draw(replace(model, on_image=advance)):
                out.mkdir(parents=True, exist_ok=True)
                write(out / name, content)
                click.echo(str(out / name))
    for note in filter(None, notes):
        click.echo(note, err=True)


def check(asked: Mapping[str, Any]) -> None:
    """Check that the options do not contradict each other.

    Raises:
        BadInputError: they do.
    """
    for name in ("latents", "seed"):
        if asked["reference"] is not None and asked[name] is not None:
            raise BadInputError(f"--reference and --{name} exclude each other: choose one.")
    if asked["walk"] is not None and asked["latents"] == 1:
        raise BadInputError("a walk needs two styles and --latents is 1: allow more.")


def _model(asked: Mapping[str, Any]) -> "tuple[tuple[str, ...], Translations]":
    """Return what is to be said of the model, and the model."""
    from ganbench.engine.options import RANGES, resolve_device, whole_number
    from ganbench.models.base import open_model
    from ganbench.pictures import Translations

    whole_number("--seed", (asked["seed"] or 0) + (asked["latents"] or LATENTS) - 1, *RANGES["seed"])
    device = resolve_device(asked["device"])
    subject = open_model(asked["model"], asked["weights"], device)
    model = Translations(subject.model, subject.name, device)
    for name in ("reference", "latents", "seed", "walk"):
        if asked[name] is not None and not model.has_styles:
            raise BadInputError(f"{subject.name} translates in one way, without styles: leave out --{name}.")
    masks = f"{subject.name} was trained with masks of faces, which are not made here: it keeps less of the sources."
    return (subject.note, masks if getattr(subject.model, "needs_masks", False) else ""), model


@dataclass(frozen=True)
class Job:
    """What is translated to one domain.

    Attributes:
        target: number of the domain.
        domain: its name, as part of a file's name.
        sources: to translate.
        references: whose style to take; none for other styles.
        seeds: of random styles; none for other styles.
        walk: steps from style to style, for a sheet alone; None for files and a sheet.
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
        """The number of translations; the ways back are not counted."""
        styles = len(self.references or self.seeds) or 1
        return (
            min(len(self.sources), MOST) * ((styles - 1) * self.walk + 1) if self.walk else len(self.sources) * styles
        )

    def names(self, source: "UserImage") -> list[str]:
        """Return the names of the files of a source."""
        ways = [f"-like-{image.name}" for image in self.references] or [f"-seed{seed:04d}" for seed in self.seeds]
        return [f"{source.name}-to-{self.domain}{way}.png" for way in ways or [""]]

    def draw(self, model: "Translations") -> Iterator[tuple[str, bytes]]:
        """Give each file's name and content."""
        from ganbench.pictures import picture, png, table, walked

        columns = self._columns(model)
        if self.walk:
            path, shown = walked(columns, self.walk), self.sources[:MOST]
            rows = (model.row(source.pixels(), self.target, path) for source in shown)
            yield self.sheet, png(table(path, rows, len(shown)))
            return
        kept: list[Any] = []
        for source in self.sources:
            row = list(model.row(source.pixels(), self.target, columns))
            for name, image in zip(self.names(source), row[1:], strict=False):  # the way back has no file
                yield name, png(picture(image))
            kept += [row[: MOST + 1]] if len(kept) < MOST else []
        yield self.sheet, png(table(columns[:MOST], kept, len(kept)))

    def _columns(self, model: "Translations") -> "list[Column]":
        from ganbench.pictures import Column

        if not model.has_styles:
            return [Column(label=f"to {self.domain}"), *([Column(label="back")] if model.returns else [])]
        return [model.of_seed(seed, self.target) for seed in self.seeds] + [
            model.of_reference(image.pixels(), self.target) for image in self.references
        ]


def _jobs(asked: Mapping[str, Any], model: "Translations") -> list[Job]:
    """Return what is translated to each target; of all targets, those that there are sources for.

    Raises:
        BadInputError: no such target, or one without sources, references or enough styles.
    """
    from ganbench.pictures import open_user_images

    every = "all" in asked["targets"]
    targets = model.targets if every else dict.fromkeys(map(model.target, asked["targets"]))
    sources = open_user_images(asked["sources"], model.domains, model.channels)
    references = open_user_images(asked["reference"], model.domains, model.channels) if asked["reference"] else []
    jobs = [_job(asked, model, target, sources, references, len(targets) == 1) for target in targets]
    for job in jobs:
        if not (job.sources or (every and any(job.sources for job in jobs))):
            raise BadInputError(
                f"all images of {asked['sources']} are of the domain {job.domain!r} already: name another --target."
            )
        if job.walk and len(job.references or job.seeds) < 2:
            raise BadInputError("a walk needs two styles and there is one: allow more, or leave out --walk.")
    return [job for job in jobs if job.sources]


def _job(
    asked: Mapping[str, Any],
    model: "Translations",
    target: int,
    sources: "Sequence[UserImage]",
    references: "Sequence[UserImage]",
    alone: bool,
) -> Job:
    from ganbench.pictures.user_images import safe

    domain, first = model.domains[target], asked["seed"] or 0
    seeds = range(first, first + (asked["latents"] or LATENTS)) if model.has_styles and not references else ()
    theirs = [image for image in references if image.domain == domain or (alone and image.domain is None)]
    if references and not theirs:
        known = ", ".join(dict.fromkeys(image.domain for image in references if image.domain))
        raise BadInputError(
            f"{asked['reference']} has no references known to be of the domain {domain!r}, but of {known}: name others."
            if known
            else f"{asked['reference']} does not say of what domain its images are: name them for a single --target, "
            f"or put those of {domain} in a subfolder of that name."
        )
    mine = _limited(asked, "sources", [image for image in sources if image.domain != domain])
    return Job(target, safe(domain), mine, _limited(asked, "reference", theirs), seeds, asked["walk"])


def _limited(asked: Mapping[str, Any], option: str, images: "Sequence[UserImage]") -> "Sequence[UserImage]":
    from ganbench.pictures.user_images import evenly, is_registered

    return evenly(images, asked["limit"] or (OF_DATA if images and is_registered(asked[option]) else None))
