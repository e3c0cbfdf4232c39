"""Files that change while they are measured: what may have been computed of them is discarded."""

import time

from ganbench.engine.cache import Cache
from ganbench.engine.plan import Query
from ganbench.errors import DataChangedError
from ganbench.inputs import Accumulator, Context, Source
from ganbench.types import WatchedDataset

LOOK_EVERY = 5.0  # seconds between two checks of the data, each of which calls stat on every file


class DataWatch:
    """Discards shards computed since files of data or samples last matched their fingerprints, if one changes."""

    def __init__(self, source: Source, context: Context, cache: Cache) -> None:
        reads = source.reads_data or context.c_dim > 0
        generates = "weights" in source.depends(context)
        watched = (context.data if reads else None, context.model if generates else None)
        self._watched = [each for each in watched if isinstance(each, WatchedDataset)]
        self.cache, self._unsure, self._looked = cache, list[str](), time.monotonic()
        self._about = {"source": source.name, "model": context.name if generates else ""}
        self._about["data"] = context.data.name if reads and context.data else ""

    def store(self, key: str, shard: Accumulator, query: Query) -> None:
        """Store a shard, and check the data if the last check is more than ``LOOK_EVERY`` seconds ago."""
        self.cache.write(key, shard, {**self._about, "view": str(query.view)})
        self._unsure.append(key)
        if time.monotonic() - self._looked > LOOK_EVERY:
            self.look()

    def look(self) -> None:
        """Check the files; if one changed, remove the shards stored since the last check.

        Raises:
            DataChangedError: a file changed.
        """
        if self._unsure and (change := self.change()):
            self.discard()
            raise DataChangedError(change)
        self._unsure, self._looked = [], time.monotonic()

    def change(self) -> str:
        """Return a sentence on what changed in the files, or ""."""
        return next(filter(None, (each.changed() for each in self._watched)), "")

    def discard(self) -> None:
        """Remove the shards stored since the last check."""
        for key in self._unsure:
            self.cache.remove(key)
