"""``idx`` files, as of MNIST and Fashion-MNIST: a header and bytes, compressed by gzip or not."""

import gzip
import math
import struct
import zlib
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from ganbench.errors import BadInputError

MAX_UNPACKED = 2**32
"""Limit on the bytes of an array inside gzip, which is held in memory."""

_GZIP = b"\x1f\x8b"
_BYTES = b"\x00\x00\x08"  # the start of every file whose numbers are bytes
_STEP = 2**20
_SMALL = 2**26  # bytes, below which any compression ratio is accepted
_TIGHTEST = 200  # largest compression ratio of a larger array, against bombs; MNIST has about 5


def is_idx(path: Path) -> bool:
    """Return whether a file begins like an idx file of bytes."""
    try:
        with _opened(path) as file:
            return file.read(3) == _BYTES
    except (OSError, EOFError, zlib.error):
        return False


def read_idx(path: Path) -> NDArray[np.uint8]:
    """Return the array in a file, uint8; one that is not compressed stays on disk.

    Raises:
        BadInputError: the file is damaged, too large, or not an idx file of bytes.
    """
    try:
        with _opened(path) as file:
            shape = _shape(file)
            size = path.stat().st_size
            return _packed(file, size, shape) if isinstance(file, gzip.GzipFile) else _mapped(path, shape)
    except (OSError, EOFError, ValueError, struct.error, zlib.error) as error:
        reason = " ".join(str(error).split())[:100]
        raise BadInputError(
            f"expected an idx file of bytes, found one that cannot be read ({reason}): {path}; copy it again."
        ) from error


def labels_beside(path: Path) -> Path | None:
    """Return the file of labels that goes with a file of images by name (``train-labels-idx1-ubyte``), or None."""
    name = path.name.replace("images", "labels").replace("idx3", "idx1")
    return path.with_name(name) if name != path.name and path.with_name(name).is_file() else None


def _is_gzip(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(2) == _GZIP


def _opened(path: Path) -> gzip.GzipFile | IO[bytes]:
    return gzip.open(path, "rb") if _is_gzip(path) else path.open("rb")


def _shape(file: gzip.GzipFile | IO[bytes]) -> tuple[int, ...]:
    magic = file.read(4)
    if len(magic) < 4 or magic[:3] != _BYTES or not 1 <= magic[3] <= 4:
        raise ValueError("its header is that of another file")
    return struct.unpack(f">{magic[3]}I", file.read(4 * magic[3]))


def _mapped(path: Path, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    start, found = 4 + 4 * len(shape), path.stat().st_size
    if found - start != math.prod(shape):
        raise ValueError(f"it announces {math.prod(shape):,} bytes and has {found - start:,}")
    return np.memmap(path, np.uint8, "r", start, shape) if found > start else np.empty(shape, np.uint8)


def _packed(file: gzip.GzipFile, packed: int, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    nbytes, done = math.prod(shape), 0
    if nbytes > MAX_UNPACKED:
        raise ValueError(f"it announces {nbytes:,} bytes, and at most {MAX_UNPACKED:,} are unpacked")
    if nbytes > _SMALL and nbytes > _TIGHTEST * packed:
        raise ValueError(
            f"it announces {nbytes:,} bytes in {packed:,}, and at most {_TIGHTEST} times as many are unpacked"
        )
    content = np.empty(nbytes, np.uint8)
    while done < nbytes and (part := file.read(min(_STEP, nbytes - done))):
        content[done : done + len(part)] = np.frombuffer(part, np.uint8)
        done += len(part)
    if done < nbytes or file.read(1):
        raise ValueError(f"it announces {nbytes:,} bytes and has {'fewer' if done < nbytes else 'more'}")
    return content.reshape(shape)
