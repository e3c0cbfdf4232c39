"""Settings by themselves: unknown, of the wrong kind, out of range; and what belongs to networks."""

import dataclasses
import math

import pytest
import torch

from baselines.cyclegan import recipes as cyclegan
from baselines.cyclegan import train as cyclegan_train
from baselines.errors import SettingsError
from baselines.pix2pix import recipes as pix2pix
from baselines.stargan import recipes as stargan
from baselines.starganv2 import recipes as starganv2
from baselines.stylegan1 import recipes as stylegan1
from baselines.stylegan1 import train as stylegan1_train
from baselines.stylegan2 import recipes as stylegan2
from baselines.stylegan2 import train as stylegan2_train
from baselines.stylegan3 import recipes as stylegan3
from baselines.stylegan3 import train as stylegan3_train
from baselines.training.settings import adjustable, check, recipe_of
from tests.training.runs import IMAGES, SHAPE
from tests.training.short import SHORT

PAPERS = [stylegan1, stylegan2, stylegan3, cyclegan, pix2pix, stargan, starganv2]


@pytest.mark.parametrize("paper", PAPERS, ids=lambda paper: paper.__name__)
def test_every_recipe_is_as_its_settings_must_be(paper):
    for recipe in paper.RECIPES.values():
        assert recipe_of(paper.Recipe, dataclasses.asdict(recipe)) == check(recipe)


@pytest.mark.parametrize(
    ("paper", "train"), [(stylegan1, stylegan1_train), (stylegan2, stylegan2_train), (stylegan3, stylegan3_train)]
)
def test_networks_take_what_every_recipe_tells_them(paper, train):
    for recipe in paper.RECIPES.values():
        train.Training.generator_arguments.check(recipe.generator, "generator", SHAPE)
        train.Training.discriminator_arguments.check(recipe.discriminator, "discriminator", SHAPE)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"r1_gama": 1}, "unknown setting r1_gama: did you mean r1_gamma?"),
        ({"x": 1}, "unknown setting x: choose among ada_interval, "),
        ({"batch": 0}, "the setting batch to be a number from 1 to 65,536, found 0."),
        ({"batch": 1.5}, "the setting batch to be a whole number from 1 to 65,536, found 1.5."),
        ({"batch": True}, "found True."),
        ({"batch": "8"}, "found '8'."),
        ({"kimg": math.nan}, "the setting kimg to be a number above 0 to 1e+09, found nan."),
        ({"kimg": 1e300}, "found 1e+300."),
        ({"kimg": 0}, "found 0."),
        ({"kimg": 10**400}, "above 0 to 1e+09, found 1000000"),
        ({"generator": {"z_dim": [16**5000]}}, "z_dim to be a finite number, found a number of thousands of digits."),
        ({"g_lr": -1}, "the setting g_lr to be a number from 0 to 1e+38, found -1."),
        ({"g_lr": None}, "found None."),
        ({"betas": (0.0, 1.0)}, "the setting betas to be a number from 0 and below 1, found 1.0."),
        ({"betas": 0.5}, "the setting betas to be 2 numbers from 0 and below 1, found 0.5."),
        ({"ema_rampup": "half"}, "a number from 0 to 1e+12 or nothing, found 'half'."),
        ({"ema_rampup": -0.1}, "the setting ema_rampup to be a number from 0 to 1e+12, found -0.1."),
        ({"mirror": "yes"}, "the setting mirror to be true or false, found 'yes'."),
        ({"augment": 1}, "the setting augment to be a text, found 1."),
        ({"generator": []}, "the setting generator to be a table of values by name, found []."),
        ({"style_mixing_prob": 1.1}, "from 0 to 1, found 1.1."),
    ],
)
def test_a_setting_that_cannot_be_is_named(settings, words):
    with pytest.raises(SettingsError) as found:
        recipe_of(stylegan2.Recipe, settings)
    assert words in str(found.value)


def with_(recipe, changes):
    """Return a recipe with settings changed, nested ones by dots."""

    def put(table, value, first, *rest):
        return {**table, first: put(table.get(first) or {}, value, *rest) if rest else value}

    settings = {each.name: getattr(recipe, each.name) for each in dataclasses.fields(recipe)}
    for name, value in changes.items():
        settings = put(settings, value, *name.split("."))
    return type(recipe)(**settings)


