"""The StyleGAN2 generator against layers, tensors and sizes of the official ones."""

import json

import pytest
import torch

from baselines.stylegan2.layers import SynthesisLayer, ToRGBLayer
from baselines.stylegan2.networks import Generator
from tests.golden_cases import cases, facts
from tests.parity.pytorch_snapshot import inputs, networks

PICKLES = cases("stylegan23/pkl_sg2*")
BY_CASE = pytest.mark.parametrize("case", PICKLES, ids=lambda case: case.name)
FULL_SIZE = [
    (case, name)
    for case in cases("stylegan23/full_size_facts*")
    for name in facts(case)["configurations"]
    if name.startswith("stylegan2")
]


@BY_CASE
def test_every_stored_array_is_looked_at(case):
    seen = {"z", "c", "ws", "ws_psi0.7", "ws_psi0.7_cut4", "img_const", "img_none", "img_psi0.7_cut4_const"}
    seen |= {"layer_mean", "layer_rms", "layer_probe", "G_init_ws", "G_init_img_const"}
    discriminators = {"D_images_u8", "D_c", "D_logits", "D_logits_first2", "D_logits_of_img_const"}
    assert set(inputs(case)[0].files) == seen | discriminators


@BY_CASE
def test_the_stored_layers_are_ours(case):
    G = networks(case)["G_ema"]
    names = [name for name, part in G.synthesis.named_modules() if isinstance(part, SynthesisLayer | ToRGBLayer)]
    assert names == facts(case)["layer_names"]


@BY_CASE
def test_state(case):
    settings = {**facts(case)["G_kwargs"], **facts(case)["common_kwargs"]}
    settings.pop("class_name")
    expected = json.loads((case / "state_shapes.json").read_text())["G_ema"]
    assert {name: list(tensor.shape) for name, tensor in Generator(**settings).state_dict().items()} == expected


@pytest.mark.parametrize(("case", "name"), FULL_SIZE, ids=lambda value: getattr(value, "name", value))
def test_full_size(case, name):
    (file,) = case.glob("facts_*.json")
    expected = json.loads(file.read_text())[name]
    settings = {**expected["G_kwargs"], **expected["common_kwargs"]}
    settings.pop("class_name")
    with torch.device("meta"):
        G = Generator(**settings)
    assert {key: list(tensor.shape) for key, tensor in G.state_dict().items()} == expected["G_state_dict"]
    assert sorted(key for key, _ in G.named_buffers()) == sorted(expected["G_buffers"])
    assert sum(p.numel() for p in G.parameters()) == expected["G_parameter_count"]
    assert sum(b.numel() for b in G.buffers()) == expected["G_buffer_elements"]
    assert G.num_ws == expected["num_ws"]
