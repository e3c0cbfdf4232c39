"""Images translated to other domains: in styles of latents or references, along walks of styles, and back."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise

import torch
from PIL import Image
from torch import Tensor

from ganbench import registry
from ganbench.errors import BadInputError
from ganbench.functional import lerp
from ganbench.images import ResizeMethod, resize, to_float, to_uint8
from ganbench.pictures.sheets import sheet
from ganbench.rng import Streams
from ganbench.types import AttributeTranslator, PartialTranslator, Sized, StyleTranslator, Translator

LARGEST = 512  # pixels of the longer side of an image on a sheet; its own file has full resolution


@dataclass(frozen=True, eq=False)
class Column:
    """One column of a table of translations, all in one style.

    Attributes:
        style: ``[1, style_dim]`` float32; None for a translator without styles.
        head: the reference image above the column, ``[C, H, W]`` uint8; None for none.
        label: text above a column without a reference.
    """

    style: Tensor | None = None
    head: Tensor | None = None
    label: str = ""


@dataclass(frozen=True, eq=False)
class Translations:
    """Translates images one at a time, so that each result depends on its source and style alone.

    The style of seed ``s`` comes from the latent ``Streams(s, (0,)).normal("z", (latent_dim,))``.

    Attributes:
        model: a ``Translator``. If it is ``Sized``, images are resized to its resolution; otherwise it takes RGB images
            of any size.
        name: of the model, for messages.
        device: where the model is.
        on_image: called after every image.

    Raises:
        BadInputError: the model is not a translator.
    """

    model: Translator
    name: str = "the model"
    device: str = "cpu"
    on_image: Callable[[], None] = lambda: None

    def __post_init__(self) -> None:
        if not isinstance(self.model, Translator):
            raise BadInputError(
                f"expected a model that translates images, found {self.name}, which generates them: use `ganbench "
                "generate`."
            )

    @property
    def domains(self) -> tuple[str, ...]:
        """The names of the model's domains."""
        return tuple(self.model.domains)

    @property
    def channels(self) -> int:
        """The number of channels of the images that the model takes."""
        return (self.model.img_channels if isinstance(self.model, Sized) else None) or 3

    @property
    def resolution(self) -> int | None:
        """The height and width of the images that the model takes; None for any."""
        return self.model.img_resolution if isinstance(self.model, Sized) else None

    @property
    def has_styles(self) -> bool:
        """Whether the model translates in a given style."""
        return isinstance(self.model, StyleTranslator)

    @property
    def targets(self) -> list[int]:
        """The numbers of the domains that the model translates to."""
        targets = self.model.targets if isinstance(self.model, PartialTranslator) else self.domains
        return [number for number, domain in enumerate(self.domains) if domain in targets]

    @property
    def attributes(self) -> tuple[str, ...]:
        """The names of the attributes that the model's domains are made of; none where they are not."""
        return tuple(self.model.attributes) if isinstance(self.model, AttributeTranslator) else ()

    @property
    def is_cyclic(self) -> bool:
        """Whether the model translates between two domains in both directions, without styles."""
        return not self.has_styles and len(self.targets) == len(self.domains) == 2

    def target(self, text: str) -> int:
        """Return the number of a target domain.

        Args:
            text: its name or number; a name takes precedence.

        Raises:
            UnknownNameError: there is no such domain.
            BadInputError: the model does not translate to it.
        """
        numbers = {str(number): number for number in range(len(self.domains))}
        found = {**numbers, **{name: number for number, name in enumerate(self.domains)}}.get(text)
        if found is None:
            raise registry.unknown("domains", text, self.domains)
        if found not in self.targets:
            possible = " and ".join(self.domains[number] for number in self.targets)
            raise BadInputError(
                f"expected a target among {possible}, found {text}: these weights of {self.name} do not translate to "
                "it; give others with --weights."
            )
        return found

    def domain_after(self, domain: str | None, attribute: str, image: str) -> int:
        """Return the number of the domain that an image gets to by a change of one attribute.

        Args:
            domain: of the image; None where it is unknown.
            attribute: one of ``attributes``.
            image: its name, for messages.

        Raises:
            UnknownNameError: the image's domain is not one of the model's.
            BadInputError: its domain is unknown, or the model does not translate to the other.
        """
        assert isinstance(self.model, AttributeTranslator)
        if domain is None:
            raise BadInputError(
                f"expected {image} in a folder called after its attributes, such as {self.domains[0]}, found none, so "
                f"that {attribute} alone does not say what to translate it to: move it, or name a whole domain."
            )
        return self.model.domain_after(domain, attribute)

    def fitted(self, pixels: Tensor) -> Tensor:
        """Return an image ``[C, H, W]`` uint8 resized to the model's resolution; the aspect ratio is not kept.

        Source: the data loaders of StarGAN and StarGAN v2 (Pillow's bilinear filter) and of CycleGAN (its bicubic one).
        """
        if self.resolution is None:
            return pixels
        bilinear = self.has_styles or isinstance(self.model, AttributeTranslator)
        method: ResizeMethod = "pil-bilinear" if bilinear else "pil-bicubic"
        return resized(pixels, self.resolution, self.resolution, method)

    def of_seed(self, seed: int, target: int) -> Column:
        """Return the column of the style that a random latent has in the target domain."""
        assert isinstance(self.model, StyleTranslator)
        z = Streams(seed, (0,)).normal("z", (self.model.latent_dim,)).to(self.device)
        return Column(self._style(self.model.style_from_latent, z, target), label=str(seed))

    def of_reference(self, pixels: Tensor, target: int) -> Column:
        """Return the column of the style of an image ``[C, H, W]`` uint8 of the target domain."""
        assert isinstance(self.model, StyleTranslator)
        head = self.fitted(pixels)
        return Column(self._style(self.model.style_from_reference, self._input(head), target), head)

    @torch.no_grad()
    def row(self, pixels: Tensor, target: int, columns: Sequence[Column]) -> Iterator[Tensor]:
        """Yield the source at the model's resolution, then its translations, all ``[C, H, W]`` uint8.

        There is one translation for each column. A cyclic model yields the translation and its reconstruction, computed
        from the translation before rounding.

        Source: Zhu et al., Unpaired image-to-image translation (ICCV 2017), figure 4, for the reconstruction.
        """
        source = self.fitted(pixels)
        yield source
        if not self.is_cyclic:
            yield from (self._done(self.model.translate(self._input(source), target, each.style)) for each in columns)
            return
        translated = self.model.translate(self._input(source), target)
        yield self._done(translated)
        yield to_uint8(self.model.translate(translated, 1 - target))[0].cpu()

    @torch.no_grad()
    def _style(self, of: Callable[[Tensor, int], Tensor], x: Tensor, target: int) -> Tensor:
        return of(x, target)

    def _input(self, pixels: Tensor) -> Tensor:
        return to_float(pixels[None].to(self.device))

    def _done(self, images: Tensor) -> Tensor:
        pixels = to_uint8(images)[0].cpu()
        self.on_image()
        return pixels


