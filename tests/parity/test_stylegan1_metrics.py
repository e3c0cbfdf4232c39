"""Path length and separability of a TensorFlow snapshot, replayed with the official loop's stored randomness."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from ganbench.checkpoints import load_one
from ganbench.functional import path_length, separability
from ganbench.inputs.sources import path_ends
from ganbench.inputs.views import path_distances
from tests.golden_cases import cases, facts, golden

NETWORK = "stylegan1/sg1_main_32"
# Stated tolerances: float64 1e-6; float32 10 % a sample and 1 % in the end.
PER_SAMPLE, FINAL = {"float64": 1e-6, "float32": 0.1}, {"float64": 1e-6, "float32": 0.01}


class BlockMeans:
    """The stand-in for VGG16: the mean squared difference of the means of 4x4 pixels, over 255."""

    def embed(self, images: Tensor) -> Tensor:
        means = torch.nn.functional.avg_pool2d(images / 255, 4).flatten(1)
        return means / means.shape[1] ** 0.5


class FreshNoise:
    """The official loop's noise: one draw for each minibatch and layer."""

    def __init__(self, stored: Any, number: int, count: int) -> None:
        self.stored, self.number, self.count = stored, number, count

    def normal(self, purpose: str, shape: Sequence[int] = ()) -> Tensor:
        noise = self.stored[f"fresh_noise{purpose.removeprefix('noise/')}"][self.number, 0]
        return torch.from_numpy(noise).expand(self.count, *shape)


@pytest.mark.parametrize("precision", ["float64", "float32"])
@pytest.mark.parametrize("case", cases("stylegan1/ppl"), ids=lambda case: case.name)
@torch.inference_mode()
def test_path_length_of_a_snapshot(case: Path, precision: str) -> None:
    stored, dtype = np.load(case / "ppl.npz"), getattr(torch, precision)
    G: Any = load_one(golden(NETWORK) / "network.pkl", "Gs").to(dtype)
    epsilon, seen = facts(case)["kwargs"]["epsilon"], 0
    for name in (name for name in stored.files if name.startswith("dist_") and name.endswith("__f64")):
        space, sampling, kind = name.removesuffix("__f64").split("_")[1:]
        found = []
        for number, (latents, t) in enumerate(zip(stored["latents"], torch.from_numpy(stored["t"]), strict=True)):
            z = torch.from_numpy(latents).to(dtype)
            t = t.to(dtype) * (sampling == "full")
            ends = path_ends(G, z[0::2], z[1::2], t, None, space=space, epsilon=epsilon)  # type: ignore[arg-type]
            if kind == "freshnoise":
                images = G.synthesis(ends, noise_mode="random", streams=FreshNoise(stored, number, len(ends)))
            else:
                images = G.synthesis(ends)
            found.append(path_distances(BlockMeans(), images, epsilon, crop=True))  # type: ignore[arg-type]
        distances = torch.cat(found)
        np.testing.assert_allclose(distances.numpy(), stored[name], rtol=PER_SAMPLE[precision], err_msg=name)
        truth = float(stored[name.replace("dist_", "ppl_")])
        assert path_length(distances) == pytest.approx(truth, rel=FINAL[precision]), name
        seen += 1
    assert seen == 8


@torch.inference_mode()
def test_separability_of_a_snapshot() -> None:
    case = golden("stylegan1/ls")
    stored, official = np.load(case / "ls.npz"), facts(case)
    G: Any = load_one(golden(NETWORK) / "network.pkl", "Gs")
    w = G.mapping(torch.from_numpy(stored["latents"]))[:, -1].numpy()
    np.testing.assert_allclose(w, stored["dlatents"], rtol=0, atol=3e-6 * np.abs(w).max())
    score = separability(w, stored["logits"], official["kwargs"]["num_keep"])
    assert score == pytest.approx(official["results"]["primal"]["score_w"], rel=1e-3)
