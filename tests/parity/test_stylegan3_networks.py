"""The StyleGAN3 generator against transformed images, designs and sizes of the official one."""

import json

import pytest
import torch

from baselines.stylegan3.networks import Generator
from tests.golden_cases import cases, facts, golden
from tests.parity.pytorch_snapshot import IMAGES, inputs, near, networks

PICKLES = cases("stylegan23/pkl_sg3*")
FULL_SIZE = ("stylegan3-t-ffhq-1024", "stylegan3-r-ffhq-1024", "stylegan3-t-afhqv2-512")
BY_CASE = pytest.mark.parametrize("case", PICKLES, ids=lambda case: case.name)


@BY_CASE
@pytest.mark.parametrize("name", ["translate", "rotate", "translate_rotate", "scale"])
def test_images_under_a_transform(case, name):
    G, (arrays, _, _) = networks(case)["G_ema"], inputs(case)
    matrix, expected = torch.from_numpy(arrays[f"transform_{name}"]), arrays[f"img_{name}"]
    ws = torch.from_numpy(arrays["ws"][: len(expected)])
    with torch.inference_mode():
        G.set_transform(matrix.repeat(len(ws), 1, 1))
        near(G.synthesis(ws), expected, IMAGES)
        before = G.synthesis.input.transform.clone()
        G.set_transform(matrix)
        near(G.synthesis(ws), expected, IMAGES)
        G.set_transform(before)


def agrees(design, name, expected):
    """Whether a layer's design has the stated value; sizes are stated as [width, height], frequencies to 1e-9."""
    found = getattr(design, {"conv_kernel": "kernel_size"}.get(name, name))
    if name in ("in_size", "out_size"):
        return [found, found] == expected
    return found == pytest.approx(expected, rel=1e-9) if isinstance(expected, float) else found == expected


def check_design(G, stated):
    elsewhere = {"name", "padding_order", "up_filter_shape", "down_filter_shape"}
    assert G.synthesis.layer_names == stated["layer_names"]
    assert G.num_ws == G.synthesis.num_ws == stated["num_ws"]
    p = G.synthesis.progression
    for found, name in [
        (p.cutoffs, "cutoff_hz"),
        (p.stopbands, "stopband_hz"),
        (p.sampling_rates, "sampling_rate"),
        (p.half_widths, "half_width_hz"),
    ]:
        assert list(found) == pytest.approx(stated["progression"][name], rel=1e-9), name
    for layer, expected in zip(G.synthesis.layers(), stated["layers"], strict=True):
        wrong = {n: v for n, v in expected.items() if n not in elsewhere and not agrees(layer.design, n, v)}
        assert not wrong, (expected["name"], wrong)
        for name in ("up_filter", "down_filter"):
            f = getattr(layer, name)
            assert (None if f is None else list(f.shape)) == expected[f"{name}_shape"]


@BY_CASE
def test_design(case):
    settings = {**facts(case)["G_kwargs"], **facts(case)["common_kwargs"]}
    settings.pop("class_name")
    G = Generator(**settings)
    check_design(G, json.loads((case / "layers.json").read_text()))
    expected = json.loads((case / "state_shapes.json").read_text())["G_ema"]
    assert {name: list(tensor.shape) for name, tensor in G.state_dict().items()} == expected


@BY_CASE
def test_filters_are_those_of_the_snapshot(case):
    loaded = networks(case)["G_ema"]
    for layer in loaded.synthesis.layers():
        for stored, designed in [
            (layer.up_filter, layer.design.up_filter()),
            (layer.down_filter, layer.design.down_filter()),
        ]:
            assert (stored is None) == (designed is None)
            if stored is not None:
                near(stored, designed.numpy(), atol=1e-7)


@pytest.mark.parametrize("name", FULL_SIZE)
def test_full_size(name):
    file = golden("stylegan23/full_size_facts") / "facts_stylegan3_repository.json"
    expected = json.loads(file.read_text())[name]
    settings = {**expected["G_kwargs"], **expected["common_kwargs"]}
    settings.pop("class_name")
    G = Generator(**settings)
    assert {key: list(tensor.shape) for key, tensor in G.state_dict().items()} == expected["G_state_dict"]
    assert sorted(key for key, _ in G.named_buffers()) == sorted(expected["G_buffers"])
    assert sum(p.numel() for p in G.parameters()) == expected["G_parameter_count"]
    assert sum(b.numel() for b in G.buffers()) == expected["G_buffer_elements"]
    check_design(G, expected["synthesis_layers"])
