"""StyleGAN's networks, read from TensorFlow pickles, against dlatents, images and scores of the official graph."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from baselines.stylegan1.networks import Discriminator, Generator
from ganbench.checkpoints import load
from tests.checkpoints.tflib_records import TRANSLATIONS
from tests.golden_cases import cases, facts, golden
from tests.parity.tensorflow_snapshot import Snapshot, arrays

CASES = [case for case in cases("stylegan1/sg1_*") if (case / "io.npz").exists()]
# Relative to the largest value: the stated tolerances of the cases. Images of the larger case are stored as float32.
FLOAT64 = {"dlatents": 1e-9, "images": 1e-9, "scores": 1e-9}
FLOAT32 = {"dlatents": 3e-6, "images": 2e-5, "scores": 1e-5}


@pytest.mark.parametrize("precision", ["float64", "float32"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
@torch.inference_mode()
def test_every_stored_output(case: Path, precision: str) -> None:
    snapshot = Snapshot(case, getattr(torch, precision))
    rounded = "stored rounded to float32" in facts(case)["float64"]
    for name in arrays(case):
        kind, truth = name.split("_")[0], snapshot.stored[f"{name}__f64"]
        tolerance = (FLOAT64 if precision == "float64" else FLOAT32)[kind] * np.abs(truth).max()
        if rounded and kind == "images":
            tolerance = 1e-6 * np.abs(truth).max() if precision == "float64" else max(tolerance, 1e-4)
        np.testing.assert_allclose(snapshot.evaluate(name).numpy(), truth, rtol=0, atol=tolerance, err_msg=name)


def test_arguments_are_those_of_the_file() -> None:
    networks: dict[str, Any] = load(golden("stylegan1/sg1_main_32") / "network.pkl")
    G, D = networks["Gs"], networks["D"]
    assert (G.z_dim, G.w_dim, G.c_dim, G.num_ws, G.mapping.num_layers) == (32, 32, 0, 8, 4)
    assert (G.img_resolution, G.img_channels, D.img_resolution, D.img_channels) == (32, 3, 32, 3)
    assert not any(p.requires_grad for p in [*G.parameters(), *D.parameters()])
    assert (G.training, D.training) == (False, False)


SHAPES = {
    name: about
    for case in cases("stylegan1/full_size_shapes")
    for name, about in json.loads((case / "shapes_sg1.json").read_text()).items()
}


@pytest.mark.parametrize("name", SHAPES)
def test_full_size_networks_have_the_official_variables(name: str) -> None:
    about = SHAPES[name]
    sizes = {"img_resolution": about["resolution"], "img_channels": 3}
    with torch.device("meta"):
        G, D = Generator(512, 0, 512, **sizes), Discriminator(0, **sizes)
    official = about["networks"]["G (and Gs)"]
    variables = dict(official["own_variables"])
    for role, part in official["components"].items():
        variables |= {f"G_{role}/{key}": shape for key, shape in part["variables"].items()}
    assert names_and_shapes(G, "G_style with G_synthesis", sizes) | {"G_synthesis/lod": []} == variables
    assert sum(p.numel() for p in G.parameters()) == official["num_trainable_parameters"]
    assert G.num_ws == official["components"]["synthesis"]["input_shapes"][0][1]
    official = about["networks"]["D"]
    assert names_and_shapes(D, "D_basic", sizes) == official["own_variables"]
    assert sum(p.numel() for p in D.parameters()) == official["num_trainable_parameters"]


def names_and_shapes(network: torch.nn.Module, function: str, config: dict[str, Any]) -> dict[str, list[int]]:
    """Return the TensorFlow variables that a network of ours would be filled from."""
    found = {}
    for key, tensor in network.state_dict().items():
        source = TRANSLATIONS[function].source(key, config)
        found[source.name] = list(source.shape(tuple(tensor.shape)))
    return found
