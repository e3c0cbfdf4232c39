"""The StyleGAN2 generator against images, layer statistics and sizes of the official ones."""

import json

import numpy as np
import pytest
import torch

from baselines.stylegan2.layers import SynthesisLayer, ToRGBLayer
from baselines.stylegan2.networks import Generator
from ganbench.checkpoints import load
from tests.golden_cases import cases, facts

PICKLES = cases("stylegan23/pkl_sg2*")
WS, IMAGES = 1e-5, 5e-5  # absolute, the cases' stated tolerances
STATISTICS = {"atol": 5e-5, "rtol": 2e-5}
BY_CASE = pytest.mark.parametrize("case", PICKLES, ids=lambda case: case.name)
FULL_SIZE = [
    (case, name)
    for case in cases("stylegan23/full_size_facts*")
    for name in facts(case)["configurations"]
    if name.startswith("stylegan2")
]


@pytest.fixture(scope="module")
def networks():
    """The networks of a case, read once."""
    found = {}
    return lambda case: found.setdefault(case, load(case / "network.pkl"))


def inputs(case):
    arrays = np.load(case / "io.npz")
    return arrays, torch.from_numpy(arrays["z"]), torch.from_numpy(arrays["c"])


def near(found, expected, atol, rtol=0.0):
    np.testing.assert_allclose(found.detach().double().numpy(), expected, atol=atol, rtol=rtol)


@BY_CASE
def test_every_stored_array_is_looked_at(case):
    seen = {"z", "c", "ws", "ws_psi0.7", "ws_psi0.7_cut4", "img_const", "img_none", "img_psi0.7_cut4_const"}
    seen |= {"layer_mean", "layer_rms", "layer_probe", "G_init_ws", "G_init_img_const"}
    discriminators = {"D_images_u8", "D_c", "D_logits", "D_logits_first2", "D_logits_of_img_const"}
    assert set(inputs(case)[0].files) == seen | discriminators


@BY_CASE
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=["float32", "float64"])
def test_latents_and_images(case, dtype, networks):
    G, (arrays, z, c) = networks(case)["G_ema"].to(dtype), inputs(case)
    # In double precision the distance to the stored float32 values is what their own rounding was measured to be.
    rounding = facts(case)["measured_float32_against_float64"]

    def check(found, name, tolerance):
        assert found.dtype == dtype
        exact = dtype is torch.float64
        near(found, arrays[name], rounding[name]["max_abs_f32_minus_f64"] * 1.01 + 1e-8 if exact else tolerance)

    with torch.inference_mode():
        ws = G.mapping(z, c)
        check(ws, "ws", WS)
        check(G.mapping(z, c, truncation_psi=0.7), "ws_psi0.7", WS)
        check(G.mapping(z, c, truncation_psi=0.7, truncation_cutoff=4), "ws_psi0.7_cut4", WS)
        check(G.synthesis(ws, noise_mode="const"), "img_const", IMAGES)
        check(G.synthesis(ws, noise_mode="none"), "img_none", IMAGES)
        check(G(z, c, truncation_psi=0.7, truncation_cutoff=4, noise_mode="const"), "img_psi0.7_cut4_const", IMAGES)
    G.float()


@BY_CASE
def test_layers(case, networks):
    G, (arrays, _, _) = networks(case)["G_ema"], inputs(case)
    layers = {name: part for name, part in G.synthesis.named_modules() if isinstance(part, SynthesisLayer | ToRGBLayer)}
    outputs = {}
    hooks = [
        part.register_forward_hook(lambda _part, _inputs, output, name=name: outputs.update({name: output.detach()}))
        for name, part in layers.items()
    ]
    G.synthesis(torch.from_numpy(arrays["ws"]))  # with gradients on, so that the batch goes through as a whole
    for hook in hooks:
        hook.remove()
    assert list(outputs) == facts(case)["layer_names"]
    found = list(outputs.values())
    assert [y.shape[1] for y in found] == facts(case)["layer_probe_lengths"]
    near(torch.stack([y.mean(dim=(1, 2, 3)) for y in found]), arrays["layer_mean"], **STATISTICS)
    near(torch.stack([y.square().mean(dim=(1, 2, 3)).sqrt() for y in found]), arrays["layer_rms"], **STATISTICS)
    probes = torch.cat([y[0, :, y.shape[2] // 2, y.shape[3] // 3] for y in found])
    near(probes, arrays["layer_probe"], **STATISTICS)


@BY_CASE
def test_initial_weights(case, networks):
    G, (arrays, z, c) = networks(case)["G"], inputs(case)
    with torch.inference_mode():
        ws = G.mapping(z, c)
        near(ws[:, 0], arrays["G_init_ws"], WS)
        expected = arrays["G_init_img_const"]
        near(G.synthesis(ws[: len(expected)]), expected, IMAGES)


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