@pytest.mark.parametrize(
    ("model", "changes", "words"),
    [
        ("stylegan2", {"discriminator.epilogue_kwargs.mbstd_group_size": 0}, "mbstd_group_size to be at least 1,"),
        ("stylegan2", {"discriminator.epilogue_kwargs.mbstd_num_channels": 3}, "to divide the 4 channels, found 3"),
        ("stylegan1", {"discriminator.mbstd_num_features": 3}, "mbstd_num_features to divide the 4 channels, found 3"),
        ("stylegan2", {"generator.mapping_kwargs.num_layers": 0}, "num_layers to be a number from 1 to 256, found 0"),
        ("stylegan3", {"generator.mapping_kwargs.num_layers": 10**6}, "from 1 to 256, found 1000000"),
        ("stylegan2", {"generator.kernel_size": 0}, "generator.kernel_size to be a number from 1 to 64, found 0"),
        ("stylegan2", {"generator.kernel_size": 2}, "expected an odd kernel_size, which keeps the size"),
        ("stylegan3", {"generator.conv_kernel": 0}, "generator.conv_kernel to be a number from 1 to 64, found 0"),
        ("stylegan3", {"generator.lrelu_upsampling": 0}, "lrelu_upsampling to be a number from 1 to 64, found 0"),
        ("stylegan3", {"generator.margin_size": 10**4}, "margin_size to be a number from 0 to 1,024, found 10000"),
        ("stylegan3", {"generator.channel_base": 1}, "a channel_base of a channel or more in every layer, found 1"),
        ("stylegan2", {"generator.channel_base": 1}, "a size comes out as 0"),
        ("stylegan1", {"generator.blur_filter": []}, "taps that add up to more than 0, found []"),
        ("stylegan1", {"discriminator.blur_filter": [0]}, "found [0]"),
        ("stylegan1", {"gp_target": 0}, "gp_target to be a number from 1e-06 to 1e+12, found 0"),
        ("progan", {"gp_target": 1e-300}, "gp_target to be a number from 1e-06 to 1e+12, found 1e-300"),
    ],
)  # fmt: skip
def test_a_setting_with_which_no_step_can_be_taken_is_named(model, changes, words, tmp_path):
    with pytest.raises(SettingsError) as found:
        SHORT[model].train(IMAGES, with_(SHORT[model].recipe, changes), tmp_path / "run")
    assert words in str(found.value)
    assert not (tmp_path / "run").exists()


def test_what_a_file_makes_of_settings_is_taken():
    made = recipe_of(stylegan2.Recipe, {"betas": [0, 0.9], "kimg": 5, "ema_rampup": None, "batch": 4})
    assert repr((made.betas, made.kimg, made.ema_rampup, made.batch)) == "((0.0, 0.9), 5.0, None, 4)"  # torch needs it
    assert repr(check(stylegan2.Recipe({}, betas=(0, 0.9))).betas) == "(0.0, 0.9)"
    rates = recipe_of(stylegan1.Recipe, {"g_lrs": {"8": 0.1, "16": 1}}).g_lrs
    assert repr(rates) == "{'8': 0.1, '16': 1.0}"
    with pytest.raises(SettingsError, match="bottleneck to be a number from 2 to 65,536, found 1"):
        recipe_of(starganv2.Recipe, {"bottleneck": 1})
    with pytest.raises(SettingsError, match=r"the setting g_lrs\.8 to be a number from 0 to 1e\+38, found -1"):
        recipe_of(stylegan1.Recipe, {"g_lrs": {"8": -1}})


