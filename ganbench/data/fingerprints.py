"""Fingerprints of data sets: the sha256 of pixels and labels, cached until a file changes.

The key of an entry is the names, sizes and times of all files. A file written in the last moments could change again
without its times showing it, so such a data set is not cached yet. An entry holds a checksum over key and content, so
that a damaged or misplaced one is noticed. A cache that cannot be read or written is ignored.
"""

import hashlib
import json
import os
import stat
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import NamedTuple, TypeVar

import PIL
import torch
from torch import Tensor

from ganbench.atomic import write_atomically
from ganbench.data.decoding import Header
from ganbench.errors import BadInputError
from ganbench.paths import cache_dir
from ganbench.waiting import bar

T = TypeVar("T")

VERSION = 3  # of the decoding rules and of the layout of the cache
THREADS = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 4
_IN_MEMORY = 2**26  # pixels that are decoded at once
_SMALL = 2**13  # pixels of an image below which handing it to a thread takes longer than decoding it
_SETTLED_NS = 2 * 10**9  # resolution of the coarsest clock of a common file system (FAT)


class FileStamp(NamedTuple):
    """Properties of a file that change when it is written or replaced.

    Attributes:
        name: relative to the folder, or the zip's own.
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
        """Return the stamp of a file from its ``stat``."""
        return cls(name, found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino)


class Stamp(NamedTuple):
    """Properties of a data set that change when any of its files does.

    Attributes:
        where: the absolute path of the folder or zip.
        files: stamp of each file.
    """

    where: str
    files: tuple[FileStamp, ...]

    @classmethod
    def of(cls, path: Path, files: Iterable[Path]) -> "Stamp":
        """Return the stamp of a data set that consists of whole files.

        Raises:
            BadInputError: one of them cannot be read, or is not a regular file: a pipe would keep its reader waiting.
        """
        try:
            found = [(file, file.stat()) for file in files]
        except OSError as error:
            raise BadInputError(
                f"{error.filename!s:.200} cannot be read ({error.strerror}): check that it exists."
            ) from error
        if other := next((file for file, status in found if not stat.S_ISREG(status.st_mode)), None):
            raise BadInputError(f"expected a regular file, found another: {other}; remove it or get it again.")
        return cls(str(path.resolve()), tuple(FileStamp.of(str(file), status) for file, status in found))


class Known(NamedTuple):
    """What the cache knows about a data set.

    Attributes:
        fingerprint: the sha256 over pixels and labels.
        header: size and channels of the images as they are used.
        colours: colours of the files and the number of each, if they may differ.
    """

    fingerprint: str
    header: Header
    colours: tuple[tuple[str, int], ...] = ()


def few_at_once(decode: Callable[[T], Tensor], names: Sequence[T], largest: int) -> Iterator[Tensor]:
    """Yield the images of all names in order, decoding as many at once as memory allows; small ones one by one.

    Args:
        decode: returns one image.
        names: its arguments.
        largest: pixels of the largest image.
    """
    if largest < _SMALL:
        yield from map(decode, names)
        return
    ahead = max(1, min(64, _IN_MEMORY // largest))
    with ThreadPoolExecutor(min(ahead, THREADS)) as pool:
        begun: deque[Future[Tensor]] = deque()
        for name in names:
            begun.append(pool.submit(decode, name))
            if len(begun) == ahead:
                yield begun.popleft().result()
        while begun:
            yield begun.popleft().result()


def of(shape: tuple[int, ...], images: Iterable[Tensor], labels: Tensor | None) -> str:
    """Return the sha256 over ``"N C H W"``, the uint8 pixels in order, and the labels.

    Args:
        shape: ``N, C, H, W``.
        images: N images ``[C, H, W]`` uint8.
        labels: ``[N]`` int64 or ``[N, label_dim]`` float32, hashed little-endian; None for no labels.
    """
    content = hashlib.sha256(" ".join(map(str, shape)).encode())
    with bar("fingerprint", shape[0]) as advance:
        for image in images:
            content.update(image.contiguous().numpy().data)
            advance()
    if labels is not None:
        content.update(labels.numpy().astype("<i8" if labels.dtype == torch.int64 else "<f4").tobytes())
    return content.hexdigest()


@contextmanager
def alone(stamp: Stamp) -> Iterator[None]:
    """Let other processes that want the same fingerprint wait during the body, to find it in the cache afterwards.

    The ranks of a training and the processes of a measurement start at once. Without a cache or locks, each computes.
    """
    path = _path(_key(stamp)).with_suffix(".lock")
    with ExitStack() as held:
        with suppress(OSError, ImportError):
            import fcntl

            path.parent.mkdir(parents=True, exist_ok=True)
            fcntl.flock(held.enter_context(path.open("w")), fcntl.LOCK_EX)
            held.callback(path.unlink, missing_ok=True)
        yield


def changed(opened: Stamp, look: Callable[[], Stamp], path: Path) -> str:
    """Return "" if the files are unchanged, else a sentence that names the first that changed.

    Args:
        opened: the stamp when the data set was opened.
        look: returns the current stamp.
        path: of the folder or zip, for the message.
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
    """Return what the cache knows about these files in this state, or None."""
    key = _key(stamp)
    try:
        with _path(key).open("rb") as file:
            found = json.loads(file.read(2**16))  # more than any entry has
        colours = tuple((str(colour), int(count)) for colour, count in found["colours"])
        known = Known(str(found["fingerprint"]), Header(*found["header"]), colours)
        sound = found["checksum"] == _checksum(key, known) and all(type(x) is int and x > 0 for x in known.header)
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
    return known if sound else None


def remember(stamp: Stamp, known: Known) -> None:
    """Store a data set in the cache, unless a file is so new that its times prove nothing, or writing fails."""
    newest = max(file.modified for file in stamp.files)
    if time.time_ns() - newest < _SETTLED_NS:
        return
    key = _key(stamp)
    content = {**known._asdict(), "checksum": _checksum(key, known)}
    with suppress(OSError):  # without the cache, only time is lost
        path = _path(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, json.dumps(content).encode())


def _key(stamp: Stamp) -> str:
    """Return the sha256 of everything that determines pixels and labels."""
    content = json.dumps([VERSION, PIL.__version__, stamp])  # another Pillow may decode JPEG differently
    return hashlib.sha256(content.encode()).hexdigest()


def _checksum(key: str, known: Known) -> str:
    return hashlib.sha256(json.dumps([key, *known]).encode()).hexdigest()


def _path(key: str) -> Path:
    return cache_dir() / "data" / f"{key}.json"
