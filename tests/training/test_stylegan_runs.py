"""What holds for a training of Progressive GAN and any StyleGAN: weights, logs, and that a stop changes nothing."""

import dataclasses
import json

import pytest
import torch
from PIL import Image

from baselines.progan.networks import Generator as ProGAN
from baselines.stylegan1.networks import Generator as StyleGAN1
from baselines.stylegan2.networks import Generator as StyleGAN2
from baselines.stylegan3.networks import Generator as StyleGAN3
from baselines.training.weights import load_state, read_header
from tests.training.runs import IMAGES, same, tensors
from tests.training.short import SHORT

GENERATORS = {"progan": ProGAN, "stylegan1": StyleGAN1, "stylegan2": StyleGAN2, "stylegan3": StyleGAN3}
BY_NAME = pytest.mark.parametrize("name", SHORT)
LOSSES = {
    "progan": {"Dmain/total", "Dmain/mixed_norms", "Dmain/epsilon_penalty", "Gmain/total"},
    "stylegan1": {"Dmain/total", "Dmain/r1_penalty", "Dmain/scores_real", "Gmain/total"},
    "stylegan2": {"Gmain/total", "Greg/pl_penalty", "Greg/pl_length", "Dmain/total", "Dreg/r1_penalty"},
    "stylegan3": {"Gmain/total", "Dmain/total", "Dreg/r1_penalty"},
}
GROWING, WHOLE = "samples-*-4x4.png", "samples-000000.*.png"
SHEETS = {"progan": GROWING, "stylegan1": GROWING, "stylegan2": WHOLE, "stylegan3": WHOLE}


@BY_NAME
def test_the_weights_build_the_generator_that_was_trained(name, tmp_path):
    short = SHORT[name]
    path = short.train(IMAGES, short.recipe, tmp_path, recipe_name="tiny", data_fingerprint="abc")
    header, state = read_header(path), load_state(path)
    told = {key: header[key] for key in ("model", "recipe", "kimg", "seed", "data_fingerprint")}
    kimg = short.recipe.kimg
    assert told == {"model": name, "recipe": "tiny", "kimg": kimg, "seed": 0, "data_fingerprint": "abc"}
    G = GENERATORS[name](**header["config"])
    G.load_state_dict(state)
    assert all(torch.equal(tensors(tmp_path)[f"networks/G_ema/{key}"], tensor) for key, tensor in state.items())
    assert G(torch.zeros(2, 4)).shape == (2, 1, 16, 16)
    means = [tensor for key, tensor in state.items() if key.endswith("w_avg")]
    assert [bool(mean.any()) for mean in means] == [True] * (name != "progan"), "it has no w"
    with Image.open(next(tmp_path.glob(SHEETS[name]))) as grid:
        assert grid.size == (160, 160)
    losses = json.loads((tmp_path / "log.jsonl").read_text().splitlines()[0])["losses"]
    assert LOSSES[name] <= losses.keys()


@BY_NAME
@pytest.mark.parametrize("labels", [None, torch.eye(3).repeat(2, 1)], ids=["unconditional", "conditional"])
def test_resumed_is_the_same_as_uninterrupted(name, labels, tmp_path):
    short = SHORT[name]
    recipe = short.change(**short.varied)
    short.train(IMAGES, recipe, tmp_path / "whole", labels=labels)
    for stop in short.stops:
        parts = tmp_path / str(stop)
        short.train(IMAGES, dataclasses.replace(recipe, kimg=stop), parts, labels=labels)
        short.train(IMAGES, recipe, parts, labels=labels, resume=True)
        assert same(tmp_path / "whole", parts), stop


@BY_NAME
@pytest.mark.usefixtures("untouched_random_state")
def test_the_global_random_state_is_left_alone(name, tmp_path):
    SHORT[name].train(IMAGES, SHORT[name].change(kimg=0.008), tmp_path)


@BY_NAME
def test_seeds_differ(name, tmp_path):
    for seed in (0, 1):
        SHORT[name].train(IMAGES, SHORT[name].change(kimg=0.008), tmp_path / str(seed), seed=seed)
    assert not same(tmp_path / "0", tmp_path / "1")
