import dataclasses
import json

import pytest
import torch
from PIL import Image

from baselines.stylegan2.networks import Discriminator
from baselines.stylegan3.losses import blur
from baselines.stylegan3.networks import Generator
from baselines.stylegan3.recipes import RECIPES, Recipe
from baselines.stylegan3.train import Training, train
from baselines.training.data import to_float
from baselines.training.weights import load_state, read_header
from tests.training.runs import IMAGES, context, same, tensors, training_of

TINY = Recipe(
    {
        "z_dim": 4,
        "w_dim": 4,
        "mapping_kwargs": {"num_layers": 1},
        "num_layers": 3,
        "channel_base": 32,
        "channel_max": 4,
    },
    {"channel_base": 32, "channel_max": 4},
    kimg=0.016,
    batch=4,
    r1_gamma=0.1,
    r1_interval=2,
    tick_kimg=0.008,
    snapshot_ticks=1,
)


def test_the_weights_build_the_generator_that_was_trained(tmp_path):
    path = train(IMAGES, TINY, tmp_path, recipe_name="tiny", data_fingerprint="abc")
    header, state = read_header(path), load_state(path)
    told = {name: header[name] for name in ("model", "recipe", "kimg", "seed", "data_fingerprint")}
    assert told == {"model": "stylegan3", "recipe": "tiny", "kimg": 0.016, "seed": 0, "data_fingerprint": "abc"}
    G = Generator(**header["config"])
    G.load_state_dict(state)
    assert {f"networks/G_ema/{name}" for name in state} <= tensors(tmp_path).keys()
    assert all(torch.equal(tensors(tmp_path)[f"networks/G_ema/{name}"], tensor) for name, tensor in state.items())
    assert G(torch.zeros(2, 4)).shape == (2, 1, 16, 16)
    assert state["mapping.w_avg"].any()
    with Image.open(tmp_path / "samples-000000.png") as grid:
        assert grid.size == (160, 160)
    losses = json.loads((tmp_path / "log.jsonl").read_text().splitlines()[0])["losses"]
    assert {"Gmain/total", "Dmain/total", "Dreg/r1_penalty"} <= losses.keys()


@pytest.mark.parametrize("labels", [None, torch.eye(3).repeat(2, 1)], ids=["unconditional", "conditional"])
def test_resumed_is_the_same_as_uninterrupted(tmp_path, labels):
    recipe = dataclasses.replace(TINY, mirror=True, blur_init_sigma=1.0, blur_fade_kimg=0.02)
    train(IMAGES, recipe, tmp_path / "whole", labels=labels)
    train(IMAGES, dataclasses.replace(recipe, kimg=0.008), tmp_path / "parts", labels=labels)
    train(IMAGES, recipe, tmp_path / "parts", labels=labels, resume=True)
    assert same(tmp_path / "whole", tmp_path / "parts")


def test_the_global_random_state_is_left_alone(tmp_path):
    before = torch.get_rng_state()
    train(IMAGES, dataclasses.replace(TINY, kimg=0.004), tmp_path)
    assert torch.equal(before, torch.get_rng_state())


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"r1_gamma": 0.2}, "r1_gamma 0.1, not 0.2"),
        ({"generator": {**TINY.generator, "w_dim": 5}}, r"generator\.w_dim 4, not 5"),
    ],
)
def test_another_recipe_cannot_resume(tmp_path, changes, words):
    train(IMAGES, dataclasses.replace(TINY, kimg=0.008), tmp_path)
    with pytest.raises(ValueError, match=words):
        train(IMAGES, dataclasses.replace(TINY, **changes), tmp_path, resume=True)


def test_other_images_cannot_resume(tmp_path):
    train(IMAGES, dataclasses.replace(TINY, kimg=0.008), tmp_path)
    with pytest.raises(ValueError, match="data_fingerprint"):
        train(255 - IMAGES, TINY, tmp_path, resume=True)


@pytest.mark.parametrize(
    ("images", "words"),
    [(IMAGES[:0], "no images"), (IMAGES[:, :, :8], "16x8"), (IMAGES[:, :, :12, :12], "12x12")],
)
def test_bad_images_are_refused_before_anything_is_written(tmp_path, images, words):
    with pytest.raises(ValueError, match=words):
        train(images, TINY, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_the_discriminator_sees_blurred_images_while_the_blur_lasts():
    built = training_of(Training, TINY, blur_init_sigma=1.0, blur_fade_kimg=1)
    images = to_float(IMAGES)
    for nimg in (0, 500, 2000):
        at = context(0, nimg, images)
        assert torch.equal(built.view(at, "Gmain/view")(images), blur(images, max(1 - nimg / 1000, 0)))


def test_only_the_discriminators_pass_moves_the_running_magnitudes():
    built, at = training_of(Training, TINY), context()

    def averages():
        return torch.cat([b.flatten() for name, b in built.G.named_buffers() if name.endswith(("_ema", "w_avg"))])

    before = averages().clone()
    built.generator_loss(at)
    assert torch.equal(averages(), before)
    built.discriminator_loss(at)
    assert not torch.isclose(averages(), before).any()


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_builds_its_networks(name):
    recipe = RECIPES[name]
    resolution = 32 if name == "digits32" else int(name.split("-")[1])
    common = {"c_dim": 0, "img_resolution": resolution, "img_channels": 1 if name == "digits32" else 3}
    with torch.device("meta"):
        Discriminator(**common, **recipe.discriminator)
    assert recipe.batch % recipe.discriminator["epilogue_kwargs"]["mbstd_group_size"] == 0
    if name == "digits32":
        Generator(**common, **recipe.generator)
    assert bool(recipe.augment) is name.startswith(("afhq", "metfaces"))
    # -R: 1x1 convolutions, radial filters, twice the channels.
    radial = name.endswith("-r")
    assert recipe.generator.get("use_radial_filters", False) is radial
    assert recipe.generator.get("conv_kernel", 3) == (1 if radial else 3)
