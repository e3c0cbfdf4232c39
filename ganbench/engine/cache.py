"""Finished shards on disk: named by everything that changes their numbers, and checked on reading.

A file is written under another name and renamed, so a killed process leaves no half-written shard behind; the checksum
of the content catches what a damaged disk does to it later.
"""

import contextlib
import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import Any, Protocol, Self, TypeVar

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from ganbench.atomic import probe, write_atomically
from ganbench.engine.plan import Query
from ganbench.errors import CacheError
from ganbench.inputs import Context, Source, View
from ganbench.inputs.accumulators import State
from ganbench.metrics import Metric
from ganbench.paths import cache_dir

LAYOUT = 7  # version of the files and of the order of computation; raised when either changes


class Storable(Protocol):
    """An object that arrays can hold: an accumulator, or intervals."""

    def state(self) -> State:
        """Return arrays from which ``from_state`` builds an equal object."""
        ...

    @classmethod
    def from_state(cls, state: Mapping[str, np.ndarray[Any, Any]]) -> Self:
        """Return the object of a state."""
        ...


Stored = TypeVar("Stored", bound=Storable)


def shard_key(source: Source, query: Query, context: Context, tile: int, start: int, stop: int) -> str:
    """Return the sha256 over everything that can change what a shard's accumulator holds.

    Whatever is not in it (batch size on a CPU, number of processes, other metrics of the run) must not change a number.
    """
    extractor = query.view.extractor
    fields = {
        "layout": LAYOUT,
        "torch": torch.__version__,  # another version may compute with other kernels
        "device": torch.device(context.device).type,
        "tile": tile,  # a network's last bits depend on the size of its batch
        "samples": [start, stop],
        "source": spec_of(source),
        "depends": source.depends(context),
        "view": spec_of(query.view),
        "extractor": context.extractors[extractor].sha256 if extractor else None,
        "into": [query.into.__module__, query.into.__qualname__, query.into.version],
    }
    return key_of(fields)


def key_of(fields: Mapping[str, Any]) -> str:
    """Return the sha256 of everything that a file depends on."""
    return hashlib.sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()


def spec_of(thing: Source | View | Metric) -> list[Any]:
    """Return a frozen part's class, version and fields."""
    cls = type(thing)
    fields = asdict(thing) if is_dataclass(thing) and not isinstance(thing, type) else repr(thing)
    return [cls.__module__, cls.__qualname__, thing.version, fields]


class Cache:
    """The folder of finished shards."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or cache_dir() / "shards"

    def check_writable(self) -> None:
        """Raise ``CacheError`` if the folder cannot be written to; leave nothing behind."""
        try:
            probe(self.folder)
        except OSError as error:
            raise CacheError(
                f"expected a cache folder that can be written to, found {self.folder} ({error.strerror}): make room or "
                "change its permissions, or set GANBENCH_CACHE to another folder."
            ) from error

    def _path(self, key: str) -> Path:
        return self.folder / key[:2] / f"{key}.safetensors"

    def __contains__(self, key: str) -> bool:
        return self._path(key).is_file()

    def read(self, key: str, into: type[Stored]) -> Stored | None:
        """Return a finished shard, or None if there is none or its file is damaged."""
        if key not in self:  # or is not a file: a pipe would keep its reader waiting
            return None
        try:
            with safe_open(self._path(key), framework="numpy") as file:
                state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - the handle is not a mapping
                meta = file.metadata() or {}
        except (OSError, SafetensorError, TypeError, AttributeError, KeyError, ValueError):
            return None  # the last four for damage that makes types of which numpy has none
        if meta.get("key") != key or meta.get("content") != content_of(state):
            return None
        with contextlib.suppress(OSError):  # in a read-only cache only the time of last use is lost
            os.utime(self._path(key))
        return into.from_state(state)

    def remove(self, key: str) -> None:
        """Remove a shard if it can be removed."""
        with contextlib.suppress(OSError):
            self._path(key).unlink(missing_ok=True)

    def write(self, key: str, shard: Storable, about: Mapping[str, str] | None = None) -> None:
        """Store a finished shard.

        Args:
            key: from ``shard_key``; for intervals, from ``intervals_key``.
            shard: the filled accumulator, or intervals.
            about: for people: ``model``, ``data``, ``source``, ``view``.

        Raises:
            CacheError: the disk is full or the folder cannot be written to; nothing is left behind.
        """
        path, state = self._path(key), shard.state()
        meta = {"key": key, "content": content_of(state), "torch": torch.__version__, "layout": str(LAYOUT)}
        data = save(dict(state), {**meta, "about": json.dumps(dict(about or {}))})
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(path, data)
        except OSError as error:
            if path.is_dir():
                raise CacheError(
                    f"expected room for a finished shard, found a folder in its place: {path}; remove it; finished "
                    "shards are kept."
                ) from error
            raise CacheError(
                f"expected room in the cache folder {self.folder}, found none ({error.strerror}): make room, or set "
                "GANBENCH_CACHE to another folder; finished shards are kept."
            ) from error


def content_of(state: State | Mapping[str, np.ndarray[Any, Any]]) -> str:
    """Return the sha256 of names, shapes and bytes of arrays."""
    digest = hashlib.sha256()
    for name, array in sorted(state.items()):
        digest.update(f"{name} {array.dtype} {array.shape} ".encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()
