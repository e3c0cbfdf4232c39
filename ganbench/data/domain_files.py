"""One image of a domain: a file, or the left or right half of one."""

from typing import Literal, NamedTuple

from torch import Tensor

from ganbench.data.decoding import Header, colour_header, header, pixels, rgb_pixels
from ganbench.data.folder import Folder
from ganbench.errors import BadInputError

Half = Literal["left", "right"]


class DomainFile(NamedTuple):
    """An image file of a domain, or the half of one."""

    domain: int
    folder: Folder
    name: str
    half: Half | None = None

    def __str__(self) -> str:
        return f"{self.folder.path}/{self.name}"

    def header(self) -> tuple[Header, str]:
        """Return size and colour of the image."""
        try:
            with self.folder.open(self.name) as file:
                whole, colour = colour_header(file, str(self))
        except OSError as error:
            raise _unreadable(self, error) from error
        if self.half is None:
            return whole, colour
        if whole.width % 2:
            raise BadInputError(
                f"expected two images of one width side by side, found {whole.width} pixels in all: {self}; cut it to "
                "an even width."
            )
        return whole._replace(width=whole.width // 2), colour

    def pixels(self, channels: int) -> Tensor:
        """Return ``[C, H, W]`` uint8, converted to RGB if ``channels`` is 3."""
        whole = self._whole(channels)
        middle = whole.shape[2] // 2
        return {None: whole, "left": whole[..., :middle], "right": whole[..., middle:]}[self.half]

    def _whole(self, channels: int) -> Tensor:
        try:
            with self.folder.open(self.name) as file:
                if channels == 3:
                    return rgb_pixels(file, str(self))
                expected = header(file, str(self))
                return pixels(file, str(self), expected)
        except OSError as error:
            raise _unreadable(self, error) from error


def _unreadable(file: DomainFile, error: OSError) -> BadInputError:
    return BadInputError(f"{file} cannot be read ({error.strerror or error}): check that it exists and can be read.")
