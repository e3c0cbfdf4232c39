"""What papers show of a translator: sources in all domains, in styles of latents and of references, there and back."""

from collections.abc import Iterator, Sequence

from torch import Tensor

from ganbench.pictures.easel import Easel
from ganbench.pictures.translations import Column, Translations
from ganbench.pictures.user_images import UserImage, evenly
from ganbench.report import Figure

SOURCES, STYLES, TARGETS = 8, 8, 12  # of a figure


def figures(model: Translations, images: Sequence[UserImage], easel: Easel) -> Iterator[Figure]:
    """Yield the figures that a translator allows.

    Args:
        model: the translator.
        images: sources and references, with their domains.
        easel: that makes figures.
    """
    if model.is_cyclic:
        for target in model.targets:
            yield _there_and_back(model, _outside(images, model.domains[target]), target, easel)
        return
    sources = evenly(images, SOURCES)
    if len(model.targets) > 1:
        yield _all_targets(model, sources, easel)
    elif not model.has_styles:
        yield _one_way(model, images, easel)
    if model.has_styles:
        for target in model.targets[: 2 if len(model.targets) > 2 else 1]:
            yield from _styles(model, images, target, easel)


def _there_and_back(model: Translations, sources: Sequence[UserImage], target: int, easel: Easel) -> Figure:
    rows = [list(model.row(source.pixels(), target, [Column()])) for source in sources[:TARGETS]]
    cells = [row[step] for step in range(3) for row in rows]
    name, other = model.domains[target], model.domains[1 - target]
    caption = f"Sources, their translations to {name}, and these translated back to {other} (Zhu 2017, figure 4)."
    alt = f"Images of {other} translated to {name} and back"
    labels = ("source", f"to {name}", "and back")
    return easel.figure(f"{other} to {name} and back", caption, alt, cells, len(rows), row_labels=labels)


def _one_way(model: Translations, images: Sequence[UserImage], easel: Easel) -> Figure:
    target = model.targets[0]
    name = model.domains[target]
    rows = [list(model.row(image.pixels(), target, [Column()])) for image in _outside(images, name)[:TARGETS]]
    cells = [row[step] for step in range(2) for row in rows]
    labels = ("source", f"to {name}")
    caption = f"Sources and their translations to {name}."
    return easel.figure(f"To {name}", caption, f"Images translated to {name}", cells, len(rows), row_labels=labels)


def _all_targets(model: Translations, sources: Sequence[UserImage], easel: Easel) -> Figure:
    targets = model.targets[:TARGETS]
    cells: list[Tensor | None] = []
    for source in sources:
        pixels = source.pixels()
        cells.append(model.fitted(pixels))
        cells += [_translated(model, source, pixels, target) for target in targets]
    said = ", in the style of one latent" if model.has_styles else ""
    caption = f"Sources on the left, translated to each domain{said}. Their own domain is left empty."
    labels = ["source", *(model.domains[target] for target in targets)]
    return easel.figure("To all domains", caption, "Sources translated to each domain", cells, len(labels), labels)


def _translated(model: Translations, source: UserImage, pixels: Tensor, target: int) -> Tensor | None:
    if source.domain == model.domains[target]:
        return None
    column = model.of_seed(0, target) if model.has_styles else Column()
    return list(model.row(pixels, target, [column]))[1]


def _styles(model: Translations, images: Sequence[UserImage], target: int, easel: Easel) -> Iterator[Figure]:
    """Yield translations to a domain in the styles of random latents, and in those of references."""
    name = model.domains[target]
    sources = evenly(_outside(images, name), SOURCES)
    latents = [model.of_seed(seed, target) for seed in range(STYLES)]
    cells = [cell for source in sources for cell in model.row(source.pixels(), target, latents)]
    heads = ["source", *(f"style {column.label}" for column in latents)]
    caption = "Sources on the left; each column is the style of one random latent (Choi 2020)."
    alt = f"Sources translated to {name} in random styles"
    yield easel.figure(f"To {name}, by latents", caption, alt, cells, len(heads), heads)
    references = [image for image in images if image.domain == name][:STYLES]
    if not references:
        return
    columns = [model.of_reference(image.pixels(), target) for image in references]
    above = [None, *(column.head for column in columns)]
    rows = [cell for source in sources for cell in model.row(source.pixels(), target, columns)]
    caption = "Sources on the left; each column has the style of the reference above it (Choi 2020)."
    alt = f"Sources translated to {name} in the styles of references"
    yield easel.figure(f"To {name}, by references", caption, alt, [*above, *rows], len(columns) + 1)


def _outside(images: Sequence[UserImage], domain: str) -> list[UserImage]:
    return [image for image in images if image.domain != domain]
