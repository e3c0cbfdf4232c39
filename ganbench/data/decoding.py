"""Decoding of image files; those that cannot be measured are refused, with a remedy.

There are two rules, as in the official programs. For the data of StyleGAN (``header`` and ``pixels``), greyscale
files (and 1-bit ones, as 0 and 255) give 1 channel, RGB files 3. Palette images are looked up in their palette and give
3 channels. Alpha, 16-bit, floating-point and CMYK images are refused, because how to convert them is for
the user to choose. For images of domains (``colour_header`` and ``rgb_pixels``), Pillow converts every file to RGB, and
the original colour is reported. Both refuse animated images, take the first picture of JPEG files that hold several, as
cameras write them, and ignore colour profiles and EXIF rotation.
"""

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import IO, NamedTuple

import numpy as np
import torch
from PIL import Image
from PIL.ImageFile import ImageFile
from PIL.TiffImagePlugin import BITSPERSAMPLE, TiffImageFile
from torch import Tensor

from ganbench.errors import BadInputError

SUFFIXES = {".png", ".jpg", ".jpeg", ".webp", ".bmp", ".ppm", ".pgm", ".tif", ".tiff"}
FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "PPM", "TIFF")
MAX_PIXELS = 8192 * 8192
"""Limit on what a header may declare, against decompression bombs; a little below Pillow's own."""

_CHANNELS = {"1": 1, "L": 1, "RGB": 3, "P": 3}
GREY = ("greyscale", "1-bit")  # colours of images that have one channel
_COLOURS = {
    "RGB": "RGB",
    "L": "greyscale",
    "1": "1-bit",
    "P": "palette",
    **dict.fromkeys(("RGBA", "LA", "PA", "La", "RGBa"), "alpha"),
    **dict.fromkeys(("I", "I;16", "I;16B", "I;16L", "I;16N"), "16-bit"),
    "F": "floating-point",
}
_REMEDY = {  # found, and what to do; by Pillow's mode
    "RGBA": "an alpha channel: flatten it onto a background",
    "LA": "an alpha channel: flatten it onto a background",
    "PA": "an alpha channel: flatten it onto a background",
    "I": "more than 8 bits a channel: convert it to 8 bits",
    "F": "floating-point pixels: convert it to 8 bits",
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
        BadInputError: naming the file; it is not an image, or not one that can be measured.
    """
    with _unwarned(), _opened(file, name) as image:
        return _checked(image, name)


def colour_header(file: IO[bytes], name: str) -> tuple[Header, str]:
    """Return the size of an image file of any colour mode, and its colour: ``"RGB"``, ``"alpha"``, ``"CMYK"``, ...

    The header has 1 channel for greyscale and 1-bit files, and 3 for all others.

    Raises:
        BadInputError: naming the file; it is not an image that can be read.
    """
    with _unwarned(), _opened(file, name) as image:
        _check_size(image, name)
        mode = _mode(image)
        colour = _COLOURS.get(mode, mode)
        return Header(image.width, image.height, 1 if colour in GREY else 3), colour


def pixels(file: IO[bytes], name: str, expected: Header) -> Tensor:
    """Return ``[C, H, W]`` uint8, 0..255.

    Raises:
        BadInputError: the pixels cannot be decoded, or the header is no longer the expected one.
    """
    with _opened(file, name) as image:
        found = _checked(image, name)
        if found != expected:
            raise BadInputError(
                f"expected {name} to be {expected}, as when it was opened, found {found}: do not change data during a "
                "run."
            )
        return _converted(image, name, found.channels)


def rgb_pixels(file: IO[bytes], name: str) -> Tensor:
    """Return ``[3, H, W]`` uint8, 0..255, of a file of any colour mode, as ``PIL.Image.convert("RGB")`` makes it.

    Raises:
        BadInputError: the pixels cannot be decoded.
    """
    with _opened(file, name) as image:
        _check_size(image, name)
        image.info.pop("transparency", None)  # convert() ignores it too, but with a warning
        return _converted(image, name, 3)


def described(colour: str) -> str:
    """Return the phrase that describes an image's colour, such as ``"with an alpha channel"``."""
    return {"palette": "with a palette", "alpha": "with an alpha channel"}.get(colour, colour)


def conversions(colours: Mapping[str, int], total: int, where: str) -> str:
    """Return a sentence on how many images were converted to RGB, without a full stop; "" if none.

    Args:
        colours: number of converted images by their colour.
        total: number of images.
        where: name of the data set, for people.
    """
    if not colours:
        return ""
    listed = ", ".join(f"{count} {described(colour)}" for colour, count in sorted(colours.items()))
    return f"{sum(colours.values())} of {total} images of {where} were converted to RGB: {listed}"


def _converted(image: Image.Image, name: str, channels: int) -> Tensor:
    mode = "L" if channels == 1 else "RGB"
    try:
        decoded = np.asarray(image if image.mode == mode else image.convert(mode))  # copied only once, below
    except Exception as error:  # on a broken file, Pillow's decoders raise whatever their parsers raise
        reason = f"{error!s:.100}" or type(error).__name__
        raise BadInputError(f"{name} cannot be decoded ({reason}): replace it or remove it.") from error
    return torch.from_numpy(decoded.reshape(image.height, image.width, channels).transpose(2, 0, 1).copy())


@contextmanager
def _unwarned() -> Iterator[None]:
    """Silence Pillow's warning about large images, which are refused here anyway."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        yield


def _opened(file: IO[bytes], name: str) -> Image.Image:
    try:
        image = Image.open(file, formats=FORMATS)
        animated = image.format != "MPO" and getattr(image, "is_animated", False)  # which reads some of the file
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _too_large(name) from error
    except Exception as error:  # as above
        raise BadInputError(f"{name} cannot be read as an image: replace it or remove it.") from error
    if animated:
        raise BadInputError(f"expected a still image, found an animated one: {name}; save a single frame of it.")
    return image


def _checked(image: Image.Image, name: str) -> Header:
    _check_size(image, name)
    mode = _mode(image)
    if mode not in _CHANNELS:
        what = _REMEDY.get(mode.partition(";")[0], f"the colour mode {mode}: convert it to RGB")
        raise BadInputError(f"expected a greyscale or RGB image in {name}, found {what}.")
    return Header(image.width, image.height, _CHANNELS[mode])


def _mode(image: Image.Image) -> str:
    """Return Pillow's mode of a file: with alpha if one colour is transparent, and "I" for RGB of more than 8 bits.

    Pillow has no mode of the latter, and would cut or scale them to 8 bits without a word.
    """
    if "transparency" in image.info:
        return "RGBA"
    return "I" if image.mode == "RGB" and _bits(image) > 8 else image.mode


def _bits(image: Image.Image) -> int:
    """Return the bits of a channel in an RGB file that was opened and not decoded yet."""
    if isinstance(image, TiffImageFile):
        return int(max(image.tag_v2.get(BITSPERSAMPLE, (8,))))
    decoder = image.tile[0].args if isinstance(image, ImageFile) and image.tile else ""
    if image.format == "PPM":  # the largest value, where it is not 255
        return decoder[-1].bit_length() if isinstance(decoder, tuple) else 8
    return 16 if image.format == "PNG" and ";16" in str(decoder) else 8


def _check_size(image: Image.Image, name: str) -> None:
    if image.width * image.height > MAX_PIXELS:
        raise _too_large(name)


def _too_large(name: str) -> BadInputError:
    return BadInputError(f"expected at most {MAX_PIXELS:,} pixels, found more: {name}; resize it or remove it.")
