"""Image files to pixels, and the refusals: what cannot be measured is named with its remedy.

Greyscale files (and 1-bit ones, as 0 and 255) give 1 channel, RGB files 3. Palette images are looked up in their
palette and give 3 channels. Alpha, 16-bit, floating-point, CMYK and animated images are refused, because what to make
of them is the user's choice. Colour profiles and EXIF rotation are ignored, as the official dataset tools do.
"""

import warnings
from typing import IO, NamedTuple

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from ganbench.errors import BadInputError

SUFFIXES = {".png", ".jpg", ".jpeg", ".webp", ".bmp", ".ppm", ".pgm", ".tif", ".tiff"}
FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "PPM", "TIFF")
MAX_PIXELS = 8192 * 8192
"""A file may declare no more; Pillow's own limit is a little above."""

_CHANNELS = {"1": 1, "L": 1, "RGB": 3, "P": 3}
_REMEDY = {
    "RGBA": "an alpha channel; flatten it onto a background",
    "LA": "an alpha channel; flatten it onto a background",
    "PA": "an alpha channel; flatten it onto a background",
    "I": "more than 8 bits a channel; convert it to 8 bits",
    "F": "floating-point pixels; convert it to 8 bits",
}


class Header(NamedTuple):
    """What an image file says about itself; all images of a data set share it."""

    width: int
    height: int
    channels: int

    def __str__(self) -> str:
        return f"{self.width}x{self.height} {'greyscale' if self.channels == 1 else 'RGB'}"


def header(file: IO[bytes], name: str) -> Header:
    """Return size and channels of an image file without decoding its pixels.

    Raises:
        BadInputError: if it is no image, or not one of those that can be measured; the message starts with ``name``.
    """
    with warnings.catch_warnings():
        # Pillow only warns of some images that are larger than MAX_PIXELS; here they are refused in a sentence.
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        with _opened(file, name) as image:
            return _checked(image, name)


def pixels(file: IO[bytes], name: str, expected: Header) -> Tensor:
    """Return ``[C, H, W]`` uint8, 0..255.

    Raises:
        BadInputError: if the pixels cannot be decoded, or the header is not the expected one any more.
    """
    with _opened(file, name) as image:
        found = _checked(image, name)
        if found != expected:
            raise BadInputError(f"{name} is {found} and was {expected} when opened: do not change data during a run.")
        try:
            decoded = np.array(image.convert("L" if found.channels == 1 else "RGB"))
        except Exception as error:  # Pillow's decoders raise whatever their parsers do on a broken file
            raise BadInputError(f"{name} cannot be decoded ({error}): replace it or take it out.") from error
    return torch.from_numpy(decoded.reshape(found.height, found.width, found.channels).transpose(2, 0, 1).copy())


def _opened(file: IO[bytes], name: str) -> Image.Image:
    try:
        image = Image.open(file, formats=FORMATS)
        animated = getattr(image, "is_animated", False)  # looks into the file
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _too_large(name) from error
    except Exception as error:  # as above
        raise BadInputError(f"{name} is no image that can be read: replace it or take it out.") from error
    if animated:
        raise BadInputError(f"{name} is animated: save one frame of it.")
    return image


def _checked(image: Image.Image, name: str) -> Header:
    if image.width * image.height > MAX_PIXELS:
        raise _too_large(name)
    mode = "RGBA" if "transparency" in image.info else image.mode
    if mode not in _CHANNELS:
        what = _REMEDY.get(mode.partition(";")[0], f"the colour mode {mode}; convert it to RGB")
        raise BadInputError(f"{name} has {what}.")
    return Header(image.width, image.height, _CHANNELS[mode])


def _too_large(name: str) -> BadInputError:
    return BadInputError(f"{name} declares more than {MAX_PIXELS:,} pixels: resize it or take it out.")
