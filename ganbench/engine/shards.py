"""Working a pass off in shards, and a shard in tiles of fixed shape, so that no number depends on how it was split.

A shard is ``SHARD`` consecutive samples: the unit of resuming and of distribution. A tile is what networks see at once.
On a CPU its size is fixed, and padded at the end, because a network's last bits depend on the size of the batch; one
thread works on one tile. On a GPU a tile is the batch. Where a sample is several images, its source has a ``weight``,
their number, and shards and tiles have so many times fewer samples.
"""

import contextlib
import os
import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from ganbench.engine.cache import Cache, shard_key
from ganbench.engine.plan import Pass, Plan, Tap
from ganbench.errors import NonFiniteError
from ganbench.inputs import Accumulator, Batch, Setting, Source

SHARD = 1024
Progress = Callable[[int], None]


def tile_size(setting: Setting, batch_size: int) -> int:
    """Return how many images a network sees at once: the batch on a GPU; on a CPU what fits in cache, 16 down to 1."""
    if torch.device(setting.device).type != "cpu":
        return batch_size
    of_model = getattr(setting.model, "img_resolution", None) or 0
    resolution = max(64, of_model, setting.data.resolution if setting.data else 0)
    return max(1, 16 * 64**2 // resolution**2)


def lighter(number: int, source: Source) -> int:
    """Return how many samples of a source make up so many images, at least one."""
    return max(1, number // int(getattr(source, "weight", 1)))


def default_batch_size(device: str) -> int:
    """Return how many samples are in work at once where nobody says: 64 on a GPU, 16 a core on a CPU."""
    return 64 if torch.device(device).type != "cpu" else 16 * cores()


def cores() -> int:
    """Return the number of cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextlib.contextmanager
def exact_float32() -> Iterator[None]:
    """Keep GPUs from rounding float32 products to TF32, whose 10 bits would show in every number."""
    convolutions, products = torch.backends.cudnn.allow_tf32, torch.get_float32_matmul_precision()
    torch.backends.cudnn.allow_tf32 = False
    torch.set_float32_matmul_precision("highest")
    try:
        yield
    finally:
        torch.backends.cudnn.allow_tf32 = convolutions
        torch.set_float32_matmul_precision(products)


@dataclass(frozen=True, eq=False)
class Worker:
    """Threads that work on tiles, each with its own view of the setting and one core.

    Attributes:
        setting: of the run.
        batch_size: images in work at once.
        max_threads: of a CPU; None for one a core.
    """

    setting: Setting
    batch_size: int
    max_threads: int | None = None
    tile: int = field(init=False)
    threads: int = field(init=False)
    _pool: ThreadPoolExecutor = field(init=False)
    _settings: "queue.SimpleQueue[Setting]" = field(init=False)

    def __post_init__(self) -> None:
        tile = tile_size(self.setting, self.batch_size)
        on_cpu = torch.device(self.setting.device).type == "cpu"
        threads = min(self.max_threads or cores(), max(1, self.batch_size // tile)) if on_cpu else 1
        settings: queue.SimpleQueue[Setting] = queue.SimpleQueue()
        for _ in range(threads):
            settings.put(self.setting.for_thread())
        pool = _pool_of_single_cores(threads)
        for name, value in (("tile", tile), ("threads", threads), ("_pool", pool), ("_settings", settings)):
            object.__setattr__(self, name, value)

    def __enter__(self) -> "Worker":
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(cancel_futures=True)

    def shard(
        self, source: Source, taps: Sequence[Tap], start: int, stop: int, progress: Progress
    ) -> list[Accumulator]:
        """Return one accumulator a tap, filled with samples ``start`` to ``stop`` (less where a tap wants fewer).

        Raises:
            NonFiniteError: naming the first sample with a NaN or an infinity.
        """
        tile = lighter(self.tile, source)
        tiles = [(at, min(at + tile, stop)) for at in range(start, stop, tile)]
        futures = [self._pool.submit(self._tile, source, taps, *bounds) for bounds in tiles]
        try:
            parts = [_after(future, progress, bounds) for future, bounds in zip(futures, tiles, strict=True)]
        except BaseException:
            for future in futures:
                future.cancel()
            raise
        # In a pool thread too: the last bits of a sum depend on the number of threads that make it.
        return self._pool.submit(_accumulate, taps, parts, start).result()

    @torch.inference_mode()
    def _tile(self, source: Source, taps: Sequence[Tap], start: int, stop: int) -> list[Tensor]:
        """Return the rows of every tap for one tile, on the CPU."""
        padded = (*range(start, stop), *[stop - 1] * (lighter(self.tile, source) - (stop - start)))
        setting = self._settings.get()
        try:
            batch = Batch(source, setting, padded)
            for name, drawn in batch.drawn.items():
                _refuse_nonfinite(drawn, f"{name} of {source.name}", start)
            rows = [batch.of(tap.view) if start < tap.count else torch.empty(0) for tap in taps]
        finally:
            self._settings.put(setting)
        for tap, seen in zip(taps, rows, strict=True):
            _refuse_nonfinite(seen, f"{tap.view} of {source.name}", start)
        return [seen[: stop - start].cpu() for seen in rows]


def _pool_of_single_cores(threads: int) -> ThreadPoolExecutor:
    """Return a pool each thread of which computes on one core; the caller's own number of threads stays as it is."""
    before = torch.get_num_threads()
    pool, all_started = ThreadPoolExecutor(threads, initializer=_stay_on_one_core), threading.Barrier(threads)
    for future in [pool.submit(all_started.wait) for _ in range(threads)]:
        future.result()
    torch.set_num_threads(before)  # setting it in a thread also sets what later threads begin with
    return pool


def _stay_on_one_core() -> None:
    torch.get_num_threads()  # a thread adopts the process's number when first asked, even over one set before
    torch.set_num_threads(1)


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
            f"{what}: sample {first} has a NaN or an infinity, so nothing is stored: check the weights."
        )


@torch.inference_mode()
def _accumulate(taps: Sequence[Tap], parts: Sequence[Sequence[Tensor]], start: int) -> list[Accumulator]:
    made = []
    for number, tap in enumerate(taps):
        rows = torch.cat([part[number] for part in parts if len(part[number])])[: max(0, tap.count - start)]
        accumulator = tap.into()
        accumulator.update(rows)
        made.append(accumulator)
    return made


def bounds(count: int, shard: int | None = None) -> list[tuple[int, int]]:
    """Return the shards of a pass, as (start, stop), of ``SHARD`` samples where nothing else is said."""
    shard = shard or SHARD
    return [(start, min(start + shard, count)) for start in range(0, count, shard)]


def missing(one: Pass, setting: Setting, tile: int, cache: Cache) -> Iterator[tuple[tuple[int, int], list[Tap]]]:
    """Yield the shards that still have to be computed, with the taps that lack them."""
    for start, stop in bounds(one.count, lighter(SHARD, one.source)):
        lacking = [tap for tap in one.taps if start < tap.count and _key(one, tap, setting, tile, start) not in cache]
        if lacking:
            yield (start, min(stop, max(tap.count for tap in lacking))), lacking


def _key(one: Pass, tap: Tap, setting: Setting, tile: int, start: int) -> str:
    stop = min(start + lighter(SHARD, one.source), tap.count)
    return shard_key(one.source, tap, setting, lighter(tile, one.source), start, stop)


def work(
    plan: Plan, worker: Worker, cache: Cache, one: Pass, progress: Progress, rank: int = 0, ranks: int = 1
) -> None:
    """Compute and store the missing shards of a pass that fall to this rank."""
    for (start, stop), taps in missing(one, plan.setting, worker.tile, cache):
        if (start // lighter(SHARD, one.source)) % ranks == rank:
            for tap, shard in zip(taps, worker.shard(one.source, taps, start, stop, progress), strict=True):
                cache.write(_key(one, tap, plan.setting, worker.tile, start), shard)


def collect(one: Pass, tap: Tap, worker: Worker, cache: Cache, progress: Progress) -> Accumulator:
    """Return a tap's accumulator, merged from its shards in their order; a damaged shard is computed again."""
    total: Any = None
    for start, stop in bounds(tap.count, lighter(SHARD, one.source)):
        key = _key(one, tap, worker.setting, worker.tile, start)
        shard = cache.read(key, tap.into)
        if shard is None:
            (shard,) = worker.shard(one.source, [tap], start, stop, progress)
            cache.write(key, shard)
        if total is None:
            total = shard
        else:
            total.merge(shard)
    assert isinstance(total, Accumulator)
    return total
