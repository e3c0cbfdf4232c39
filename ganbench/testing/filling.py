"""Filling of a plan's accumulators with any split into shards, so that checks can compare the numbers."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch

from ganbench.engine.cuts import SHARD, bounds
from ganbench.engine.modes import measuring
from ganbench.engine.plan import Pass, Plan, Query
from ganbench.engine.planning import PlannedRun
from ganbench.engine.results import Where, numbers_of
from ganbench.engine.shards import Worker, samples_in
from ganbench.inputs import Accumulator
from ganbench.metrics import Metric, Number

Filled = Mapping[Where, Accumulator]


def filled(plan: Plan, *, batch_size: int = 64, tiles: int | None = None, backwards: bool = False) -> Filled:
    """Return every query's accumulator, merged in the order of its shards.

    Args:
        plan: the plan.
        batch_size: samples computed at once.
        tiles: size of a shard in tiles; None for the engine's usual shards.
        backwards: whether to compute the shards from last to first, since processes may finish them in any order.
    """
    with measuring(plan), Worker(plan.context, batch_size) as worker:
        shard = SHARD if tiles is None else tiles * worker.tile
        return {
            (pass_.source, query): accumulator
            for pass_ in plan.passes
            for query, accumulator in _of_pass(pass_, worker, shard, backwards).items()
        }


@torch.inference_mode()  # as when the engine merges
def _of_pass(pass_: Pass, worker: Worker, shard: int, backwards: bool) -> dict[Query, Accumulator]:
    made: dict[tuple[Query, int], Accumulator] = {}
    cuts = bounds(pass_.count, samples_in(shard, pass_.source))
    for start, stop in reversed(cuts) if backwards else cuts:
        queries = [query for query in pass_.queries if start < query.count]
        parts = worker.shard(pass_.source, queries, start, stop, lambda _: None)
        made |= {(query, start): part for query, part in zip(queries, parts, strict=True)}
    return {
        query: _merged([made[query, start] for start, _ in cuts if (query, start) in made]) for query in pass_.queries
    }


def _merged(parts: Sequence[Any]) -> Any:
    """Return the shards merged in order, each restored from its state as from the cache."""
    first, *others = (type(part).from_state(part.state()) for part in parts)
    for other in others:
        first.merge(other)
    return first


def numbers(metric: Metric, planned: PlannedRun, accumulators: Filled) -> dict[str, Number]:
    """Return a metric's numbers by column name."""
    return numbers_of(metric, planned.plan, accumulators)


def flat(found: Mapping[str, Number]) -> dict[str, float]:
    """Return values by column name, and the values of parts by column name and part."""
    parts = {f"{key} of {part}": value for key, number in found.items() for part, value in number.parts.items()}
    return {key: number.value for key, number in found.items()} | parts
