"""The fits of linear separability, in processes against the plain loop, in the same run.

The ratios are in ``extra_info``; ``pytest tests/benchmarks -o addopts= --benchmark-only --benchmark-json FILE`` shows
them. The paper's size, ``-k full``, takes some ten minutes and less than 12 GiB.
"""

import resource
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
    processes = processes_for(attributes, samples // 2, D)
    found = benchmark.pedantic(separability, (w, logits, samples // 2), rounds=1, warmup_rounds=0)
    started, computed = time.perf_counter(), time.process_time()
    alone = separability(w, logits, samples // 2, processes=1)
    loop, computed = time.perf_counter() - started, time.process_time() - computed
    assert found == alone
    gib = 2**20  # ru_maxrss is in KiB
    benchmark.extra_info |= {
        "processes": processes,
        "loop_s": round(loop, 1),
        "loop_cpu_s": round(computed, 1),
        "times_as_fast_as_the_loop": round(loop / benchmark.stats.stats.median, 2),
        "gib_here": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / gib, 2),
        "gib_largest_process": round(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / gib, 2),
    }
    print(benchmark.extra_info)
