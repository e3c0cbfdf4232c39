"""The interval of FID at Inception's 2048 dimensions: a jackknife over 20 groups of samples and 20 of reals.

Each group costs one Fréchet distance, so that the alternative in the same run is the number itself, computed as often.
"""

import time
from typing import Any

import numpy as np
import torch
from pytest_benchmark.fixture import BenchmarkFixture

from ganbench.engine.intervals import Cut, Side, _from_spreads, _spreads
from ganbench.engine.shards import cores
from ganbench.inputs import Moments
from ganbench.metrics import Number, resolve
from tests.benchmarks.comparing import bound, shown_seconds

D, GROUPS, SAMPLES = 2048, 20, 10_000
LONGEST, CORES = 15.0, 4  # seconds of 20 replicates, on so many cores; on fewer in proportion more


def cut(side: Side, key: str, seed: int) -> Cut:
    """Return samples whose standard deviations span three decades, in groups."""
    rows = np.random.default_rng(seed).standard_normal((SAMPLES, D)) * np.logspace(0, -3, D)
    whole, parts = Moments(), []
    for part in torch.from_numpy(rows).tensor_split(GROUPS):
        parts.append({key: Moments()})
        parts[-1][key].update(part)
        whole.merge(parts[-1][key])
    return Cut(side, {key: whole}, parts)


def test_the_interval_of_fid_at_2048_dimensions(benchmark: BenchmarkFixture) -> None:
    metric: Any = resolve("fid50k")
    cuts = [cut("samples", "fake", 0), cut("reals", "real", 1)]
    known = {key: each for one in cuts for key, each in one.whole.items()}
    started = time.perf_counter()
    numbers: dict[str, Number] = metric.compute(**known)
    of_number = time.perf_counter() - started

    def intervals() -> list[Number]:
        spreads = list(_spreads(metric, numbers, known, cuts))
        return [_from_spreads(number, spreads, place) for place, number in enumerate(numbers.values())]

    (found,) = benchmark.pedantic(intervals, rounds=1)
    assert found.errors.keys() == {"samples", "reals"}
    seconds = benchmark.stats.stats.median / len(cuts)
    benchmark.extra_info["times_the_number_itself"] = round(seconds / of_number, 1)
    what = f"interval of FID at {D:,} dimensions, by {GROUPS} groups of one side"
    bound(benchmark, what, [seconds], LONGEST * max(1, CORES / cores()), shown_seconds)
