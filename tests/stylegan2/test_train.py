import dataclasses
import json
import re

import pytest
import torch

from baselines.stylegan2.networks import Discriminator, Generator
from baselines.stylegan2.recipes import RECIPES
from baselines.stylegan2.train import Training, train
from tests.training.runs import IMAGES, context, same, tensors, training_of
from tests.training.short import SHORT

TINY = SHORT["stylegan2"].recipe


def training(**changes):
    return training_of(Training, TINY, **changes)


def test_the_mean_path_length_is_kept(tmp_path):
    train(IMAGES, TINY, tmp_path)
    assert tensors(tmp_path)["networks/path_length/pl_mean"] > 0


ADAPTIVE = dataclasses.replace(TINY, augment="bgcfnc", augment_p=0.5, ada_target=0.6, ada_interval=1, ada_kimg=0.01)


def test_the_probability_of_augmentation_is_saved_and_logged(tmp_path):
    train(IMAGES, ADAPTIVE, tmp_path)
    assert tensors(tmp_path)["networks/augment/p"].item() != 0.5
    entry = json.loads((tmp_path / "log.jsonl").read_text().splitlines()[0])
    assert entry["augment_p"] != 0.5


@pytest.mark.parametrize(("score", "way"), [(1.0, 1), (-1.0, -1)])
def test_the_probability_adapts_every_few_steps_to_the_scores_of_real_images(score, way):
    built = training(**{**vars(ADAPTIVE), "ada_interval": 2, "ada_kimg": 0.1})
    built.D = lambda images, c: torch.full([len(images), 1], score)
    seen = []
    for step in range(5):
        built.prepare(context(step))
        seen.append(built.augment.p.item())
        built.discriminator_loss(context(step))
    step = way * 8 / 100  # two steps of four images
    assert seen == pytest.approx([0.5, 0.5, 0.5 + step, 0.5 + step, 0.5 + 2 * step])


def test_without_a_target_the_probability_stays(tmp_path):
    train(IMAGES, dataclasses.replace(ADAPTIVE, ada_target=None), tmp_path)
    assert tensors(tmp_path)["networks/augment/p"].item() == 0.5


def test_augmented_is_also_the_same_when_resumed(tmp_path):
    train(IMAGES, ADAPTIVE, tmp_path / "whole")
    train(IMAGES, dataclasses.replace(ADAPTIVE, kimg=0.008), tmp_path / "parts")
    train(IMAGES, ADAPTIVE, tmp_path / "parts", resume=True)
    assert same(tmp_path / "whole", tmp_path / "parts")


def test_without_path_length_and_mixing_there_is_neither(tmp_path):
    recipe = dataclasses.replace(TINY, pl_weight=0, style_mixing_prob=0)
    train(IMAGES, recipe, tmp_path)
    assert not any("path_length" in name for name in tensors(tmp_path))
    losses = json.loads((tmp_path / "log.jsonl").read_text().splitlines()[0])["losses"]
    assert not any(name.startswith("Greg") for name in losses)


@pytest.mark.parametrize("everywhere", [False, True])
def test_which_pass_moves_the_mean_of_w(everywhere):
    built = training(emas_in_every_pass=everywhere)
    built.G.requires_grad_(True)
    moved = {}
    for phase in ("generator_loss", "path_length_loss", "discriminator_loss", "r1_loss"):
        before = built.G.mapping.w_avg.clone()
        getattr(built, phase)(context())
        moved[phase] = not torch.equal(before, built.G.mapping.w_avg)
    assert moved == {
        "generator_loss": everywhere,
        "path_length_loss": everywhere,
        "discriminator_loss": True,
        "r1_loss": False,
    }


def test_the_discriminators_phase_never_trains_the_generator():
    built = training()
    for network in (built.G, built.D):
        network.requires_grad_(True)
    built.discriminator_loss(context())["total"].mean().backward()
    assert all(p.grad is None for p in built.G.parameters())
    built.generator_loss(context())["total"].mean().backward()
    assert any(p.grad is not None for p in built.G.parameters())


def test_path_length_is_measured_on_a_smaller_batch_and_reaches_the_mapping():
    built = training(batch=4, pl_batch_shrink=2)
    built.G.requires_grad_(True)
    found = built.path_length_loss(context())
    assert found["total"].shape == (2,)
    found["total"].mean().backward()
    assert built.G.mapping.fc0.weight.grad.any()
    assert (
        training(batch=1, pl_batch_shrink=2, generator=TINY.generator).generate(context(), "Greg", 1)[0].shape[0] == 1
    )


def test_every_phase_and_step_has_its_own_noise_and_latents():
    built = training()
    seen = [built.generate(context(step), phase, 4)[0] for step in (0, 1) for phase in ("Gmain", "Dmain")]
    assert not any(torch.equal(a, b) for i, a in enumerate(seen) for b in seen[:i])
    assert torch.equal(seen[0], built.generate(context(0), "Gmain", 4)[0])


def test_real_and_generated_images_are_augmented_in_every_phase_with_other_draws():
    built, seen = training(augment="blit", augment_p=1.0), []

    def watched(images, c):
        seen.append(images.detach())
        return images.flatten(1).sum(1, keepdim=True)

    built.D = watched
    built.G.requires_grad_(True)
    at = context()
    for phase in (built.generator_loss, built.discriminator_loss, built.r1_loss):
        phase(at)
    _, fake, real, real_again = seen
    assert not torch.allclose(real, at.real)
    assert not torch.allclose(real, real_again)
    assert not torch.allclose(fake, built.generate(at, "Dmain", 4)[0].detach())


