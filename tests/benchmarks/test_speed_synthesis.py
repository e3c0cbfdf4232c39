"""StyleGAN3's synthesis on the CPU against the published formulation of the same weights, in the same run.

The published formulation inserts zeros, convolves at the full rate, depthwise, and gives every image a weight of its
own (``tests/ops/plain.py``). Both use all of torch's threads. The ratio is in ``extra_info``;
``pytest tests/benchmarks -o addopts= --benchmark-only --benchmark-json FILE`` shows it.
"""

import time

import pytest
import torch
from pytest_benchmark.fixture import BenchmarkFixture

from baselines.stylegan3.networks import Generator
from tests.ops import plain

RADIAL = {"conv_kernel": 1, "use_radial_filters": True}
SETTINGS = {  # resolution, images, and the network's arguments; -R has twice the channels, as in the paper
    "t-32": (32, 32, {"channel_max": 32}),
    "r-32": (32, 32, {"channel_max": 64, **RADIAL}),
    "t-256": (256, 8, {"channel_base": 4096, "channel_max": 64}),
    "r-256": (256, 8, {"channel_base": 8192, "channel_max": 128, **RADIAL}),
}
ROUNDS = 6


def generator(resolution: int, **kwargs: object) -> Generator:
    """Return a network of random weights whose biases are not zero."""
    torch.manual_seed(0)
    G = Generator(64, 0, 64, resolution, 3, **kwargs).eval().requires_grad_(False)
    for name, parameter in G.named_parameters():
        if name.endswith("bias"):
            parameter.add_(torch.randn_like(parameter) * 0.1)
    return G


def seconds(function, *arguments) -> float:
    """Return the least time that the function took."""
    times = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        function(*arguments)
        times.append(time.perf_counter() - started)
    return min(times)


@pytest.mark.parametrize("name", SETTINGS)
def test_synthesis(benchmark: BenchmarkFixture, name: str) -> None:
    resolution, images, kwargs = SETTINGS[name]
    G = generator(resolution, **kwargs)
    with torch.inference_mode():
        ws = G.mapping(torch.randn([images, 64], generator=torch.Generator().manual_seed(1)))
        expected = plain.synthesis(G.synthesis, ws)
        published = seconds(plain.synthesis, G.synthesis, ws)
        found = benchmark.pedantic(G.synthesis, (ws,), rounds=ROUNDS, warmup_rounds=1)
    torch.testing.assert_close(found, expected, rtol=0, atol=5e-5)
    ours = benchmark.stats.stats.min
    benchmark.extra_info |= {
        "threads": torch.get_num_threads(),
        "images_per_second": round(images / ours, 1),
        "published_images_per_second": round(images / published, 1),
        "times_as_fast_as_published": round(published / ours, 1),
    }
