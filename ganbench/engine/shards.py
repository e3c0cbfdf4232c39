"""A pass computed in shards, and a shard in tiles of fixed shape, so that no number depends on how work is split.

A shard is ``SHARD`` consecutive samples (see ``ganbench.engine.cuts``). A tile is what networks see at once.
On a CPU its size is fixed, and the last one is padded, because a network's last bits depend on the size of the batch;
one thread computes one tile. On a GPU a tile is the batch. If a sample is several images, shards and tiles hold fewer
samples, in proportion.
"""

import os
import queue
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future

import torch
from torch import Tensor

from baselines.ops.tiles import single_core_pool
from ganbench.engine import cuts
from ganbench.engine.ahead import Ahead
from ganbench.engine.cache import Cache, shard_key
from ganbench.engine.cuts import Bounds, blocks, bounds, groups
from ganbench.engine.data_watch import DataWatch
from ganbench.engine.plan import Pass, Plan, Query
from ganbench.errors import NonFiniteError
from ganbench.inputs import Accumulator, Batch, Context, Source
from ganbench.types import FixedSamples

Progress = Callable[[int], None]
Shard = tuple[Bounds, list[Query]]  # its samples, and the queries that need them


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
        readers: threads that read images ahead of a GPU; None on a CPU, whose threads decode what they compute.
    """

    def __init__(
        self, context: Context, batch_size: int, max_threads: int | None = None, readers: int | None = None
    ) -> None:
        self.context = context
        self.tile = tile_size(context, batch_size)
        on_cpu = torch.device(context.device).type == "cpu"
        self.threads = min(max_threads or cores(), max(1, batch_size // self.tile)) if on_cpu else 1
        self._contexts: queue.SimpleQueue[Context] = queue.SimpleQueue()
        for _ in range(self.threads):
            self._contexts.put(context.for_thread())
        self._pool = single_core_pool(self.threads)
        readers = (0 if on_cpu else max_threads or cores()) if readers is None else readers
        self.readers = single_core_pool(readers) if readers else None

    def __enter__(self) -> "Worker":
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(cancel_futures=True)
        if self.readers:
            self.readers.shutdown(cancel_futures=True)

    def shard(
        self, source: Source, queries: Sequence[Query], start: int, stop: int, progress: Progress
    ) -> list[Accumulator]:
        """Return one accumulator per query, filled with samples ``start`` to ``stop`` or up to the query's count.

        Raises:
            NonFiniteError: naming the first sample with a NaN or an infinity.
        """
        wanted = [[(start, min(stop, query.count))] for query in queries]
        return [found[0] for found in self.blocks(source, queries, start, stop, wanted, progress)]

    def blocks(
        self,
        source: Source,
        queries: Sequence[Query],
        start: int,
        stop: int,
        wanted: Sequence[Sequence[Bounds]],
        progress: Progress,
    ) -> list[list[Accumulator]]:
        """Return for each query an accumulator of each of its blocks; errors are those of ``shard``.

        Args:
            source: of the pass.
            queries: of the pass.
            start, stop: samples that are computed.
            wanted: blocks of each query, within these samples.
            progress: is told of finished samples.
        """
        tile = samples_in(self.tile, source)
        tiles = [(at, min(at + tile, stop)) for at in range(start, stop, tile)]
        ahead = self._ahead(source, tiles)
        futures = [self._pool.submit(self._tile, source, queries, *bounds, ahead) for bounds in tiles]
        try:
            parts = [_after(future, progress, bounds) for future, bounds in zip(futures, tiles, strict=True)]
        except BaseException:
            for future in futures:
                future.cancel()
            if ahead:
                ahead.stop()
            raise
        # Also in a pool thread: the last bits of a sum depend on the number of threads that compute it.
        return self._pool.submit(_accumulate, queries, parts, start, wanted).result()

    def _ahead(self, source: Source, tiles: Sequence[Bounds]) -> Ahead | None:
        """Return the tiles as they are read ahead, in their order; None where the one who needs a tile draws it."""
        only_reads = source.only_reads or isinstance(self.context.model, FixedSamples)
        if self.readers is None or self.threads > 1 or not only_reads:
            return None
        return Ahead(self.readers, source, self.context, [self._padded(source, *bounds) for bounds in tiles])

    def _padded(self, source: Source, start: int, stop: int) -> tuple[int, ...]:
        return (*range(start, stop), *[stop - 1] * (samples_in(self.tile, source) - (stop - start)))

    @torch.inference_mode()
    def _tile(
        self, source: Source, queries: Sequence[Query], start: int, stop: int, ahead: Ahead | None = None
    ) -> list[Tensor]:
        """Return the rows of every query for one tile, on the CPU."""
        context = self._contexts.get()
        try:
            read = ahead.take() if ahead else None
            batch = Batch(source, context, self._padded(source, start, stop), read)
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
def _accumulate(
    queries: Sequence[Query], parts: Sequence[Sequence[Tensor]], start: int, wanted: Sequence[Sequence[Bounds]]
) -> list[list[Accumulator]]:
    made = []
    for number, (query, cut) in enumerate(zip(queries, wanted, strict=True)):
        rows = torch.cat([part[number] for part in parts if len(part[number])])
        made.append([query.into() for _ in cut])
        for accumulator, (first, last) in zip(made[-1], cut, strict=True):
            accumulator.update(rows[first - start : last - start])
    return made


def missing(pass_: Pass, context: Context, tile: int, cache: Cache) -> Iterator[Shard]:
    """Yield the shards that still have to be computed, with the queries that need them."""
    shard = samples_in(cuts.SHARD, pass_.source)
    left = {query: _left(pass_, query, context, tile, cache) for query in pass_.queries}
    for start, stop in bounds(pass_.count, shard):
        lacking = [query for query in pass_.queries if any(start <= first < stop for first in left[query])]
        if lacking:
            yield (start, min(stop, max(query.count for query in lacking))), lacking


def _left(pass_: Pass, query: Query, context: Context, tile: int, cache: Cache) -> list[int]:
    """Return the starts of the blocks that are stored neither alone nor in their group."""
    return [
        block[0]
        for group in groups(query.count, samples_in(cuts.SHARD, pass_.source))
        if len(group) == 1 or block_key(pass_, query, context, tile, _whole(group)) not in cache
        for block in group
        if block_key(pass_, query, context, tile, block) not in cache
    ]


def _whole(group: Sequence[Bounds]) -> Bounds:
    """Return the bounds of a group."""
    return group[0][0], group[-1][1]


def unfinished(plan: Plan, batch_size: int, cache: Cache) -> bool:
    """Return whether any shard of a plan still has to be computed."""
    tile = tile_size(plan.context, batch_size)
    return any(True for pass_ in plan.passes for _ in missing(pass_, plan.context, tile, cache))


def block_key(pass_: Pass, query: Query, context: Context, tile: int, block: Bounds) -> str:
    """Return the key of a query's block, or of several consecutive ones merged."""
    return shard_key(pass_.source, query, context, samples_in(tile, pass_.source), *block)


