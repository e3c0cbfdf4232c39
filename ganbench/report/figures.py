"""Pictures of a page: sheets of images at their own resolution, enlarged by the browser, with labels as text."""

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass

from ganbench.report.markup import scrolling, tag, text

SMALLEST = 30  # pixels of the page that an image of a sheet has at least, however narrow the page
LETTER = 8  # pixels of the page for each letter of a label, about


@dataclass(frozen=True)
class Figure:
    """A sheet of images in rows and columns.

    Attributes:
        title: a few words.
        caption: what is to be seen, how it was drawn, and the source in a paper where there is one.
        alt: what a reader who does not see it has to know.
        png: the sheet, without labels.
        size: width and height of the sheet in its own pixels.
        columns, rows: how many images it has.
        column_labels, row_labels: beside it; empty for none.
        scale: pixels of the page for each pixel of an image.
    """

    title: str
    caption: str
    alt: str
    png: bytes
    size: tuple[int, int]
    columns: int
    rows: int
    column_labels: Sequence[str] = ()
    row_labels: Sequence[str] = ()
    scale: float = 1

    @property
    def _longest(self) -> int:
        """The length of the longest word above a column, for which there must be room."""
        return max((len(word) for label in self.column_labels for word in label.split()), default=0)

    def html(self) -> str:
        """Return the figure with its labels and caption."""
        width = round(self.scale * self.size[0])
        source = f"data:image/png;base64,{b64encode(self.png).decode()}"
        crisp = "crisp" if self.scale > 1 else None  # an enlarged image shows its own pixels
        image = tag("img", src=source, alt=self.alt, width=self.size[0], height=self.size[1], class_=crisp)
        above = tag("div", "".join(map(_label, self.column_labels)), class_="above", aria_hidden="true")
        beside = tag("div", "".join(map(_label, self.row_labels)), class_="beside", aria_hidden="true")
        parts = [above if self.column_labels else "", beside if self.row_labels else "", image]
        least = min(width, max(SMALLEST, LETTER * self._longest) * self.columns)
        sheet = tag("div", "".join(parts), class_="sheet", style=f"--most:{width}px;--least:{least}px")
        caption = tag("figcaption", f"{tag('strong', text(self.title))} {text(self.caption)}")
        return tag("figure", scrolling(sheet, self.title) + caption)


def _label(label: str) -> str:
    return tag("span", text(label))
