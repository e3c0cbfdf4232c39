"""Path length of official StyleGAN2 snapshots, replayed with the official loop's stored randomness."""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from ganbench.checkpoints import load_one
from ganbench.functional import path_length
from ganbench.inputs.sources import path_ends
from ganbench.inputs.views import path_distances
from tests.golden_cases import cases, facts, golden


class BlockMeans:
    """The stand-in for VGG16 of these cases: means of square blocks of the image in 0..255, over 255."""

    def __init__(self, size: int) -> None:
        self.size = size

    def embed(self, images: Tensor) -> Tensor:
        return torch.nn.functional.avg_pool2d(images, self.size).flatten(1) / 255


class Refilled:
    """The official loop's noise: buffers refilled for each batch, the same for all its images and both ends."""

    def __init__(self, stored: Any, number: int, count: int) -> None:
        self.stored, self.number, self.count = stored, number, count

    def normal(self, purpose: str, shape: Sequence[int] = ()) -> Tensor:
        layer = purpose.removeprefix("noise/")
        noise = torch.from_numpy(self.stored[f"noise/synthesis.{layer}.noise_const"][self.number])
        assert list(noise.shape) == list(shape)
        return noise.expand(self.count, *shape)


@pytest.mark.parametrize("precision", ["float32", "float64"])
@pytest.mark.parametrize("case", cases("stylegan23/ppl_sg2*"), ids=lambda case: case.name)
@torch.inference_mode()
def test_path_length_of_a_snapshot(case: Path, precision: str) -> None:
    """float64 to 1e-6 relative a sample; float32 within four times the official float32-to-float64 gap."""
    about, stored, double = facts(case), np.load(case / "ppl.npz"), precision == "float64"
    G: Any = load_one(golden("stylegan23") / about["network"].split(",")[0], "G_ema").to(getattr(torch, precision))
    block = re.search(r"(\d+)x\1 average pooling", about["stand_in_for_vgg16"])
    assert block is not None
    extractor, epsilon = BlockMeans(int(block[1])), about["epsilon"]
    results = json.loads((case / "results.json").read_text())
    measured = about["measured_float32_against_float64"]
    assert {f"dist64/{name}" for name in measured} <= set(stored.files)
    for name, gaps in measured.items():
        space, sampling, crop = name.split("_")
        found = []
        for number, arrays in enumerate(zip(*(stored[key] for key in ("t", "z0", "z1", "c")), strict=True)):
            t, z0, z1, c = (torch.from_numpy(array).to(getattr(torch, precision)) for array in arrays)
            ends = path_ends(G, z0, z1, t * (sampling == "full"), c, space=space, epsilon=epsilon)  # type: ignore[arg-type]
            images = G.synthesis(ends, noise_mode="random", streams=Refilled(stored, number, len(ends)))
            found.append(path_distances(extractor, images, epsilon, crop=crop == "crop"))  # type: ignore[arg-type]
        distances = torch.cat(found)
        per_sample = 1e-6 if double else 4 * gaps["per_sample_max_rel"]
        official = stored[f"dist{precision[-2:]}/{name}"]
        np.testing.assert_allclose(distances.numpy(), official, rtol=per_sample, err_msg=name)
        final = 1e-6 if double else 4 * gaps["final_rel"] + 1e-3
        assert path_length(distances) == pytest.approx(results[name][precision]["ppl"], rel=final), name
