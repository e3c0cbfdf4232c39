"""The missing shards of a pass, computed and stored."""

from dataclasses import dataclass

from ganbench.engine.cache import Cache
from ganbench.engine.cuts import Bounds
from ganbench.engine.data_watch import DataWatch
from ganbench.engine.plan import Pass, Plan, Query
from ganbench.engine.shards import Progress, Shard, Worker, block_key, missing, wanted
from ganbench.inputs import Accumulator


@dataclass(frozen=True)
class Found:
    """A finished shard.

    Attributes:
        samples: how many were computed.
        blocks: for each query, each block's bounds and accumulator.
    """

    samples: int
    blocks: tuple[tuple[Query, Bounds, Accumulator], ...]


def work(plan: Plan, worker: Worker, cache: Cache, pass_: Pass, progress: Progress) -> None:
    """Compute and store the missing shards of a pass.

    Raises:
        DataChangedError: the data changed during the run; shards that may be affected are discarded.
    """
    watch = DataWatch(pass_.source, plan.context, cache)
    for shard in missing(pass_, plan.context, worker.tile, cache):
        store(computed(worker, pass_, shard, progress), pass_, worker, watch)
    watch.look()


def computed(worker: Worker, pass_: Pass, shard: Shard, progress: Progress) -> Found:
    """Return a finished shard; errors are those of ``Worker.shard``."""
    (start, stop), queries = shard
    cut = [wanted(pass_, query, start, stop) for query in queries]
    made = worker.blocks(pass_.source, queries, start, stop, cut, progress)
    blocks = [
        (query, *block)
        for query, bounds, accumulators in zip(queries, cut, made, strict=True)
        for block in zip(bounds, accumulators, strict=True)
    ]
    return Found(stop - start, tuple(blocks))


def store(found: Found, pass_: Pass, worker: Worker, watch: DataWatch) -> None:
    """Store a finished shard; errors are those of ``DataWatch.store``."""
    for query, block, accumulator in found.blocks:
        watch.store(block_key(pass_, query, worker.context, worker.tile, block), accumulator, query)
