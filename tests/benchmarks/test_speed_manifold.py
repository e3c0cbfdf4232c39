"""Precision and recall of given features against torch-fidelity and prdc, on one thread."""

import time
from collections.abc import Callable, Iterator

import pytest
import torch
from pytest_benchmark.fixture import BenchmarkFixture

from ganbench.functional import precision_recall
from tests.benchmarks.comparing import compare

ROWS, MIXED = 3000, 32


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Compute on one core, NumPy's products too."""
    limits = pytest.importorskip("threadpoolctl")
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    with limits.threadpool_limits(1):
        yield
    torch.set_num_threads(before)


def features() -> tuple[torch.Tensor, torch.Tensor]:
    """Return reals and fakes, ``[ROWS, 4096]``, near a manifold of few dimensions as VGG16's are."""
    random = torch.Generator().manual_seed(0)
    mixing = torch.randn(MIXED, 4096, generator=random)
    real, fake = ((torch.randn(ROWS, MIXED, generator=random) @ mixing).relu_() for _ in range(2))
    return real, fake


def fidelity() -> Callable[[torch.Tensor, torch.Tensor], tuple[float, float]]:
    package = pytest.importorskip("torch_fidelity.metric_prc")

    def found(real: torch.Tensor, fake: torch.Tensor) -> tuple[float, float]:
        values = package.prc_features_to_metric(real, fake, prc_neighborhood=3, prc_batch_size=10_000, verbose=False)
        return float(values["precision"]), float(values["recall"])

    return found


def naver() -> Callable[[torch.Tensor, torch.Tensor], tuple[float, float]]:
    package = pytest.importorskip("prdc")

    def found(real: torch.Tensor, fake: torch.Tensor) -> tuple[float, float]:
        values = package.compute_prdc(real.numpy(), fake.numpy(), nearest_k=3)
        return float(values["precision"]), float(values["recall"])

    return found


@pytest.mark.parametrize(("name", "peer"), [("torch-fidelity", fidelity), ("prdc", naver)])
def test_precision_and_recall(
    benchmark: BenchmarkFixture, name: str, peer: Callable[[], Callable[..., tuple[float, float]]]
) -> None:
    (real, fake), theirs = features(), peer()
    what = f"precision and recall, {ROWS:,} and {ROWS:,} of 4,096 features, one thread"
    ours, other = compare(
        benchmark,
        what,
        lambda: precision_recall(real, fake),
        name,
        lambda: theirs(real, fake),
        rounds=3,
        clock=time.process_time,
    )
    assert ours == pytest.approx(other, abs=0.01)
    print(benchmark.extra_info)
