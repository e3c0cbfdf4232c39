"""What the cache folder holds, by model and data, and which of it can be removed."""

import json
import os
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open

from ganbench.engine.cache import LAYOUT
from ganbench.errors import BadInputError, CacheError

DEFAULT_MAX = 20 * 2**30  # bytes; a run trims the cache to this size unless GANBENCH_CACHE_MAX is set
ABANDONED = 3600.0  # seconds after which no running process can still be writing a partial file
LEFT_OVER = "left over"
UNITS = {"": 1, "k": 2**10, "m": 2**20, "g": 2**30, "t": 2**40}


@dataclass(frozen=True)
class Entry:
    """One file of finished shards.

    Attributes:
        path: of the file.
        nbytes: its size.
        used: when it was last written or read, in seconds since 1970.
        model: that made the images; "" for reals alone.
        data: set of real images; "" if it depends on none.
        stale: why no run can use it any more; "" if a run can.
    """

    path: Path
    nbytes: int
    used: float
    model: str
    data: str
    stale: str


def entries(folder: Path) -> list[Entry]:
    """Return all files of finished shards, and partial files left over from interrupted writes.

    Raises:
        CacheError: the folder cannot be read.
    """
    try:
        return [entry for path in sorted(folder.rglob("*")) for entry in _entry(path)]
    except OSError as error:
        raise CacheError(
            f"expected a cache folder that can be read, found {folder} ({error.strerror}): check its permissions."
        ) from error


def _entry(path: Path) -> Iterator[Entry]:
    try:
        if not path.is_file():
            return
        found = path.stat()
    except FileNotFoundError:  # another process has just removed it
        return
    if path.suffix != ".safetensors" and time.time() - found.st_mtime < ABANDONED:
        return  # another process may be writing it
    about, stale = ({}, LEFT_OVER) if path.suffix != ".safetensors" else _about(path)
    yield Entry(path, found.st_size, found.st_mtime, about.get("model", ""), about.get("data", ""), stale)


def _about(path: Path) -> tuple[dict[str, Any], str]:
    """Return what a file's header says about it, and why it cannot be used; "" if it can."""
    try:
        with safe_open(path, framework="numpy") as file:
            meta = file.metadata() or {}
        about = json.loads(meta.get("about", "{}"))
    except (OSError, SafetensorError, ValueError, RecursionError):
        return {}, "damaged"
    if meta.get("layout") != str(LAYOUT) or meta.get("torch") != torch.__version__:
        return about if isinstance(about, dict) else {}, "of another version"
    return (about, "") if isinstance(about, dict) else ({}, "damaged")


def remove(chosen: Iterable[Entry]) -> int:
    """Remove files, and return how many bytes that freed; files that cannot be removed are skipped."""
    freed = 0
    for entry in chosen:
        try:
            entry.path.unlink()
        except OSError:
            continue
        freed += entry.nbytes
    return freed


def beyond(found: Sequence[Entry], most: int) -> list[Entry]:
    """Return the least recently used files that must go so that the others have at most ``most`` bytes."""
    total, chosen = sum(entry.nbytes for entry in found), []
    for entry in sorted(found, key=lambda entry: entry.used):
        if total <= most:
            break
        chosen.append(entry)
        total -= entry.nbytes
    return chosen


def trim(folder: Path) -> None:
    """Trim the cache to ``$GANBENCH_CACHE_MAX`` (20G by default): remove the least recently used files.

    Partial files left over from interrupted writes are removed, too.
    """
    sizes = {path: path.stat().st_size for path in folder.rglob("*") if path.is_file()}
    if sum(sizes.values()) > max_bytes() or any(path.suffix != ".safetensors" for path in sizes):
        found = entries(folder)
        remove(entry for entry in found if entry.stale == LEFT_OVER)
        remove(beyond([entry for entry in found if entry.stale != LEFT_OVER], max_bytes()))


def max_bytes() -> int:
    """Return the largest size of the cache in bytes, ``$GANBENCH_CACHE_MAX`` or 20 GiB.

    Raises:
        BadInputError: the variable is set to something that is not a size.
    """
    text = os.environ.get("GANBENCH_CACHE_MAX")
    return parse_size(text) if text else DEFAULT_MAX


def parse_size(text: str) -> int:
    """Return the number of bytes that ``500M`` or ``20G`` stands for, in powers of 1,024.

    Raises:
        BadInputError: the text is not a size.
    """
    plain = text.strip().lower().removesuffix("b").removesuffix("i")
    number, unit = (plain[:-1], plain[-1]) if plain and plain[-1] in UNITS else (plain, "")
    if not (number.isdecimal() and len(number) <= 12):
        raise BadInputError(f"expected a size for the cache, found {text[:40]!r}: write for example 500M or 20G.")
    return int(number) * UNITS[unit]
