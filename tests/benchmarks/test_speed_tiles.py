"""StyleGAN's and StyleGAN2's synthesis in tiles against the whole batch at once, in the same run.

``weights_share`` is the part of the time that goes into making every tile's weights of the stored ones (equalised,
spread, turned over): what would be won if all tiles shared them. Both ways use all of torch's threads.
``pytest tests/benchmarks -o addopts= --benchmark-only --benchmark-json FILE`` shows what is in ``extra_info``.
"""

import time

import pytest
import torch
from pytest_benchmark.fixture import BenchmarkFixture

from baselines.ops.conv import transposed_weight
from baselines.ops.progressive import FUSED_FROM, Equalized, spread
from baselines.stylegan1 import networks as stylegan1
from baselines.stylegan1.recipes import RECIPES as RECIPES_1
from baselines.stylegan2 import networks as stylegan2
from baselines.stylegan2.layers import SynthesisLayer
from baselines.stylegan2.recipes import RECIPES as RECIPES_2

SIZES = {"z_dim": 64, "w_dim": 64}
SETTINGS = {  # the network's class, resolution, images, images in a tile, and the network's arguments
    "stylegan1-32": (stylegan1.Generator, 32, 64, 2, RECIPES_1["digits32"].generator),
    "stylegan2-32": (stylegan2.Generator, 32, 64, 8, RECIPES_2["digits32"].generator),
    "stylegan1-256": (stylegan1.Generator, 256, 8, 1, {**SIZES, "fmap_base": 4096, "fmap_max": 256}),
    "stylegan2-256": (stylegan2.Generator, 256, 8, 1, {**SIZES, "channel_base": 8192, "channel_max": 256}),
}
ROUNDS = 4


def seconds(function, *arguments) -> float:
    """Return the least time that the function took."""
    times = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        function(*arguments)
        times.append(time.perf_counter() - started)
    return min(times)


def prepare_weights(synthesis) -> None:
    """Make all weights that a tile is computed with."""
    for block in synthesis.blocks():
        for name, layer in block.named_modules():
            if isinstance(layer, Equalized):
                weight = layer.scaled()
                if name == "conv0" and block.resolution >= FUSED_FROM:
                    spread(weight)
            elif isinstance(layer, SynthesisLayer) and layer.up == 2:
                transposed_weight(layer.weight.flip([2, 3]), 1)


@pytest.mark.parametrize("name", SETTINGS)
def test_synthesis_in_tiles(benchmark: BenchmarkFixture, name: str) -> None:
    network, resolution, images, tile, kwargs = SETTINGS[name]
    torch.manual_seed(0)
    G = network(c_dim=0, img_resolution=resolution, img_channels=3, **kwargs).eval().requires_grad_(False)
    with torch.inference_mode():
        ws = G.mapping(torch.randn([images, 64])).clone()

        def whole():
            if isinstance(G, stylegan1.Generator):
                noise = [G.synthesis.noise(layer, ws, "const", None) for layer in range(G.synthesis.num_layers)]
                return G.synthesis.images(ws, *noise)
            return G.synthesis.images(G.synthesis.styles(ws), *G.synthesis.noise(ws, "const", None))

        expected, at_once = whole(), seconds(whole)
        found = benchmark.pedantic(G.synthesis, (ws,), rounds=ROUNDS, warmup_rounds=1)
        threads = torch.get_num_threads()
        torch.set_num_threads(1)  # as in a tile
        weights = seconds(prepare_weights, G.synthesis) * images / tile / threads
        torch.set_num_threads(threads)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-4 * expected.abs().max().item())
    ours = benchmark.stats.stats.min
    benchmark.extra_info |= {
        "threads": threads,
        "images_per_second": round(images / ours, 1),
        "times_as_fast_as_at_once": round(at_once / ours, 2),
        "weights_share": round(weights / ours, 3),
    }
