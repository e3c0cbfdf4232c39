"""StyleGAN2's networks, read from TensorFlow pickles, against dlatents, images and scores of the official graph."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from baselines.stylegan2.networks import Discriminator, Generator
from tests.checkpoints.tflib_records import TRANSLATIONS
from tests.golden_cases import cases
from tests.parity.tensorflow_snapshot import Snapshot, arrays

# Relative to the largest value, as stated with the cases.
TOLERANCES = {
    "float64": {"dlatents": 1e-9, "images": 1e-9, "scores": 1e-9},
    "float32": {"dlatents": 3e-6, "images": 2e-5, "scores": 1e-5},
}


@pytest.mark.parametrize("precision", ["float64", "float32"])
@pytest.mark.parametrize("case", cases("stylegan1/sg2_*"), ids=lambda case: case.name)
@torch.inference_mode()
def test_every_stored_output(case: Path, precision: str) -> None:
    snapshot = Snapshot(case, getattr(torch, precision))
    for name in arrays(case):
        truth = snapshot.stored[f"{name}__f64"]
        tolerance = TOLERANCES[precision][name.split("_")[0]] * np.abs(truth).max()
        np.testing.assert_allclose(snapshot.evaluate(name).numpy(), truth, rtol=0, atol=tolerance, err_msg=name)


SHAPES = {
    name: about
    for case in cases("stylegan1/full_size_shapes")
    for name, about in json.loads((case / "shapes_sg2.json").read_text()).items()
}


@pytest.mark.parametrize("name", SHAPES)
def test_full_size_networks_have_the_official_variables(name: str) -> None:
    about = SHAPES[name]
    generator, discriminator = about["networks"]["G (and Gs)"], about["networks"]["D"]
    parts = {role: part["static_kwargs"] for role, part in generator["components"].items()}
    variables = {"lod": [], **generator["own_variables"]}
    for role, part in generator["components"].items():
        variables |= {f"G_{role}/{key}": shape for key, shape in part["variables"].items()}
    G, found = named(Generator, "G_main with G_synthesis_stylegan2", generator["static_kwargs"], parts)
    assert found | {"lod": []} == variables
    assert sum(p.numel() for p in G.parameters()) == generator["num_trainable_parameters"]
    D, found = named(Discriminator, "D_stylegan2", discriminator["static_kwargs"], {})
    assert found == discriminator["own_variables"]
    assert sum(p.numel() for p in D.parameters()) == discriminator["num_trainable_parameters"]


def named(build: Any, function: str, kwargs: Any, parts: Any) -> tuple[Any, dict[str, list[int]]]:
    """Return the network of official arguments, and the variables that it would be filled from with their shapes."""
    translation = TRANSLATIONS[function]
    config = translation.configure(kwargs, parts)
    with torch.device("meta"):
        network = build(**config)
    found = {}
    for key, tensor in network.state_dict().items():
        if translation.constant(key, config) is None:
            source = translation.source(key, config)
            found[source.name] = list(source.shape(tuple(tensor.shape)))
    return network, found
