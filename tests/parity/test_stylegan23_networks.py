"""The generators of StyleGAN2 and StyleGAN3 against images and layer statistics of the official ones."""

import pytest
import torch

from baselines.stylegan2.layers import SynthesisLayer, ToRGBLayer
from baselines.stylegan3.networks import Generator as StyleGAN3
from tests.golden_cases import cases, facts
from tests.parity.pytorch_snapshot import IMAGES, STATISTICS, WS, inputs, near, networks

BY_CASE = pytest.mark.parametrize("case", cases("stylegan23/pkl_sg*"), ids=lambda case: case.name)


@BY_CASE
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=["float32", "float64"])
def test_latents_and_images(case, dtype):
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
        if not isinstance(G, StyleGAN3):
            check(G.synthesis(ws, noise_mode="none"), "img_none", IMAGES)
        check(G(z, c, truncation_psi=0.7, truncation_cutoff=4, noise_mode="const"), "img_psi0.7_cut4_const", IMAGES)
    G.float()


def layers(G):
    """The layers whose outputs are stored, in the order in which they are."""
    if isinstance(G, StyleGAN3):
        return [G.synthesis.input, *G.synthesis.layers()]
    return [part for part in G.synthesis.modules() if isinstance(part, SynthesisLayer | ToRGBLayer)]


@BY_CASE
def test_layers(case):
    G, (arrays, _, _) = networks(case)["G_ema"], inputs(case)
    outputs = []
    hooks = [part.register_forward_hook(lambda *call: outputs.append(call[2].detach())) for part in layers(G)]
    G.synthesis(torch.from_numpy(arrays["ws"]))  # with gradients on, so that the batch goes through as a whole
    for hook in hooks:
        hook.remove()
    assert [y.shape[1] for y in outputs] == facts(case)["layer_probe_lengths"]
    near(torch.stack([y.mean(dim=(1, 2, 3)) for y in outputs]), arrays["layer_mean"], **STATISTICS)
    near(torch.stack([y.square().mean(dim=(1, 2, 3)).sqrt() for y in outputs]), arrays["layer_rms"], **STATISTICS)
    probes = torch.cat([y[0, :, y.shape[2] // 2, y.shape[3] // 3] for y in outputs])
    near(probes, arrays["layer_probe"], **STATISTICS)


@BY_CASE
def test_initial_weights(case):
    G, (arrays, z, c) = networks(case)["G"], inputs(case)
    with torch.inference_mode():
        ws = G.mapping(z, c)
        near(ws[:, 0], arrays["G_init_ws"], WS)
        expected = arrays["G_init_img_const"]
        near(G.synthesis(ws[: len(expected)]), expected, IMAGES)