def test_the_scores_of_real_images_are_counted_in_both_phases_of_the_discriminator():
    built = training(**vars(ADAPTIVE))
    built.D = lambda images, c: images.flatten(1).sum(1, keepdim=True)
    built.discriminator_loss(context())
    built.r1_loss(context())
    assert built.augment.count.item() == 8


def test_training_uses_random_noise():
    built = training(style_mixing_prob=0)
    with torch.no_grad():
        for name, strength in built.G.named_parameters():
            if name.endswith("noise_strength"):
                strength.fill_(1.0)
    images, ws, _ = built.generate(context(), "Gmain", 4)
    assert not torch.allclose(images, built.G.synthesis(ws), atol=1e-2)


def test_training_can_start_from_other_weights_and_freeze_layers(tmp_path):
    train(IMAGES, TINY, tmp_path / "source")
    source = tensors(tmp_path / "source")
    start = {name: {} for name in ("G", "D", "G_ema")}
    for key, value in source.items():
        kind, name, *rest = key.split("/")
        if kind == "networks" and name in start:
            start[name]["/".join(rest)] = value
    recipe = dataclasses.replace(TINY, freeze_d=2)
    train(IMAGES, recipe, tmp_path / "run", start=start)
    after = tensors(tmp_path / "run")
    for name in ("b16.fromrgb.weight", "b16.fromrgb.bias", "b16.conv0.weight", "b16.conv0.bias"):
        assert torch.equal(after[f"networks/D/{name}"], start["D"][name]), name
    assert not torch.equal(after["networks/D/b16.conv1.weight"], start["D"]["b16.conv1.weight"])
    moments = [name for name in after if name.startswith("optimizers/D/") and name.endswith("/exp_avg")]
    everything = [name for name in source if name.startswith("optimizers/D/") and name.endswith("/exp_avg")]
    assert len(moments) == len(everything) - 4  # none of layers that stay fixed
    block = {**TINY.discriminator, "block_kwargs": {"freeze_layers": 1, "activation": "relu"}}
    built = dataclasses.replace(recipe, discriminator=block)
    assert Training.discriminator_config(built)["block_kwargs"] == {"freeze_layers": 2, "activation": "relu"}
    assert Training.discriminator_config(dataclasses.replace(built, freeze_d=0)) == block


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_builds_its_networks(name):
    recipe = RECIPES[name]
    small, resolutions = name.startswith("digits32"), {"paper256": 256, "paper512": 512, "cifar": 32}
    resolution = 32 if small else resolutions.get(name, int(re.search(r"-(\d+)|$", name)[1] or 1024))
    common = {"c_dim": 0, "img_resolution": resolution, "img_channels": 1 if small else 3}
    with torch.device("meta"):
        G, D = Generator(**common, **recipe.generator), Discriminator(**common, **recipe.discriminator)
    assert recipe.batch % recipe.discriminator["epilogue_kwargs"]["mbstd_group_size"] == 0
    assert D.b4.mbstd is not None
    size = sum(tensor.numel() for tensor in G.state_dict().values()) * 4
    assert (size <= 3 * 2**20) is small, size


def test_published_settings():
    """The values that the authors published for each configuration, beside those of all of them."""
    published = {
        "stylegan2": (25000, 32, 4, 32768, 0.002, 10, 10, None, 8, 2, 0.9),
        "lsun-car-512": (57000, 32, 4, 32768, 0.002, 10, 10, None, 8, 2, 0.9),
        "lsun-cat-256": (88000, 32, 4, 32768, 0.002, 10, 10, None, 8, 2, 0.9),
        "lsun-church-256": (88000, 32, 4, 32768, 0.002, 100, 10, None, 8, 2, 0.9),
        "lsun-horse-256": (100000, 32, 4, 32768, 0.002, 100, 10, None, 8, 2, 0.9),
        "paper256": (25000, 64, 8, 16384, 0.0025, 1, 20, None, 8, 2, 0.9),
        "paper512": (25000, 64, 8, 32768, 0.0025, 0.5, 20, None, 8, 2, 0.9),
        "paper1024": (25000, 32, 4, 32768, 0.002, 2, 10, None, 8, 2, 0.9),
        "cifar": (100000, 64, 32, 32768, 0.0025, 0.01, 500, 0.05, 2, 0, 0),
    }
    for name, expected in published.items():
        r = RECIPES[name]
        assert expected == (
            r.kimg,
            r.batch,
            r.discriminator["epilogue_kwargs"]["mbstd_group_size"],
            r.generator["channel_base"],
            r.g_lr,
            r.r1_gamma,
            r.ema_kimg,
            r.ema_rampup,
            r.generator["mapping_kwargs"]["num_layers"],
            r.pl_weight,
            r.style_mixing_prob,
        ), name
        assert (r.d_lr, r.betas, r.r1_interval, r.pl_interval) == (r.g_lr, (0, 0.99), 16, 4)
        ada = ("", None) if name == "stylegan2" or name.startswith("lsun") else ("bgc", 0.6)
        assert (r.augment, r.ada_target, r.augment_p, r.ada_interval, r.ada_kimg) == (*ada, 0, 4, 500)
        assert r.discriminator["channel_base"] == r.generator["channel_base"]
