"""Finished shards on disk: named by all that changes their numbers, written whole or not at all, checked on reading."""

import contextlib
import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from ganbench.atomic import probe, write_atomically
from ganbench.engine.plan import Query
from ganbench.errors import CacheError
from ganbench.inputs import Accumulator, Context, Source, View
from ganbench.inputs.accumulators import State
from ganbench.paths import cache_dir

LAYOUT = 3  # of the files and of the order of computation; raised when either changes


def shard_key(source: Source, query: Query, context: Context, tile: int, start: int, stop: int) -> str:
    """Return the sha256 over every field that can change what a shard's accumulator holds."""
    extractor = query.view.extractor
    fields = {
        "layout": LAYOUT,
        "torch": torch.__version__,
        "device": torch.device(context.device).type,
        "tile": tile,
        "samples": [start, stop],
        "source": _spec(source),
        "depends": source.depends(context),
        "view": _spec(query.view),
        "extractor": context.extractors[extractor].sha256 if extractor else None,
        "into": [query.into.__module__, query.into.__qualname__, query.into.version],
    }
    return hashlib.sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()


def _spec(thing: Source | View) -> list[Any]:
    """Return a frozen part's class, version and fields."""
    cls = type(thing)
    fields = asdict(thing) if is_dataclass(thing) and not isinstance(thing, type) else repr(thing)
    return [cls.__module__, cls.__qualname__, thing.version, fields]


class Cache:
    """The folder of finished shards."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or cache_dir() / "shards"

    def check_writable(self) -> None:
        """Raise ``CacheError`` where nothing can be written, before any work is done; leave nothing behind."""
        try:
            probe(self.folder)
        except OSError as error:
            raise CacheError(
                f"the cache folder {self.folder} cannot be written ({error.strerror}): free it, or name another in "
                "GANBENCH_CACHE."
            ) from error

    def _path(self, key: str) -> Path:
        return self.folder / key[:2] / f"{key}.safetensors"

    def __contains__(self, key: str) -> bool:
        return self._path(key).is_file()

    def read(self, key: str, into: type[Accumulator]) -> Accumulator | None:
        """Return a finished shard, or None where there is none or its file is damaged."""
        try:
            with safe_open(self._path(key), framework="numpy") as file:
                state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - the handle is not a mapping
                meta = file.metadata() or {}
        except (OSError, SafetensorError):
            return None
        if meta.get("key") != key or meta.get("content") != _content(state):
            return None
        with contextlib.suppress(OSError):  # a read-only cache only loses the order of use
            os.utime(self._path(key))
        return into.from_state(state)

    def remove(self, key: str) -> None:
        """Forget a shard, where it can be removed."""
        with contextlib.suppress(OSError):
            self._path(key).unlink(missing_ok=True)

    def write(self, key: str, shard: Accumulator, about: Mapping[str, str] | None = None) -> None:
        """Store a finished shard.

        Args:
            key: that it is found by.
            shard: what was accumulated.
            about: for people: ``model``, ``data``, ``source``, ``view``.

        Raises:
            CacheError: the disk is full or the folder cannot be written; nothing is left behind.
        """
        path, state = self._path(key), shard.state()
        meta = {"key": key, "content": _content(state), "torch": torch.__version__, "layout": str(LAYOUT)}
        data = save(dict(state), {**meta, "about": json.dumps(dict(about or {}))})
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(path, data)
        except OSError as error:
            raise CacheError(
                f"the cache folder {self.folder} takes no more ({error.strerror}): make room, or name another "
                "folder in GANBENCH_CACHE; finished shards are kept."
            ) from error


def _content(state: State | Mapping[str, np.ndarray[Any, Any]]) -> str:
    digest = hashlib.sha256()
    for name, array in sorted(state.items()):
        digest.update(f"{name} {array.dtype} {array.shape} ".encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()
