"""Peak memory of precision and recall beyond its features: blocks alone, so that it does not grow with their number.

The papers' size, 50,000 rows of 4,096 a side, is 1.5 GiB of features; what is measured here comes on top.
"""

import subprocess
import sys

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from tests.benchmarks.comparing import bound, shown_mib

BOUND = 512  # MiB
SCRIPT = """
import torch
from ganbench.functional import precision_recall
def peak():
    # The peak that the system tells of a child process begins with what its parent had when it forked.
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
torch.set_num_threads(1)
random = torch.Generator().manual_seed(0)
mixing = torch.randn(32, 4096, generator=random)
real, fake = ((torch.randn({rows}, 32, generator=random) @ mixing).relu_() for _ in range(2))
before = peak()
precision_recall(real, fake)
print((peak() - before) // 1024)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the peak has no such place")
@pytest.mark.parametrize("rows", [2500, 5000])
def test_precision_and_recall_hold_blocks_alone(benchmark: BenchmarkFixture, rows: int) -> None:
    def measured() -> int:
        ran = subprocess.run(
            [sys.executable, "-c", SCRIPT.format(rows=rows)], capture_output=True, text=True, check=True
        )
        return int(ran.stdout)

    extra = float(benchmark.pedantic(measured, rounds=1))  # type: ignore[no-untyped-call]
    what = f"memory of precision and recall beside the features, {rows:,} and {rows:,} rows of 4,096"
    bound(benchmark, what, [extra], BOUND, shown_mib)
