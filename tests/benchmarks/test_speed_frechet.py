"""Fréchet distance at Inception's 2048 dimensions against the matrix square root, in the same run.

The ratio is in ``extra_info``; ``pytest tests/benchmarks -o addopts= --benchmark-only --benchmark-json FILE`` shows it.
"""

import time
import warnings

import numpy as np
import pytest
import scipy.linalg
from pytest_benchmark.fixture import BenchmarkFixture

from ganbench.functional import frechet_distance, moments

D = 2048


def features(n: int, seed: int) -> np.ndarray:
    """Return rows whose standard deviations span three decades, along rotated axes, much as Inception's do."""
    rng = np.random.default_rng(seed)
    basis = np.linalg.qr(rng.standard_normal((D, D)))[0]
    return rng.standard_normal((n, D)) * np.logspace(0, -3, D) @ basis


@pytest.mark.parametrize("samples", [5000, 1000], ids=["regular", "fewer-samples-than-dimensions"])
def test_frechet_distance_at_2048_dimensions(benchmark: BenchmarkFixture, samples: int) -> None:
    (mean_x, cov_x), (mean_y, cov_y) = (moments(features(samples, seed), ddof=0) for seed in (0, 1))
    started = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", scipy.linalg.LinAlgWarning)  # a singular product is one of the two cases
        root = scipy.linalg.sqrtm(cov_x @ cov_y)
    by_square_root = time.perf_counter() - started
    ours = benchmark.pedantic(frechet_distance, (mean_x, cov_x, mean_y, cov_y), rounds=5, warmup_rounds=1)
    theirs = np.square(mean_x - mean_y).sum() + np.trace(cov_x + cov_y - 2 * root.real)
    assert ours == pytest.approx(theirs, rel=1e-4)
    benchmark.extra_info["times_as_fast_as_sqrtm"] = round(by_square_root / benchmark.stats.stats.median, 1)