def wanted(pass_: Pass, query: Query, start: int, stop: int) -> list[Bounds]:
    """Return the blocks of a query in a shard."""
    cut = blocks(query.count, samples_in(cuts.SHARD, pass_.source))
    return [block for block in cut if start <= block[0] < stop]


@torch.inference_mode()  # newly computed shards hold inference tensors, which only this mode may modify
def collect(pass_: Pass, query: Query, worker: Worker, cache: Cache, progress: Progress) -> Accumulator:
    """Return a query's accumulator, merged from its groups in order; damaged shards are computed again."""
    total = _merged(parts_of(pass_, query, worker, cache, progress))
    return total


@torch.inference_mode()
def parts_of(
    pass_: Pass, query: Query, worker: Worker, cache: Cache, progress: Progress = lambda _: None
) -> Iterator[Accumulator]:
    """Yield the accumulators of a query's groups in order, one at a time, as moments are large."""
    watch = DataWatch(pass_.source, worker.context, cache)
    for group in groups(query.count, samples_in(cuts.SHARD, pass_.source)):
        yield _group(pass_, query, group, worker, watch, progress)
    watch.look()


def _group(
    pass_: Pass,
    query: Query,
    group: Sequence[Bounds],
    worker: Worker,
    watch: "DataWatch",
    progress: Progress,
) -> Accumulator:
    """Return a group's accumulator: read from the cache, or merged from its blocks and then stored."""
    key = block_key(pass_, query, worker.context, worker.tile, _whole(group))
    stored = watch.cache.read(key, query.into)
    if stored is not None:
        return stored
    total = _merged(_block(pass_, query, block, worker, watch, progress) for block in group)
    if len(group) > 1:
        watch.store(key, total, query)
    return total


def _block(
    pass_: Pass, query: Query, block: Bounds, worker: Worker, watch: "DataWatch", progress: Progress
) -> Accumulator:
    key = block_key(pass_, query, worker.context, worker.tile, block)
    found = watch.cache.read(key, query.into)
    if found is None:
        # In the tiles of its shard, as it was computed before.
        shard = samples_in(cuts.SHARD, pass_.source)
        start = block[0] // shard * shard
        ((found,),) = worker.blocks(pass_.source, [query], start, block[1], [[block]], progress)
        watch.store(key, found, query)
    return found


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
    shard = samples_in(cuts.SHARD, pass_.source)
    kept, of_groups = set[str](), set[str]()
    for query in pass_.queries:
        for group in groups(query.count, shard):
            keys = [block_key(pass_, query, worker.context, worker.tile, block) for block in group]
            (kept if len(group) == 1 else of_groups).update(keys)
    for key in of_groups - kept:
        cache.remove(key)
