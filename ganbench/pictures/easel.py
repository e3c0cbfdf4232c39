"""Sheets of images as figures of a report."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from PIL import Image
from torch import Tensor

from ganbench.images import resize
from ganbench.pictures.sheets import png, sheet
from ganbench.report import Figure

WANTED = 64  # pixels of the page that an image is enlarged to, about
LARGEST = 128  # pixels of a larger image's height on a sheet, times the scale where one is asked for


@dataclass(frozen=True)
class Easel:
    """Makes figures.

    Attributes:
        scale: enlargement of images; None for one that brings small images to about ``WANTED`` pixels.
    """

    scale: int | None = None

    def figure(
        self,
        title: str,
        caption: str,
        alt: str,
        cells: Iterable[Tensor | None],
        columns: int,
        column_labels: Sequence[str] = (),
        row_labels: Sequence[str] = (),
    ) -> Figure:
        """Return a figure of images ``[C, H, W]`` uint8, row by row; for the other arguments see ``Figure``."""
        drawn = [None if cell is None else self._reduced(cell) for cell in cells]
        rows = -(-len(drawn) // columns)
        whole = sheet(drawn, columns, rows)
        width, height = whole.width // columns, whole.height // rows
        empty = [number for number, cell in enumerate(drawn) if cell is None]
        if empty:
            whole = _without(whole, [(n % columns * width, n // columns * height) for n in empty], (width, height))
        scale = self.scale or max(1, round(WANTED / height))
        shown = 1 if height >= LARGEST else scale
        return Figure(title, caption, alt, png(whole), whole.size, columns, rows, column_labels, row_labels, shown)

    def _reduced(self, pixels: Tensor) -> Tensor:
        """Return an image no larger than it is to be shown."""
        height, width = pixels.shape[1:]
        shrink = height / (LARGEST * (self.scale or 1))
        if shrink <= 1:
            return pixels
        return resize(pixels[None], (max(1, round(height / shrink)), max(1, round(width / shrink))), "pil-bicubic")[0]


def _without(whole: Image.Image, corners: Sequence[tuple[int, int]], size: tuple[int, int]) -> Image.Image:
    """Return a sheet that is transparent where it has no image, so that the page shows through, light or dark."""
    there = Image.new("L", whole.size, 255)
    for corner in corners:
        there.paste(Image.new("L", size, 0), corner)
    whole.putalpha(there)
    return whole
