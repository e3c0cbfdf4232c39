"""Recipes changed by names: their own settings, and the options of official programs."""

import dataclasses

import pytest

from baselines.cyclegan import options as cyclegan_options
from baselines.cyclegan import recipes as cyclegan
from baselines.errors import SettingsError
from baselines.pix2pix import options as pix2pix_options
from baselines.pix2pix import recipes as pix2pix
from baselines.progan import options as progan_options
from baselines.progan import recipes as progan
from baselines.stargan import options as stargan_options
from baselines.stargan import recipes as stargan
from baselines.starganv2 import options as starganv2_options
from baselines.starganv2 import recipes as starganv2
from baselines.stylegan1 import options as stylegan1_options
from baselines.stylegan1 import recipes as stylegan1
from baselines.stylegan2 import options as stylegan2_options
from baselines.stylegan2 import recipes as stylegan2
from baselines.stylegan3 import options as stylegan3_options
from baselines.stylegan3 import recipes as stylegan3
from baselines.training.options import Change, changed, hints_of, same
from baselines.training.settings import recipe_of

PAPERS = {
    "cyclegan": (cyclegan, cyclegan_options),
    "pix2pix": (pix2pix, pix2pix_options),
    "progan": (progan, progan_options),
    "stargan": (stargan, stargan_options),
    "starganv2": (starganv2, starganv2_options),
    "stylegan1": (stylegan1, stylegan1_options),
    "stylegan2": (stylegan2, stylegan2_options),
    "stylegan3": (stylegan3, stylegan3_options),
}
FURTHER = {"seed": int, "conditional": bool, "img_size": int, "attributes": list[str], "workers": int}


def after(paper, recipe, **given):
    """Return the settings of a recipe with changes, as its class takes them."""
    recipes, options = PAPERS[paper]
    settings = dataclasses.asdict(recipes.RECIPES[recipe])
    changes = [Change(name.replace("__", "."), value) for name, value in given.items()]
    made = changed(settings, changes, {**hints_of(recipes.Recipe), **FURTHER}, options.OPTIONS)
    recipe_of(recipes.Recipe, {name: value for name, value in made.items() if name not in FURTHER})
    return made


def test_nothing_given_changes_nothing():
    for paper, (recipes, _) in PAPERS.items():
        for name, recipe in recipes.RECIPES.items():
            assert after(paper, name) == dataclasses.asdict(recipe)


def test_settings_go_by_their_names_and_nested_ones_by_dots():
    made = after("stylegan2", "paper256", r1_gamma=3, generator__mapping_kwargs__num_layers=4, mirror=1)
    assert made["r1_gamma"] == 3
    assert made["mirror"] is True
    assert made["generator"]["mapping_kwargs"] == {"num_layers": 4, "w_avg_beta": 0.995}
    assert made["generator"]["channel_base"] == 16384
    assert stylegan2.RECIPES["paper256"].generator["mapping_kwargs"]["num_layers"] == 8, "the recipe itself stays"


