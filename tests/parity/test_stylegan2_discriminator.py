"""The discriminator against the logits, state and sizes of the official one."""

import json

import numpy as np
import pytest
import torch

from baselines.stylegan2.networks import Discriminator
from ganbench.checkpoints import load_one
from tests.golden_cases import cases, facts

LOGITS = 2e-5  # absolute, the cases' stated tolerance
CONFIGURATIONS = [
    (case, name) for case in cases("stylegan23/full_size_facts*") for name in facts(case)["configurations"]
]


@pytest.mark.parametrize("case", cases("stylegan23/pkl_*"), ids=lambda case: case.name)
def test_logits(case):
    D, arrays = load_one(case / "network.pkl", "D"), np.load(case / "io.npz")
    images = torch.from_numpy(arrays["D_images_u8"]).float() / 127.5 - 1
    labels, fakes = torch.from_numpy(arrays["D_c"]), torch.from_numpy(arrays["img_const"])
    with torch.no_grad():
        np.testing.assert_allclose(D(images, labels), arrays["D_logits"], rtol=0, atol=LOGITS)
        np.testing.assert_allclose(D(images[:2], labels[:2]), arrays["D_logits_first2"], rtol=0, atol=LOGITS)
        fake_logits = D(fakes, torch.from_numpy(arrays["c"]))
        np.testing.assert_allclose(fake_logits, arrays["D_logits_of_img_const"], rtol=0, atol=LOGITS)


@pytest.mark.parametrize("case", cases("stylegan23/pkl_*"), ids=lambda case: case.name)
def test_state(case):
    settings = {**facts(case)["D_kwargs"], **facts(case)["common_kwargs"]}
    settings.pop("class_name")
    expected = json.loads((case / "state_shapes.json").read_text())["D"]
    found = {name: list(tensor.shape) for name, tensor in Discriminator(**settings).state_dict().items()}
    assert found == expected


@pytest.mark.parametrize(("case", "name"), CONFIGURATIONS, ids=lambda value: getattr(value, "name", value))
def test_full_size(case, name):
    (file,) = case.glob("facts_*.json")
    expected = json.loads(file.read_text())[name]
    settings = {**expected["D_kwargs"], **expected["common_kwargs"]}
    settings.pop("class_name")
    with torch.device("meta"):
        D = Discriminator(**settings)
    assert {key: list(tensor.shape) for key, tensor in D.state_dict().items()} == expected["D_state_dict"]
    assert sorted(key for key, _ in D.named_buffers()) == sorted(expected["D_buffers"])
    assert sum(p.numel() for p in D.parameters()) == expected["D_parameter_count"]
    assert sum(b.numel() for b in D.buffers()) == expected["D_buffer_elements"]


def test_frozen_layers_are_buffers():
    D = Discriminator(0, 16, 3, channel_base=64, channel_max=4, block_kwargs={"freeze_layers": 2})
    trained = {name for name, _ in D.named_parameters()}
    assert "b16.conv1.weight" in trained
    assert not trained & {"b16.fromrgb.weight", "b16.fromrgb.bias", "b16.conv0.weight", "b16.conv0.bias"}
    assert {"b16.fromrgb.weight", "b16.conv0.bias"} <= D.state_dict().keys()
