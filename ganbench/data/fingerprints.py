"""What a data set is known by: the sha256 of its pixels and labels, remembered until a file changes.

Remembering goes by names, sizes and times of all files. A file written in the last moments could change again without
its times showing it, so such a data set is not remembered yet. An entry holds a checksum over what it is of and what it
says, so that one put in another's place is not believed. Whatever is wrong with the cache, it is ignored.
"""

import hashlib
import json
import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple, TypeVar

import PIL
import torch
from torch import Tensor

from ganbench.atomic import write_atomically
from ganbench.data.decoding import Header
from ganbench.errors import BadInputError
from ganbench.paths import cache_dir

T = TypeVar("T")

VERSION = 2  # of the decoding rules and of the cache's layout
THREADS = 4
_IN_MEMORY = 2**26  # pixels of the images that are decoded at once
_SETTLED_NS = 2 * 10**9  # the coarsest clock of a common file system


class FileStamp(NamedTuple):
    """What changes when a file is written or replaced.

    Attributes:
        name: below the folder, or that of the zip.
        size: in bytes.
        modified: time of modification, in ns.
        status_changed: time of the last change of the inode, in ns; a program cannot set it.
        inode: number of the file on its disk.
    """

    name: str
    size: int
    modified: int
    status_changed: int
    inode: int

    @classmethod
    def of(cls, name: str, found: os.stat_result) -> "FileStamp":
        """Return the stamp of a file from what the system says about it."""
        return cls(name, found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino)


class Stamp(NamedTuple):
    """What changes when any file of a data set changes.

    Attributes:
        where: the absolute path of the folder or zip.
        files: of each file.
    """

    where: str
    files: tuple[FileStamp, ...]


class Known(NamedTuple):
    """What is remembered of a data set.

    Attributes:
        fingerprint: the sha256 over pixels and labels.
        header: of the images as they are used.
        colours: of the files, and how many there are of each, where they may differ.
    """

    fingerprint: str
    header: Header
    colours: tuple[tuple[str, int], ...] = ()


def few_at_once(decode: Callable[[T], Tensor], names: Sequence[T], largest: int) -> Iterator[Tensor]:
    """Yield the images of all names in order, decoding as many at once as memory allows.

    Args:
        decode: gives one image.
        names: what it takes.
        largest: pixels of the largest image.
    """
    count = max(1, min(64, _IN_MEMORY // largest))
    with ThreadPoolExecutor(min(count, THREADS)) as pool:
        for start in range(0, len(names), count):
            yield from pool.map(decode, names[start : start + count])


def of(shape: tuple[int, ...], images: Iterable[Tensor], labels: Tensor | None) -> str:
    """Return the sha256 over ``"N C H W"``, the uint8 pixels in order, and the labels.

    Args:
        shape: ``N, C, H, W``.
        images: N images ``[C, H, W]`` uint8.
        labels: ``[N]`` int64 or ``[N, label_dim]`` float32, hashed little-endian; None adds nothing.
    """
    content = hashlib.sha256(" ".join(map(str, shape)).encode())
    for image in images:
        content.update(image.contiguous().numpy().data)
    if labels is not None:
        content.update(labels.numpy().astype("<i8" if labels.dtype == torch.int64 else "<f4").tobytes())
    return content.hexdigest()


def changed(opened: Stamp, look: Callable[[], Stamp], path: Path) -> str:
    """Return "" where the files are still as they were, or else a sentence that names the first that is not.

    Args:
        opened: the stamp when the data set was opened.
        look: takes the stamp again.
        path: of the folder or zip, for the sentence.
    """
    try:
        now = look()
    except BadInputError as error:
        return str(error)
    if now == opened:
        return ""
    differing = (old.name for old, new in zip(opened.files, now.files, strict=False) if old != new)
    name = next(differing, "")
    return f"{path if name in ('', path.name) else path / name} changed after the data were opened: run again."


def recall(stamp: Stamp) -> Known | None:
    """Return what was remembered of these very files, or None."""
    key = _key(stamp)
    try:
        with _path(key).open("rb") as file:
            found = json.loads(file.read(2**16))  # more than an entry ever has
        colours = tuple((str(colour), int(count)) for colour, count in found["colours"])
        known = Known(str(found["fingerprint"]), Header(*found["header"]), colours)
        sound = found["checksum"] == _checksum(key, known) and all(type(x) is int and x > 0 for x in known.header)
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
    return known if sound else None


def remember(stamp: Stamp, known: Known) -> None:
    """Remember a data set, unless a file is so new that its times prove nothing, or the cache cannot be written."""
    newest = max(file.modified for file in stamp.files)
    if time.time_ns() - newest < _SETTLED_NS:
        return
    key = _key(stamp)
    content = {**known._asdict(), "checksum": _checksum(key, known)}
    with suppress(OSError):  # a cache that cannot be written costs time and nothing else
        path = _path(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, json.dumps(content).encode())


def _key(stamp: Stamp) -> str:
    """Return the sha256 of all that decides what the pixels and labels are."""
    content = json.dumps([VERSION, PIL.__version__, stamp])  # another Pillow may decode JPEG differently
    return hashlib.sha256(content.encode()).hexdigest()


def _checksum(key: str, known: Known) -> str:
    return hashlib.sha256(json.dumps([key, *known]).encode()).hexdigest()


def _path(key: str) -> Path:
    return cache_dir() / "data" / f"{key}.json"
