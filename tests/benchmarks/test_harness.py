"""What measuring costs beside a plain loop over the same generator and extractor, in CPU time, in the same run.

Both on one thread: several that wait for one another take CPU time, too.
"""

import time
import warnings
from pathlib import Path

import numpy as np
import torch
from pytest_benchmark.fixture import BenchmarkFixture
from threadpoolctl import threadpool_limits
from torch import Tensor

import ganbench
from ganbench.errors import MeasuringWarning
from ganbench.extractors.opening import open_extractor, with_stand_ins
from ganbench.functional import frechet_distance, moments
from ganbench.images import to_uint8
from tests.benchmarks.comparing import bound, seconds

TILE = 16
WHAT = "CPU time of a FID with the digits' classifier beyond a plain loop's, 2,048 samples, an image"


class Plain:
    """A generator that costs next to nothing: latents, enlarged to greyscale images of 32 pixels."""

    z_dim, c_dim, img_resolution, img_channels = 64, 0, 32, 1

    def __call__(self, z: Tensor, c: Tensor | None = None) -> Tensor:
        return torch.nn.functional.interpolate(z.view(-1, 1, 8, 8) * 0.5, size=32).clamp(-1, 1)


def by_hand(extractor: str, count: int, reals: Tensor) -> float:
    """Return FID as a script has it: two loops, and nothing kept."""
    with with_stand_ins(), torch.inference_mode():
        network = open_extractor(extractor)
        fakes = [network(to_uint8(Plain()(z), "stylegan"))["features"] for z in torch.randn([count, 64]).split(TILE)]
        real = [network(part)["features"] for part in reals.split(TILE)]
        (mean_x, cov_x), (mean_y, cov_y) = (moments(torch.cat(rows).numpy(), ddof=0) for rows in (real, fakes))
    return float(frechet_distance(mean_x, cov_x, mean_y, cov_y))


def rounds_of(
    benchmark: BenchmarkFixture, tmp_path: Path, extractor: str, count: int, rounds: int
) -> list[tuple[float, float]]:
    """Return the CPU seconds of both in every round, taken in turn, for as many reals as samples."""
    pixels = np.random.default_rng(0).integers(0, 256, [count, 32, 32, 1], dtype=np.uint8)
    np.savez(tmp_path / "reals.npz", arr_0=pixels)
    reals = torch.from_numpy(pixels).permute(0, 3, 1, 2)

    def measured() -> None:
        with with_stand_ins(), warnings.catch_warnings():
            warnings.simplefilter("ignore", MeasuringWarning)
            options = {"data": tmp_path / "reals.npz", "extractor": extractor, "batch_size": TILE}
            ganbench.measure(Plain(), [f"fid@{count}"], **options)

    taken: list[tuple[float, float]] = []

    def both() -> None:
        pair = (
            seconds(measured, time.process_time),
            seconds(lambda: by_hand(extractor, count, reals), time.process_time),
        )
        taken.append(pair)

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    with threadpool_limits(1):
        benchmark.pedantic(both, rounds=rounds, warmup_rounds=1)
    torch.set_num_threads(threads)
    return taken[1:]


def test_overhead_with_inception(benchmark: BenchmarkFixture, tmp_path: Path) -> None:
    taken = rounds_of(benchmark, tmp_path, "inception", 48, rounds=3)
    shares = [ours / plain - 1 for ours, plain in taken]
    bound(
        benchmark, "CPU time of a FID with Inception beyond a plain loop's, 48 samples", shares, 0.05, "{:.1%}".format
    )


def test_overhead_with_a_tiny_extractor(benchmark: BenchmarkFixture, tmp_path: Path) -> None:
    taken = rounds_of(benchmark, tmp_path, "digits", 2048, rounds=5)
    per_image = [1000 * (ours - plain) / 4096 for ours, plain in taken]
    bound(benchmark, WHAT, per_image, 0.1, "{:.3f} ms".format)
