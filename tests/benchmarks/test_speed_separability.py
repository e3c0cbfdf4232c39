"""The fits of linear separability, in processes against the plain loop, in the same run.

The ratios are in ``extra_info``; ``pytest tests/benchmarks -o addopts= --benchmark-only --benchmark-json FILE`` shows
them. The paper's size, ``-k full``, takes some five minutes and less than 10 GiB.
"""

import time

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from ganbench.functional import separability
from ganbench.functional.separability import processes_for

D = 512


def images(n: int, attributes: int) -> tuple[np.ndarray, np.ndarray]:
    """Return w of a leaky layer, and logits of attributes that hyperplanes predict in part, as float32."""
    rng = np.random.default_rng(0)
    w = rng.standard_normal((n, D), dtype=np.float32) @ (rng.standard_normal((D, D), dtype=np.float32) / D**0.5)
    w = np.where(w > 0, w, 0.2 * w)
    directions = rng.standard_normal((D, attributes), dtype=np.float32) / D**0.5
    logits = 3 * w @ directions + rng.standard_normal((n, attributes), dtype=np.float32)
    return w, logits.T.copy()


@pytest.mark.parametrize(
    ("samples", "attributes"),
    [pytest.param(20_000, 40, id="tenth"), pytest.param(200_000, 40, id="full", marks=pytest.mark.slow)],
)
def test_fits_in_processes(benchmark: BenchmarkFixture, samples: int, attributes: int) -> None:
    w, logits = images(samples, attributes)
    found = benchmark.pedantic(separability, (w, logits, samples // 2), rounds=1, warmup_rounds=0)
    started = time.perf_counter()
    alone = separability(w, logits, samples // 2, processes=1)
    loop = time.perf_counter() - started
    assert found == alone
    benchmark.extra_info["processes"] = processes_for(attributes, samples // 2, D)
    benchmark.extra_info["loop_s"] = round(loop, 1)
    benchmark.extra_info["times_as_fast_as_the_loop"] = round(loop / benchmark.stats.stats.median, 2)
    print(benchmark.extra_info)
