"""Peak memory in a process of its own: of FID at 1024 pixels, precision and recall, and linear separability.

Each is measured at two counts, as the paper's would take hours: what one more image takes is the difference, and the
peak at the paper's count the sum. Networks have random weights of the published shapes.
"""

from pathlib import Path

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from tests.benchmarks.comparing import bound, child, shown_mib
from tests.benchmarks.test_speed_reading import photograph

FEW, MANY = 4, 12  # images, in batches of four
FID = """
import sys
import torch
import ganbench
from baselines.stylegan2.networks import Generator
from baselines.stylegan2.recipes import RECIPES
from ganbench.extractors.opening import with_stand_ins
torch.manual_seed(0)
G = Generator(c_dim=0, img_resolution=1024, img_channels=3, **RECIPES["paper1024"].generator)
G.eval().requires_grad_(False)
G.synthesis.register_forward_hook(lambda module, given, images: images.clamp(-1, 1))  # random weights go beyond
with with_stand_ins():
    ganbench.measure(G, [f"fid@{sys.argv[1]}"], data=sys.argv[2], benchmark="stylegan2", batch_size=4)
"""
PRECISION = """
import sys
import torch
from ganbench.functional import precision_recall
real, fake = (torch.randn(int(sys.argv[1]), 4096) for _ in range(2))
precision_recall(real, fake)
"""
SEPARABILITY = """
import sys
import numpy as np
from ganbench.functional import separability
n, draws = int(sys.argv[1]), np.random.default_rng(0)
w = draws.standard_normal((n, 512), dtype=np.float32)
logits = draws.standard_normal((4, n), dtype=np.float32) + w[:, :4].T
separability(w, logits, n // 2, processes=2)
"""


def test_fid_at_1024_pixels(benchmark: BenchmarkFixture, tmp_path: Path) -> None:
    for index in range(MANY):
        (tmp_path / f"{index}.png").write_bytes(photograph(1024, index))
    few = child(FID, str(FEW), str(tmp_path))["mib"]
    peaks: list[float] = []
    benchmark.pedantic(lambda: peaks.append(child(FID, str(MANY), str(tmp_path))["mib"]), rounds=1)
    bound(benchmark, f"memory of FID at 1024 pixels, StyleGAN2 in full width, {MANY} images", peaks, 4096, shown_mib)
    bound(benchmark, f"the same, {MANY} images less {FEW} images", [max(0, peaks[0] - few)], 256, shown_mib)


@pytest.mark.parametrize(
    ("name", "code", "counts", "whole", "most"),
    [
        # Between 4,000 and 8,000, what wobbles would count tenfold.
        ("precision and recall, 4096 features, of as many reals", PRECISION, (4000, 12_000), 50_000, 4096),
        ("linear separability in two processes, together", SEPARABILITY, (10_000, 20_000), 200_000, 9216),
    ],
)
def test_memory_at_full_count(
    benchmark: BenchmarkFixture, name: str, code: str, counts: tuple[int, int], whole: int, most: float
) -> None:
    found: list[float] = []

    def peaks() -> None:
        few, many = (child(code, str(count)) for count in counts)
        less, more = (it["mib"] + 2 * it["children_mib"] for it in (few, many))
        found.append(more + (more - less) / (counts[1] - counts[0]) * (whole - counts[1]))

    benchmark.pedantic(peaks, rounds=1)
    told = f"memory of {name}, at {whole:,} images, by {counts[0]:,} and {counts[1]:,}"
    bound(benchmark, told, found, most, shown_mib)