TINY2 = stylegan2.Recipe({"z_dim": 4, "w_dim": 4}, kimg=0.032)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"generator": {"z_dim": 4}}, "expected w_dim in the setting generator, found none: add it"),
        (
            {"generator": {"z_dim": 4, "w_dim": "4"}},
            "generator.w_dim to be a whole number from 1 to 16,777,216, found '4'",
        ),
        ({"generator": {"z_dim": 4, "w_dim": 4, "chanel_max": 4}}, "generator.chanel_max: did you mean channel_max?"),
        ({"generator": {"z_dim": 4, "w_dim": 4, "img_resolution": 4}}, "unknown setting generator.img_resolution"),
        ({"generator": {"z_dim": 4, "w_dim": 4, "use_fp16": True}}, "unknown setting generator.use_fp16"),
        (
            {"generator": {"z_dim": 4, "w_dim": 4, "mapping_kwargs": {"layers": 2}}},
            "unknown setting generator.mapping_kwargs.layers: did you mean num_layers?",
        ),
        ({"discriminator": {"epilogue_kwargs": {"mbstd_group_size": "all"}}}, "epilogue_kwargs.mbstd_group_size to be"),
        ({"discriminator": {"block_kwargs": {"conv_clamp": 1}}}, "unknown setting discriminator.block_kwargs.conv_cl"),
        ({"generator": {"z_dim": 0, "w_dim": 4}}, "generator.z_dim to be a number from 1 to 16,777,216, found 0."),
        (
            {"generator": {"z_dim": 4, "w_dim": 4, "mapping_kwargs": {"activation": "swich"}}},
            "mapping_kwargs.activation to be one of linear, relu, ",
        ),
        ({"generator": {"z_dim": 4, "w_dim": 4, "channel_base": 1}}, "cannot be built with these settings"),
        ({"batch": 6}, "batches of a multiple of 4 images, which the discriminator compares, found 6."),
        ({"generator": {"z_dim": 4, "w_dim": 10**12}}, "generator.w_dim to be a number from 1 to 16,777,216"),
        ({"augment": "bgx"}, "cannot be built with these settings: expected augment to be one of blit"),
        ({"kimg": 0.001}, "expected kimg to be at least one batch of 32 images, found 0.001: raise kimg."),
    ],
)
def test_what_networks_do_not_take_is_named(tmp_path, changes, words):
    with pytest.raises(SettingsError) as found:
        stylegan2_train.prepare(IMAGES, dataclasses.replace(TINY2, **changes), tmp_path / "run")
    assert words in str(found.value)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"generator": {"netG": "vit"}}, "unknown generator 'vit': choose one of resnet, unet."),
        ({"generator": {"num_downs": 5}}, "unknown setting generator.num_downs"),
        ({"generator": {"norm": "layer"}}, "generator.norm to be one of instance, batch, none, found 'layer'"),
        ({"lr_policy": "cosine", "n_epochs": 0}, "expected n_epochs above 0 for the cosine policy, found 0"),
        ({"load_size": 10**9}, "the setting load_size to be a number from 0 to 16,384, found 1000000000."),
        ({"discriminator": {"netD": ["pixel"]}}, "unknown discriminator ['pixel']"),
        (
            {"discriminator": {"n_layers": 3}},
            "at least 24x24 pixels for this discriminator, found 16x16: give it fewer",
        ),
    ],
)
def test_cyclegans_networks_are_checked_too(tmp_path, changes, words):
    recipe = dataclasses.replace(cyclegan.RECIPES["digits32"], **changes)
    with pytest.raises(SettingsError) as found:
        cyclegan_train.prepare(IMAGES, IMAGES, recipe, tmp_path)
    assert words in str(found.value)


def test_a_mistake_inside_a_network_is_not_told_as_the_users(tmp_path, monkeypatch):
    class Broken(stylegan2_train.Training):
        generator_class = staticmethod(lambda **config: len(5))

    monkeypatch.setattr(stylegan2_train, "Training", Broken)
    with pytest.raises(TypeError, match="has no len"):
        stylegan2_train.prepare(IMAGES, TINY2, tmp_path)


def test_what_may_change_after_a_run_diverged():
    assert set(adjustable(stylegan2.Recipe())) == {"g_lr", "d_lr", "betas", "r1_gamma"}
    assert {"lr", "f_lr", "lambda_cyc"} <= set(adjustable(starganv2.Recipe()))
    assert not {"kimg", "batch", "generator", "style_dim"} & set(adjustable(starganv2.Recipe()))


def test_a_run_that_is_prepared_has_written_nothing_and_left_the_random_state_alone(tmp_path):
    before = torch.get_rng_state()
    run = stylegan2_train.prepare(IMAGES, TINY2, tmp_path / "run")
    assert run.training.result().img_resolution == 16
    assert not (tmp_path / "run").exists()
    assert torch.equal(before, torch.get_rng_state())
