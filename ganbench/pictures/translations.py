"""Images to images of another domain: with styles of latents or of references, along a walk of styles, and back."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from typing import Any

import torch
from PIL import Image
from torch import Tensor

from ganbench import registry
from ganbench.errors import BadInputError
from ganbench.functional import lerp
from ganbench.images import ResizeMethod, resize, to_uint8
from ganbench.pictures.sheets import sheet
from ganbench.rng import Streams
from ganbench.types import StyleTranslator, Translator

LARGEST = 512  # pixels of a side of an image on a sheet; its file has all of them


@dataclass(frozen=True, eq=False)
class Column:
    """A way to translate, which is a column of a table of translations.

    Attributes:
        style: ``[1, style_dim]``, or None for a translator without styles.
        head: the reference at the head of the column, ``[C, H, W]`` uint8.
        label: above it where there is no reference.
    """

    style: Tensor | None = None
    head: Tensor | None = None
    label: str = ""


@dataclass(frozen=True, eq=False)
class Translations:
    """Images translated by a model, one at a time, so that each depends on its source and style alone, to the last bit.

    The style of seed ``s`` is that of the latent ``Streams(s, (0,)).normal("z", (latent_dim,))``.

    Attributes:
        model: a translator. It may have ``img_resolution``, to which images are brought, ``img_channels``, theirs
            (else 3), and ``targets``, the domains that it translates to (else all).
        name: of the model, for messages.
        device: where the model is.
        on_image: called after every image.

    Raises:
        BadInputError: the model translates no images.
    """

    model: Any
    name: str = "the model"
    device: str = "cpu"
    on_image: Callable[[], None] = lambda: None

    def __post_init__(self) -> None:
        if not isinstance(self.model, Translator):
            raise BadInputError(f"{self.name} translates no images: draw from it with `ganbench generate`.")

    @property
    def domains(self) -> tuple[str, ...]:
        """The model's domains."""
        return tuple(self.model.domains)

    @property
    def channels(self) -> int:
        """The channels of the images that the model takes."""
        return int(getattr(self.model, "img_channels", 3))

    @property
    def has_styles(self) -> bool:
        """Whether there is more than one way to translate an image."""
        return isinstance(self.model, StyleTranslator)

    @property
    def targets(self) -> list[int]:
        """The numbers of the domains that can be translated to."""
        targets = getattr(self.model, "targets", self.domains)
        return [number for number, domain in enumerate(self.domains) if domain in targets]

    @property
    def returns(self) -> bool:
        """Whether a translation has one way back: from one of two domains to the other, without a style."""
        return not self.has_styles and len(self.targets) == len(self.domains) == 2

    def target(self, asked: str) -> int:
        """Return the number of a domain by its name, or else by its number.

        Raises:
            UnknownNameError: there is no such domain.
            BadInputError: it is none that can be translated to.
        """
        if asked not in self.domains and not (asked.isdecimal() and int(asked) < len(self.domains)):
            raise registry.unknown("domains", asked, self.domains)
        found = self.domains.index(asked) if asked in self.domains else int(asked)
        if found not in self.targets:
            possible = ", ".join(self.domains[number] for number in self.targets)
            raise BadInputError(f"these weights of {self.name} translate to {possible} alone: give others for {asked}.")
        return found

    def fitted(self, pixels: Tensor) -> Tensor:
        """Return an image ``[C, H, W]`` uint8 at the model's size; the aspect ratio is not kept.

        Source: the data loaders of StarGAN v2, which resize by Pillow's bilinear filter, and of CycleGAN, by the
        bicubic one.
        """
        size = getattr(self.model, "img_resolution", None)
        return (
            pixels if size is None else sized(pixels, size, size, "pil-bilinear" if self.has_styles else "pil-bicubic")
        )

    def of_seed(self, seed: int, target: int) -> Column:
        """Return the way to translate with a latent's style."""
        z = Streams(seed, (0,)).normal("z", (self.model.latent_dim,)).to(self.device)
        return Column(self._style(self.model.style_from_latent, z, target), label=str(seed))

    def of_reference(self, pixels: Tensor, target: int) -> Column:
        """Return the way to translate with the style of an image ``[C, H, W]`` uint8 of the target domain."""
        head = self.fitted(pixels)
        return Column(self._style(self.model.style_from_reference, self._input(head), target), head)

    @torch.no_grad()
    def row(self, pixels: Tensor, target: int, columns: Sequence[Column]) -> Iterator[Tensor]:
        """Give an image at the model's size and its translations, ``[C, H, W]`` uint8: one a column, or there and back.

        Source: Zhu et al., Unpaired image-to-image translation (ICCV 2017), figure 4, for the way back; what comes back
        is what went there before it is rounded.
        """
        source = self.fitted(pixels)
        yield source
        if not self.returns:
            yield from (self._done(self.model.translate(self._input(source), target, each.style)) for each in columns)
            return
        there = self.model.translate(self._input(source), target)
        yield self._done(there)
        yield to_uint8(self.model.translate(there, 1 - target))[0].cpu()

    @torch.no_grad()
    def _style(self, of: Callable[[Tensor, int], Tensor], x: Tensor, target: int) -> Tensor:
        return of(x, target)

    def _input(self, pixels: Tensor) -> Tensor:
        return pixels[None].to(self.device).float() / 127.5 - 1

    def _done(self, images: Tensor) -> Tensor:
        pixels = to_uint8(images)[0].cpu()
        self.on_image()
        return pixels


def walked(columns: Sequence[Column], steps: int) -> list[Column]:
    """Return columns on straight lines from style to style: ``steps`` from each to the next, and the last."""
    found = []
    for a, b in pairwise(columns):
        assert a.style is not None
        assert b.style is not None
        found += [a, *(Column(style=lerp(a.style, b.style, step / steps)) for step in range(1, steps))]
    return [*found, *columns[-1:]]


def table(columns: Sequence[Column], rows: Iterable[Iterable[Tensor]], height: int) -> Image.Image:
    """Return a sheet: a row for each source, with the source at its left and the references, if any, above.

    Args:
        columns: above the translations.
        rows: the source and then its translations, ``[C, H, W]`` uint8; taken one by one.
        height: number of rows.

    Raises:
        BadInputError: a sheet too large to hold, as soon as the first image shows it.
    """
    heads = [column.head for column in columns]
    above = [[None, *heads]] if any(head is not None for head in heads) else []
    labels = ["", *(column.label for column in columns)]
    return sheet(
        _alike(cell for row in chain(above, rows) for cell in row),
        len(columns) + 1,
        height + len(above),
        column_labels=labels if any(labels) else (),
    )


def _alike(cells: Iterable[Tensor | None]) -> Iterator[Tensor | None]:
    """Give images of the first one's size, or smaller where that is large."""
    size: tuple[int, int] | None = None
    for cell in cells:
        if cell is not None and size is None:
            shrink = max(1, max(cell.shape[1:]) / LARGEST)
            size = round(cell.shape[1] / shrink), round(cell.shape[2] / shrink)
        yield cell if cell is None or size is None else sized(cell, *size)


def sized(pixels: Tensor, height: int, width: int, method: ResizeMethod = "pil-bilinear") -> Tensor:
    """Return an image ``[C, H, W]`` uint8 of a size, resized where it is of another."""
    return pixels if pixels.shape[1:] == (height, width) else resize(pixels[None], (height, width), method)[0]