@pytest.mark.parametrize(
    ("paper", "recipe", "given", "wanted"),
    [
        ("stylegan3", "ffhq-1024-t", {"gamma": 2}, {"r1_gamma": 2}),
        ("stylegan3", "ffhq-1024-t", {"snap": 9, "tick": 8}, {"snapshot_ticks": 9, "tick_kimg": 8}),
        ("stylegan3", "ffhq-1024-t", {"glr": 0.1, "dlr": 0.2}, {"g_lr": 0.1, "d_lr": 0.2}),
        ("stylegan3", "ffhq-1024-t", {"aug": "ada"}, {"augment": "bgc", "ada_target": 0.6, "augment_p": 0}),
        ("stylegan3", "ffhq-1024-t", {"aug": "fixed"}, {"augment": "bgc", "ada_target": None, "augment_p": 0.2}),
        ("stylegan2", "paper256", {"aug": "fixed", "p": 0.3}, {"augment": "bgc", "ada_target": None, "augment_p": 0.3}),
        ("stylegan2", "paper256", {"aug": "noaug"}, {"augment": "", "ada_target": None}),
        ("stylegan2", "paper256", {"target": 0.5}, {"augment": "bgc", "ada_target": 0.5}),
        ("stylegan2", "paper256", {"augpipe": "bg", "aug": "ada"}, {"augment": "bg", "ada_target": 0.6}),
        ("stylegan2", "stylegan2", {"augpipe": "bg"}, {"augment": "bg", "ada_target": 0.6}),
        ("stylegan2", "stylegan2", {"cond": 1}, {"conditional": True}),
        ("starganv2", "afhq-256", {"total_iters": 100000}, {"kimg": 800}),
        ("starganv2", "afhq-256", {"total_iters": 100000, "batch_size": 4}, {"kimg": 400, "batch": 4}),
        ("starganv2", "afhq-256", {"beta1": 0.1, "beta2": 0.9}, {"betas": (0.1, 0.9)}),
        ("starganv2", "afhq-256", {"randcrop_prob": 0.1, "lambda_ds": 3}, {"crop_prob": 0.1, "lambda_ds": 3}),
        ("starganv2", "afhq-256", {"save_every": 10000}, {"snapshot_ticks": 100}),
        ("stargan", "rafd-128", {"beta1": 0.1, "image_size": 64}, {"betas": (0.1, 0.999), "img_size": 64}),
        ("stargan", "rafd-128", {"dataset": "CelebA", "log_step": 1000}, {"labels": "attributes", "tick_kimg": 16}),
        ("cyclegan", "horse2zebra-256", {"niter": 3, "niter_decay": 4}, {"n_epochs": 3, "n_epochs_decay": 4}),
        ("cyclegan", "horse2zebra-256", {"no_flip": 1, "lr_policy": "lambda"}, {"mirror": False}),
        ("stylegan1", "ffhq-1024", {"lod_initial_resolution": 4}, {"initial_resolution": 4}),
        ("stylegan1", "ffhq-1024", {"G_smoothing_kimg": 5, "total_kimg": 2}, {"ema_kimg": 5, "kimg": 2}),
        ("progan", "lsun-256", {"minibatch_dict": {"4": 8}}, {"batches": {"4": 8}}),
        ("progan", "lsun-256", {"mirror_augment": 0, "G_smoothing": 0.9}, {"mirror": False, "g_smoothing": 0.9}),
    ],
)  # fmt: skip
def test_official_options_stand_for_settings(paper, recipe, given, wanted):
    before, made = after(paper, recipe), after(paper, recipe, **given)
    assert {name: made[name] for name in wanted} == wanted
    assert {name: value for name, value in made.items() if name not in wanted} == {
        name: value for name, value in before.items() if name not in wanted
    }


def test_options_of_networks_go_into_both():
    made = after("stylegan3", "ffhq-1024-t", cbase=16384, cmax=256, map_depth=5, mbstd_group=2, fp32=True)
    assert made["generator"] == {
        **stylegan3.RECIPES["ffhq-1024-t"].generator,
        "channel_base": 16384,
        "channel_max": 256,
        "mapping_kwargs": {"num_layers": 5},
        "num_fp16_res": 0,
        "conv_clamp": None,
    }
    assert made["discriminator"]["epilogue_kwargs"] == {"mbstd_group_size": 2}
    assert (made["discriminator"]["channel_base"], made["discriminator"]["num_fp16_res"]) == (16384, 0)
    rotation = after("stylegan3", "ffhq-1024-r", cbase=16384)
    assert rotation["generator"]["channel_base"] == 32768, "StyleGAN3-R has twice the feature maps"
    assert rotation["discriminator"]["channel_base"] == 16384


def test_networks_of_cyclegan_go_by_their_official_names():
    made = after("cyclegan", "horse2zebra-256", netG="resnet_6blocks", ngf=32, netD="n_layers", n_layers_D=4)
    assert made["generator"] == {"netG": "resnet", "ngf": 32, "n_blocks": 6, "norm": "instance"}
    assert made["discriminator"] == {"netD": "n_layers", "ndf": 64, "n_layers": 4, "norm": "instance"}
    made = after("pix2pix", "facades-256", netG="unet_128", netD="pixel", no_dropout=True)
    assert made["generator"] == {"netG": "unet", "ngf": 64, "num_downs": 7, "norm": "batch", "use_dropout": False}
    assert made["discriminator"] == {"netD": "pixel", "ndf": 64, "norm": "batch"}
    assert after("pix2pix", "facades-256", netD="basic") == after("pix2pix", "facades-256")


