"""Images ``[C, H, W]`` uint8 as picture files, contact sheets and animations."""

import io
from collections.abc import Iterable, Sequence

from PIL import Image, ImageDraw, ImageFont, features
from torch import Tensor

from ganbench.errors import BadInputError

MAX_PIXELS = 2**28  # of a sheet: 0.8 GB in RGB
PAPER, INK = 255, 0
GAP = 4  # pixels between a label and its cell


def picture(pixels: Tensor) -> Image.Image:
    """Return one image ``[1 or 3, H, W]`` uint8 as a grey or RGB picture."""
    array = pixels.permute(1, 2, 0).contiguous().numpy()
    return Image.fromarray(array[..., 0] if array.shape[2] == 1 else array)


def png(image: Image.Image) -> bytes:
    """Return a picture as a PNG file."""
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def sheet(
    cells: Iterable[Tensor | None],
    columns: int,
    rows: int,
    *,
    row_labels: Sequence[str] = (),
    column_labels: Sequence[str] = (),
) -> Image.Image:
    """Return a sheet of images of one size, row by row; None leaves a cell empty.

    Args:
        cells: ``[1 or 3, H, W]`` uint8 each; read one by one, so that only the sheet is held in memory.
        columns: number of cells in a row.
        rows: number of rows.
        row_labels: in the left margin; empty for no margin.
        column_labels: in the top margin; empty for no margin.

    Raises:
        BadInputError: the sheet would have more than ``MAX_PIXELS``.
    """
    paper: Image.Image | None = None
    left = top = 0
    for number, cell in enumerate(cells):
        if cell is None:
            continue
        if paper is None:
            left, top = _margins(cell, row_labels, column_labels)
            paper = _paper(cell, columns, rows, left, top)
            _write_labels(paper, cell, left, top, row_labels, column_labels)
        row, column = divmod(number, columns)
        paper.paste(picture(cell), (left + column * cell.shape[2], top + row * cell.shape[1]))
    assert paper is not None, "a sheet has at least one image"
    return paper


def animation(frames: Iterable[Tensor], form: str, fps: float) -> bytes:
    """Return frames as a looping GIF or lossless WebP file.

    Args:
        frames: ``[1 or 3, H, W]`` uint8 each.
        form: ``gif`` (256 colours) or ``webp``.
        fps: frames per second.

    Raises:
        BadInputError: Pillow was built without WebP.
    """
    if form == "webp" and not features.check("webp"):
        raise BadInputError("expected a Pillow that writes WebP, found one that does not: choose --format gif.")
    first, *others = [picture(frame) for frame in frames]
    out = io.BytesIO()
    settings = {"lossless": True} if form == "webp" else {}
    first.save(out, form.upper(), save_all=True, append_images=others, duration=round(1000 / fps), loop=0, **settings)
    return out.getvalue()


def _font(cell: Tensor) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(max(10, cell.shape[1] // 12))


def _margins(cell: Tensor, row_labels: Sequence[str], column_labels: Sequence[str]) -> tuple[int, int]:
    """Return the width of the left and the height of the top margin that the labels need."""
    font = _font(cell)
    widths = [font.getbbox(label)[2] for label in row_labels]
    heights = [font.getbbox(label)[3] for label in column_labels]
    left, top = (int(max(sizes)) + 2 * GAP if sizes else 0 for sizes in (widths, heights))
    return left, top


def _paper(cell: Tensor, columns: int, rows: int, left: int, top: int) -> Image.Image:
    channels, height, width = cell.shape
    size = (left + columns * width, top + rows * height)
    if size[0] * size[1] > MAX_PIXELS:
        raise BadInputError(
            f"expected a sheet of at most {MAX_PIXELS:,} pixels, found {size[0]:,}x{size[1]:,}: choose fewer images."
        )
    return Image.new("L" if channels == 1 else "RGB", size, PAPER if channels == 1 else (PAPER,) * 3)


def _write_labels(
    paper: Image.Image, cell: Tensor, left: int, top: int, row_labels: Sequence[str], column_labels: Sequence[str]
) -> None:
    _, height, width = cell.shape
    draw, font = ImageDraw.Draw(paper), _font(cell)
    ink = INK if paper.mode == "L" else (INK,) * 3
    for row, label in enumerate(row_labels):
        draw.text((left - GAP, top + (row + 0.5) * height), label, fill=ink, font=font, anchor="rm")
    for column, label in enumerate(column_labels):
        draw.text((left + (column + 0.5) * width, top - GAP), label, fill=ink, font=font, anchor="mb")
