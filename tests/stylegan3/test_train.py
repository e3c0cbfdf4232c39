import dataclasses

import pytest
import torch

from baselines.stylegan2.networks import Discriminator
from baselines.stylegan3.losses import blur
from baselines.stylegan3.networks import Generator
from baselines.stylegan3.recipes import RECIPES
from baselines.stylegan3.train import Training, train
from baselines.training.data import to_float
from tests.training.runs import IMAGES, context, training_of
from tests.training.short import SHORT

TINY = SHORT["stylegan3"].recipe


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"r1_gamma": 0.2}, r"expected r1_gamma 0\.1 as in the snapshot .*, found 0\.2"),
        ({"generator": {**TINY.generator, "w_dim": 5}}, r"expected generator\.w_dim 4 as in the snapshot .*, found 5"),
    ],
)
def test_another_recipe_cannot_resume(tmp_path, changes, words):
    train(IMAGES, dataclasses.replace(TINY, kimg=0.008), tmp_path)
    with pytest.raises(ValueError, match=words):
        train(IMAGES, dataclasses.replace(TINY, **changes), tmp_path, resume=True)


def test_other_images_cannot_resume(tmp_path):
    train(IMAGES, dataclasses.replace(TINY, kimg=0.008), tmp_path)
    with pytest.raises(ValueError, match="was started with, found other images"):
        train(255 - IMAGES, TINY, tmp_path, resume=True)


@pytest.mark.parametrize(
    ("images", "words"),
    [
        (IMAGES[:0], "expected images to train on, found none"),
        (IMAGES[:, :, :8], "16x8"),
        (IMAGES[:, :, :12, :12], "12x12"),
    ],
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
    small = name.startswith("digits32")
    resolution = 32 if small else int(name.split("-")[1])
    common = {"c_dim": 0, "img_resolution": resolution, "img_channels": 1 if small else 3}
    with torch.device("meta"):
        Discriminator(**common, **recipe.discriminator)
    assert recipe.batch % recipe.discriminator["epilogue_kwargs"]["mbstd_group_size"] == 0
    if small:
        Generator(**common, **recipe.generator)
    assert bool(recipe.augment) is name.startswith(("afhq", "metfaces"))
    # -R: 1x1 convolutions, radial filters, twice the channels.
    radial = name.endswith("-r")
    assert recipe.generator.get("use_radial_filters", False) is radial
    assert recipe.generator.get("conv_kernel", 3) == (1 if radial else 3)
