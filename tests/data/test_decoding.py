"""Image files that decoders would change without a word, or that cameras write."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from ganbench.data.decoding import colour_header, header, rgb_pixels
from ganbench.errors import BadInputError
from tests.data.image_sets import encoded, noise, picture

DEEP = np.arange(0, 65536, 1366, dtype=">u2").reshape(4, 4, 3)


def png(rows: np.ndarray) -> bytes:
    """Return a PNG of 16 bits a channel, which Pillow cannot write."""
    parts = [(b"IHDR", struct.pack(">IIBBBBB", 4, 4, 16, 2, 0, 0, 0))]
    parts += [(b"IDAT", zlib.compress(b"".join(b"\0" + row.tobytes() for row in rows))), (b"IEND", b"")]
    chunks = (
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in parts
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def tiff(rows: np.ndarray) -> bytes:
    """Return an uncompressed TIFF of 16 bits a channel: its pixels, the bits of each channel, its entries."""
    single = {256: 4, 257: 4, 259: 1, 262: 2, 273: 8, 277: 3, 278: 4, 279: 96}
    entries = [(tag, 4, 1, value) for tag, value in single.items()] + [(258, 3, 3, 104)]
    packed = b"".join(struct.pack("<HHII", *entry) for entry in sorted(entries))
    content = rows.astype("<u2").tobytes() + struct.pack("<3H", 16, 16, 16)
    return b"II*\0" + struct.pack("<I", 110) + content + struct.pack("<H", len(entries)) + packed + bytes(4)


DEEP_FILES = {"PNG": png(DEEP), "PPM": b"P6\n4 4\n65535\n" + DEEP.tobytes(), "TIFF": tiff(DEEP)}


@pytest.mark.parametrize("kind", DEEP_FILES)
def test_colours_of_sixteen_bits_are_not_cut_without_a_word(kind: str) -> None:
    with pytest.raises(BadInputError, match=r"found more than 8 bits a channel: convert it to 8 bits"):
        header(io.BytesIO(DEEP_FILES[kind]), "a")
    found, colour = colour_header(io.BytesIO(DEEP_FILES[kind]), "a")
    assert (found.channels, colour) == (3, "16-bit")
    assert rgb_pixels(io.BytesIO(DEEP_FILES[kind]), "a").shape == (3, 4, 4)


@pytest.mark.parametrize("kind", ["PNG", "PPM", "TIFF", "BMP", "WEBP", "JPEG"])
def test_colours_of_eight_bits_are_read(kind: str) -> None:
    assert header(io.BytesIO(encoded(picture(noise(1)[0]), kind)), "a").channels == 3
    few = b"P6\n1 1\n100\n" + bytes([100, 50, 0])  # whose largest value is 100
    assert rgb_pixels(io.BytesIO(few), "a").flatten().tolist() == [255, 128, 0]


def test_the_first_picture_of_a_cameras_file_is_taken() -> None:
    first, second = (picture(image) for image in noise(2))
    several = io.BytesIO()
    first.save(several, "MPO", save_all=True, append_images=[second])
    assert Image.open(several).n_frames == 2  # type: ignore[attr-defined]  # files of several have it
    alone = rgb_pixels(io.BytesIO(encoded(first, "JPEG")), "a")
    assert (rgb_pixels(several, "a") == alone).all()
    assert header(several, "a").channels == 3
