"""What a data set is known by: the sha256 of its pixels and labels, remembered until a file changes.

Remembering goes by names, sizes and times of all files. A file written in the last moments could change again without
its times showing it, so such a data set is not remembered yet. Whatever is wrong with the cache, it is ignored.
"""

import hashlib
import json
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import PIL
import torch
from torch import Tensor

from ganbench.atomic import write_atomically
from ganbench.data.decoding import Header
from ganbench.paths import cache_dir

VERSION = 1  # of the decoding rules and of the cache's layout
_SETTLED_NS = 2 * 10**9  # the coarsest clock of a common file system


class Stamp(NamedTuple):
    """What changes when files change.

    Attributes:
        files: name, size, and times of modification and of status change in ns, of each file.
        where: the absolute path of the folder or zip.
    """

    where: str
    files: tuple[tuple[str, int, int, int], ...]


class Known(NamedTuple):
    """What is remembered of a data set."""

    fingerprint: str
    header: Header


def of(shape: tuple[int, ...], images: Iterable[Tensor], labels: Tensor | None) -> str:
    """Return the sha256 over ``"N C H W"``, the uint8 pixels in order, and the labels.

    Args:
        shape: ``N, C, H, W``.
        images: N images ``[C, H, W]`` uint8.
        labels: ``[N]`` int64 or ``[N, label_dim]`` float32, hashed little-endian; None adds nothing.
    """
    content = hashlib.sha256(" ".join(map(str, shape)).encode())
    for image in images:
        content.update(image.numpy().tobytes())
    if labels is not None:
        content.update(labels.numpy().astype("<i8" if labels.dtype == torch.int64 else "<f4").tobytes())
    return content.hexdigest()


def recall(stamp: Stamp) -> Known | None:
    """Return what was remembered of these very files, or None."""
    try:
        found = json.loads(_path(stamp).read_text())
        known = Known(found["fingerprint"], Header(*found["header"]))
        sound = len(bytes.fromhex(known.fingerprint)) == 32 and all(isinstance(x, int) and x > 0 for x in known.header)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return known if sound else None


def remember(stamp: Stamp, known: Known) -> None:
    """Remember a data set, unless a file is so new that its times prove nothing, or the cache cannot be written."""
    newest = max(modified for _, _, modified, _ in stamp.files)
    if time.time_ns() - newest < _SETTLED_NS:
        return
    with suppress(OSError):  # a cache that cannot be written costs time and nothing else
        path = _path(stamp)
        path.parent.mkdir(parents=True, exist_ok=True)
        content = {"fingerprint": known.fingerprint, "header": known.header}
        write_atomically(path, json.dumps(content).encode())


def _path(stamp: Stamp) -> Path:
    key = json.dumps([VERSION, PIL.__version__, stamp])  # another Pillow may decode JPEG differently
    return cache_dir() / "data" / f"{hashlib.sha256(key.encode()).hexdigest()}.json"