@pytest.mark.parametrize(
    ("paper", "recipe", "given", "words"),
    [
        ("stylegan3", "ffhq-1024-t", {"gama": 2}, "unknown setting gama: did you mean gamma?"),
        (
            "stylegan3",
            "ffhq-1024-t",
            {"channel_base": 2},
            "did you mean generator.channel_base or discriminator.channel",
        ),
        ("stylegan3", "ffhq-1024-t", {"conv_clamp": 2}, "or write generator.conv_clamp if it is an argument of the"),
        ("stylegan3", "ffhq-1024-t", {"genrator__w_dim": 2}, "unknown setting genrator.w_dim: did you mean"),
        ("stylegan3", "ffhq-1024-t", {"gamma": 2, "r1_gamma": 4}, "found 4 by r1_gamma and 2 by gamma: leave one out"),
        ("stylegan3", "ffhq-1024-t", {"cbase": 2, "generator__channel_base": 4}, "one value of generator.channel_base"),
        ("stylegan3", "ffhq-1024-t", {"cbase": "much"}, "the setting cbase to be a whole number"),
        ("stylegan3", "ffhq-1024-t", {"gamma": "much"}, "the setting r1_gamma to be a number"),
        ("stylegan3", "ffhq-1024-t", {"batch__size": 2}, "expected a table of settings before the last dot"),
        ("stylegan3", "ffhq-1024-t", {"aug": "some"}, "one of noaug, ada, fixed, found 'some'"),
        ("stylegan3", "ffhq-1024-t", {"p": 0.1}, "expected aug fixed with p, found noaug"),
        ("stylegan3", "ffhq-1024-t", {"aug": "fixed", "target": 0.1}, "expected aug ada with target, found fixed"),
        ("stylegan3", "ffhq-1024-t", {"aug": "fixed", "p": 2}, "a number from 0 to 1, found 2"),
        ("stylegan2", "paper256", {"aug": "fixed"}, "expected p with aug fixed, found none"),
        ("stylegan2", "paper256", {"aug": "noaug", "augpipe": "bg"}, "expected no augpipe with aug noaug"),
        ("stylegan3", "ffhq-1024-t", {"outdir": "x"}, "expected no outdir, which is the folder of all runs there"),
        ("stylegan2", "paper256", {"gpus": 8}, "torchrun --nproc-per-node"),
        ("starganv2", "afhq-256", {"num_domains": 3}, "expected no num_domains, as the folders of the data"),
        ("starganv2", "afhq-256", {"total_iters": 1.5}, "the setting total_iters to be a whole number"),
        ("stargan", "rafd-128", {"dataset": "Both"}, "joint training on both is not here"),
        ("cyclegan", "horse2zebra-256", {"netG": "resnet_7blocks"}, "expected netG to be one of resnet_9blocks"),
        ("cyclegan", "horse2zebra-256", {"netD": "basic", "n_layers_D": 2}, "expected netD n_layers with n_layers_D"),
        ("cyclegan", "horse2zebra-256", {"dataroot": "x"}, "write --data FOLDER"),
        ("stylegan1", "ffhq-1024", {"num_gpus": 8}, "torchrun"),
    ],
)
def test_what_cannot_be_is_refused_in_one_sentence(paper, recipe, given, words):
    with pytest.raises(SettingsError) as found:
        after(paper, recipe, **given)
    assert words in str(found.value)
    assert str(found.value).count(". ") == 0


def test_an_option_whose_setting_does_not_exist_yet_says_so():
    with pytest.raises(SettingsError, match="expected no --later, as the setting later_setting, which it stands for"):
        changed({}, [Change("later", 1, "--later")], {"batch": int}, {"later": same("later_setting")})


def test_the_same_value_twice_is_no_contradiction():
    assert after("stylegan3", "ffhq-1024-t", gamma=2, r1_gamma=2)["r1_gamma"] == 2


def test_hyphens_stand_for_underscores_and_settings_that_have_no_value_become_tables():
    settings = dataclasses.asdict(stylegan3.RECIPES["digits32"])
    changes = [Change("r1-gamma", 3), Change("mirror", 1), Change("batch-gpu", 2), Change("d-lrs.8", 1)]
    hints = {**hints_of(stylegan3.Recipe), "batch_gpu": int, "d_lrs": dict[str, float]}
    made = changed(settings, changes, hints, stylegan3_options.OPTIONS)
    assert (made["r1_gamma"], made["mirror"], made["batch_gpu"], made["d_lrs"]) == (3, True, 2, {"8": 1})