def interpolated(columns: Sequence[Column], steps: int) -> list[Column]:
    """Return columns along straight lines from style to style: ``steps`` for each line, then the last style."""
    found = []
    for a, b in pairwise(columns):
        assert a.style is not None
        assert b.style is not None
        found += [a, *(Column(style=lerp(a.style, b.style, step / steps)) for step in range(1, steps))]
    return [*found, *columns[-1:]]


def table(columns: Sequence[Column], rows: Iterable[Iterable[Tensor]], height: int) -> Image.Image:
    """Return a sheet with a row for each source: the source, then its translations. References are in the top row.

    Args:
        columns: of the translations.
        rows: each the source and its translations, ``[C, H, W]`` uint8; read one by one to save memory.
        height: number of rows.

    Raises:
        BadInputError: the sheet would be too large; noticed at the first image.
    """
    heads = [column.head for column in columns]
    above = [[None, *heads]] if any(head is not None for head in heads) else []
    labels = ["", *(column.label for column in columns)]
    return sheet(
        _same_size(cell for row in chain(above, rows) for cell in row),
        len(columns) + 1,
        height + len(above),
        column_labels=labels if any(labels) else (),
    )


def _same_size(cells: Iterable[Tensor | None]) -> Iterator[Tensor | None]:
    """Yield all images at the size of the first, reduced to ``LARGEST`` if it is larger."""
    size: tuple[int, int] | None = None
    for cell in cells:
        if cell is not None and size is None:
            shrink = max(1, max(cell.shape[1:]) / LARGEST)
            size = round(cell.shape[1] / shrink), round(cell.shape[2] / shrink)
        yield cell if cell is None or size is None else resized(cell, *size)


def resized(pixels: Tensor, height: int, width: int, method: ResizeMethod = "pil-bilinear") -> Tensor:
    """Return an image ``[C, H, W]`` uint8 resized to a size; unchanged if it has that size."""
    return pixels if pixels.shape[1:] == (height, width) else resize(pixels[None], (height, width), method)[0]
