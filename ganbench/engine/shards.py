"""A pass computed in shards, and a shard in tiles of fixed shape, so that no number depends on how work is split.

A shard is ``SHARD`` consecutive samples: the unit of resuming and of distribution. A tile is what networks see at once.
On a CPU its size is fixed, and the last one is padded, because a network's last bits depend on the size of the batch;
one thread computes one tile. On a GPU a tile is the batch. If a sample is several images, shards and tiles hold fewer
samples, in proportion.
"""

import os
import queue
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future

import torch
from torch import Tensor

from baselines.ops.tiles import single_core_pool
from ganbench.engine.cache import Cache, shard_key
from ganbench.engine.plan import Pass, Plan, Query
from ganbench.errors import DataChangedError, NonFiniteError
from ganbench.inputs import Accumulator, Batch, Context, Source
from ganbench.types import WatchedDataset

SHARD = 1024
GROUPS = 20  # of shards a query, at most: enough for a jackknife, and few enough to keep on disk
LOOK_EVERY = 5.0  # seconds between two checks of the data, each of which calls stat on every file
Progress = Callable[[int], None]


def tile_size(context: Context, batch_size: int) -> int:
    """Return how many images a network sees at once: the batch on a GPU; on a CPU what fits in its cache, 16 to 1."""
    if torch.device(context.device).type != "cpu":
        return batch_size
    resolution = max(64, context.img_resolution or 0, context.data.resolution if context.data else 0)
    return max(1, 16 * 64**2 // resolution**2)


def samples_in(images: int, source: Source) -> int:
    """Return how many samples of a source make up ``images`` images, at least one."""
    return max(1, images // source.images_per_sample)


def default_batch_size(device: str) -> int:
    """Return the default number of samples in work at once: 64 on a GPU, 16 per core on a CPU."""
    return 64 if torch.device(device).type != "cpu" else 16 * cores()


def cores() -> int:
    """Return the number of cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Worker:
    """Threads that compute tiles, each on one core with its own copy of the context.

    A network spread over all cores would wait for the slowest after every operation, and its sums would depend on the
    number of cores.

    Attributes:
        context: of the run.
        tile: images that a network sees at once.
        threads: number of tiles in work at once.
    """

    def __init__(self, context: Context, batch_size: int, max_threads: int | None = None) -> None:
        self.context = context
        self.tile = tile_size(context, batch_size)
        on_cpu = torch.device(context.device).type == "cpu"
        self.threads = min(max_threads or cores(), max(1, batch_size // self.tile)) if on_cpu else 1
        self._contexts: queue.SimpleQueue[Context] = queue.SimpleQueue()
        for _ in range(self.threads):
            self._contexts.put(context.for_thread())
        self._pool = single_core_pool(self.threads)

    def __enter__(self) -> "Worker":
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(cancel_futures=True)

    def shard(
        self, source: Source, queries: Sequence[Query], start: int, stop: int, progress: Progress
    ) -> list[Accumulator]:
        """Return one accumulator per query, filled with samples ``start`` to ``stop`` or up to the query's count.

        Raises:
            NonFiniteError: naming the first sample with a NaN or an infinity.
        """
        tile = samples_in(self.tile, source)
        tiles = [(at, min(at + tile, stop)) for at in range(start, stop, tile)]
        futures = [self._pool.submit(self._tile, source, queries, *bounds) for bounds in tiles]
        try:
            parts = [_after(future, progress, bounds) for future, bounds in zip(futures, tiles, strict=True)]
        except BaseException:
            for future in futures:
                future.cancel()
            raise
        # Also in a pool thread: the last bits of a sum depend on the number of threads that compute it.
        return self._pool.submit(_accumulate, queries, parts, start).result()

    @torch.inference_mode()
    def _tile(self, source: Source, queries: Sequence[Query], start: int, stop: int) -> list[Tensor]:
        """Return the rows of every query for one tile, on the CPU."""
        padded = (*range(start, stop), *[stop - 1] * (samples_in(self.tile, source) - (stop - start)))
        context = self._contexts.get()
        try:
            batch = Batch(source, context, padded)
            for name, drawn in batch.drawn.items():
                _refuse_nonfinite(drawn, f"{name} of {source.name}", start)
            rows = [batch.of(query.view) if start < query.count else torch.empty(0) for query in queries]
        finally:
            self._contexts.put(context)
        for query, seen in zip(queries, rows, strict=True):
            _refuse_nonfinite(seen, f"{query.view} of {source.name}", start)
        return [seen[: stop - start].cpu() for seen in rows]


def _after(future: "Future[list[Tensor]]", progress: Progress, bounds: tuple[int, int]) -> list[Tensor]:
    rows = future.result()
    progress(bounds[1] - bounds[0])
    return rows


def _refuse_nonfinite(rows: Tensor, what: str, start: int) -> None:
    if not rows.is_floating_point() or bool(torch.isfinite(rows.sum())):
        return
    bad = ~torch.isfinite(rows.flatten(1)).all(1)
    if bool(bad.any()):
        first = start + int(bad.nonzero()[0])
        raise NonFiniteError(
            f"expected finite {what}, found a NaN or an infinity in sample {first}: check the weights; nothing was "
            "stored."
        )


@torch.inference_mode()
def _accumulate(queries: Sequence[Query], parts: Sequence[Sequence[Tensor]], start: int) -> list[Accumulator]:
    made = []
    for number, query in enumerate(queries):
        rows = torch.cat([part[number] for part in parts if len(part[number])])[: max(0, query.count - start)]
        accumulator = query.into()
        accumulator.update(rows)
        made.append(accumulator)
    return made


def bounds(count: int, shard: int | None = None) -> list[tuple[int, int]]:
    """Return the shards of a pass as ``(start, stop)``, of ``SHARD`` samples by default."""
    shard = shard or SHARD
    return [(start, min(start + shard, count)) for start in range(0, count, shard)]


def groups(count: int, shard: int) -> list[list[tuple[int, int]]]:
    """Return the shards of a pass in at most ``GROUPS`` groups of consecutive ones; numbers are merged group by group.

    A finished group is stored as one file in place of its shards, because moments of 2,048 features take 17 MB each.
    Its size is a power of two, so that runs of similar counts have the same groups and share the stored ones.
    """
    shards = bounds(count, shard)
    size = 1
    while size * GROUPS < len(shards):
        size *= 2
    return [shards[at : at + size] for at in range(0, len(shards), size)]


def missing(pass_: Pass, context: Context, tile: int, cache: Cache) -> Iterator[tuple[tuple[int, int], list[Query]]]:
    """Yield the shards that still have to be computed, with the queries that need them."""
    shard = samples_in(SHARD, pass_.source)
    grouped = {query: _of_groups(pass_, query, context, tile, cache) for query in pass_.queries}
    for start, stop in bounds(pass_.count, shard):
        wanted = [query for query in pass_.queries if start < query.count and start not in grouped[query]]
        lacking = [query for query in wanted if _key(pass_, query, context, tile, start) not in cache]
        if lacking:
            yield (start, min(stop, max(query.count for query in lacking))), lacking


def _of_groups(pass_: Pass, query: Query, context: Context, tile: int, cache: Cache) -> set[int]:
    """Return the starts of the shards whose whole group is stored."""
    return {
        start
        for group in groups(query.count, samples_in(SHARD, pass_.source))
        if len(group) > 1 and _group_key(pass_, query, context, tile, group) in cache
        for start, _ in group
    }


def unfinished(plan: Plan, batch_size: int, cache: Cache) -> bool:
    """Return whether any shard of a plan still has to be computed."""
    tile = tile_size(plan.context, batch_size)
    return any(True for pass_ in plan.passes for _ in missing(pass_, plan.context, tile, cache))


def _key(pass_: Pass, query: Query, context: Context, tile: int, start: int) -> str:
    stop = min(start + samples_in(SHARD, pass_.source), query.count)
    return shard_key(pass_.source, query, context, samples_in(tile, pass_.source), start, stop)


def _group_key(pass_: Pass, query: Query, context: Context, tile: int, group: Sequence[tuple[int, int]]) -> str:
    start, stop = group[0][0], group[-1][1]
    return shard_key(pass_.source, query, context, samples_in(tile, pass_.source), start, stop)


def work(
    plan: Plan, worker: Worker, cache: Cache, pass_: Pass, progress: Progress, rank: int = 0, ranks: int = 1
) -> None:
    """Compute and store the missing shards of a pass that belong to this rank.

    Raises:
        DataChangedError: the data changed during the run; shards that may be affected are discarded.
    """
    watch = DataWatch(pass_.source, plan.context, cache)
    for (start, stop), queries in missing(pass_, plan.context, worker.tile, cache):
        if (start // samples_in(SHARD, pass_.source)) % ranks == rank:
            shards = worker.shard(pass_.source, queries, start, stop, progress)
            for query, shard in zip(queries, shards, strict=True):
                watch.store(_key(pass_, query, plan.context, worker.tile, start), shard, query)
    watch.look()


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
        change = next(filter(None, (each.changed() for each in self._watched)), "") if self._unsure else ""
        if change:
            for key in self._unsure:
                self.cache.remove(key)
            raise DataChangedError(change)
        self._unsure, self._looked = [], time.monotonic()


@torch.inference_mode()  # newly computed shards hold inference tensors, which only this mode may modify
def collect(pass_: Pass, query: Query, worker: Worker, cache: Cache, progress: Progress) -> Accumulator:
    """Return a query's accumulator, merged from its groups in order; damaged shards are computed again."""
    watch = DataWatch(pass_.source, worker.context, cache)
    shard = samples_in(SHARD, pass_.source)
    parts = (_group(pass_, query, group, worker, watch, progress) for group in groups(query.count, shard))
    total = _merged(parts)
    watch.look()
    return total


def _group(
    pass_: Pass,
    query: Query,
    group: Sequence[tuple[int, int]],
    worker: Worker,
    watch: "DataWatch",
    progress: Progress,
) -> Accumulator:
    """Return a group's accumulator: read from the cache, or merged from its shards and then stored."""
    key = _group_key(pass_, query, worker.context, worker.tile, group)
    stored = watch.cache.read(key, query.into)
    if stored is not None:
        return stored
    total = _merged(_shard(pass_, query, bounds, worker, watch, progress) for bounds in group)
    if len(group) > 1:
        watch.store(key, total, query)
    return total


def _shard(
    pass_: Pass, query: Query, bounds: tuple[int, int], worker: Worker, watch: "DataWatch", progress: Progress
) -> Accumulator:
    key = _key(pass_, query, worker.context, worker.tile, bounds[0])
    shard = watch.cache.read(key, query.into)
    if shard is None:
        (shard,) = worker.shard(pass_.source, [query], *bounds, progress)
        watch.store(key, shard, query)
    return shard


def _merged(parts: Iterable[Accumulator]) -> Accumulator:
    total: Accumulator | None = None
    for part in parts:  # one at a time: moments are large
        if total is None:
            total = part
        else:
            total.merge(part)
    assert total is not None, "a pass has at least one sample"
    return total


def tidy(pass_: Pass, worker: Worker, cache: Cache) -> None:
    """Remove the shards of a finished pass whose groups are stored, unless another query still needs them singly."""
    shard = samples_in(SHARD, pass_.source)
    kept, of_groups = set[str](), set[str]()
    for query in pass_.queries:
        for group in groups(query.count, shard):
            keys = [_key(pass_, query, worker.context, worker.tile, start) for start, _ in group]
            (kept if len(group) == 1 else of_groups).update(keys)
    for key in of_groups - kept:
        cache.remove(key)
