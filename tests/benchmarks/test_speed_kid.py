"""KID of given features against torch-fidelity, on as many subsets of the same size."""

import time
from collections.abc import Iterator

import pytest
import torch
from pytest_benchmark.fixture import BenchmarkFixture

from ganbench.functional import kernel_distance
from tests.benchmarks.comparing import compare

SAMPLES = 5000


@pytest.fixture(params=[1, 2])
def threads(request: pytest.FixtureRequest) -> Iterator[int]:
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield request.param
    torch.set_num_threads(before)


@pytest.mark.parametrize("subsets", [20, 100])
def test_kid_against_torch_fidelity(benchmark: BenchmarkFixture, threads: int, subsets: int) -> None:
    """20 subsets of 1,000 have fewer pairs than all rows and are taken one by one, 100 have more."""
    package = pytest.importorskip("torch_fidelity.metric_kid")
    limits = pytest.importorskip("threadpoolctl")
    random = torch.Generator().manual_seed(0)
    x, y = (torch.randn(SAMPLES, 2048, generator=random).abs() * scale for scale in (1, 1.1))

    def theirs() -> float:
        with limits.threadpool_limits(threads):  # it computes with NumPy
            found = package.kid_features_to_metric(x, y, kid_subsets=subsets, kid_subset_size=1000, verbose=False)
        return float(found["kernel_inception_distance_mean"])

    what = f"KID, {subsets} subsets of 1,000, 2,048 features, {threads} threads"
    clock = time.process_time if threads == 1 else time.perf_counter
    ours, other = compare(
        benchmark, what, lambda: kernel_distance(x, y, num_subsets=subsets), "torch-fidelity", theirs, clock=clock
    )
    assert ours == pytest.approx(other, rel=0.02)  # other subsets
    print(benchmark.extra_info)
