import dataclasses
import json

import numpy as np
import pytest
import torch
from PIL import Image

from baselines.stylegan1.networks import Discriminator, Generator
from baselines.stylegan1.recipes import RECIPES
from baselines.stylegan1.train import Training, train
from baselines.training.data import BatchSegment
from baselines.training.growing import growth
from baselines.training.weights import load_state, read_header
from tests.training.runs import IMAGES, context, tensors, training_of
from tests.training.short import SHORT

TINY = SHORT["stylegan1"].recipe


def training(**changes):
    return training_of(Training, TINY, **changes)


def test_the_last_level_is_trained_and_the_weights_say_so(tmp_path):
    state = load_state(train(IMAGES, TINY, tmp_path))
    assert state["synthesis.lod"] == 0
    assert not torch.equal(
        tensors(tmp_path)["networks/G/synthesis.b16.conv1.weight"], state["synthesis.b16.conv1.weight"]
    )


def test_it_grows_level_by_level(tmp_path):
    train(IMAGES, TINY, tmp_path)
    entries = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [entry["kimg"] for entry in entries] == pytest.approx(
        [0.016, 0.028, 0.036, 0.044, 0.052, 0.06, 0.068, 0.076, 0.08]
    )
    levels = [entry["losses"]["Gmain/lod"] for entry in entries]
    # steps start at 0, 8, 16 | 24, 28 that fade in 8x8 | 32 to 48 | 52, 56, 60 that fade in 16x16 | 64 to 76
    assert levels == pytest.approx([2, (2 + 1.5) / 2, (1.25 + 1) / 2, 1, 1, (0.75 + 0.5) / 2, 0.25 / 2, 0, 0])
    assert {"Dmain/total", "Dmain/r1_penalty", "Dmain/scores_real", "Gmain/total"} <= entries[0]["losses"].keys()


def test_every_level_leaves_a_grid_as_coarse_as_it_is(tmp_path):
    train(IMAGES, TINY, tmp_path)
    for name, square in (("samples-*-4x4.png", 4), ("samples-*-8x8.png", 2)):
        with Image.open(next(tmp_path.glob(name))) as grid:
            pixels = torch.from_numpy(np.array(grid))
        small = pixels[::square, ::square]
        assert (small.repeat_interleave(square, 0).repeat_interleave(square, 1) == pixels).all()
        finer = small[::2, ::2]
        assert (finer.repeat_interleave(2, 0).repeat_interleave(2, 1) != small).any()


def test_a_run_stopped_early_gives_coarse_images(tmp_path):
    path = train(IMAGES, dataclasses.replace(TINY, kimg=0.016), tmp_path)
    G = Generator(**read_header(path)["config"])
    G.load_state_dict(load_state(path))
    images = G(torch.randn(1, 4, generator=torch.Generator().manual_seed(0)))
    assert (images == images[:, :, ::4, ::4].repeat_interleave(4, 2).repeat_interleave(4, 3)).all()


def test_rates_and_levels_are_set_and_moments_forgotten_where_a_level_begins_or_is_whole(monkeypatch):
    built, saved = training(), []
    monkeypatch.setattr(built, "save_samples", saved.append)
    seen = []
    for step, nimg in enumerate((0, 16, 18, 24, 32, 40, 48, 50, 64, 70)):
        built.prepare(context(step, nimg))
        seen.append((float(built.G.synthesis.lod), len(built.g_adam.state), built.d_adam.param_groups[0]["lr"]))
        assert built.D.lod == built.G.synthesis.lod
        built.g_adam.state["moments"] = {}
    assert [lod for lod, _, _ in seen] == [2, 2, 1.875, 1.5, 1, 1, 1, 0.875, 0, 0]
    assert [kept for _, kept, _ in seen] == [0, 1, 0, 1, 0, 1, 1, 0, 0, 1]
    assert [rate for _, _, rate in seen] == [0.001] * 7 + [0.003] * 3
    assert saved == ["000000.018-4x4", "000000.050-8x8"]


def test_batches_shrink_as_images_grow():
    assert Training.segments(TINY, 16) == (BatchSegment(0, 0, 8), BatchSegment(3, 24, 4))
    official = growth(RECIPES["ffhq-1024"], 1024)
    assert [official.at(kimg * 1000).batch for kimg in (0, 700, 2000, 3500, 25000)] == [256, 128, 64, 32, 32]


def test_networks_that_start_larger_than_the_images_are_refused(tmp_path):
    with pytest.raises(ValueError, match="initial_resolution to be at most the images' 16 pixels, found 32"):
        train(IMAGES, dataclasses.replace(TINY, initial_resolution=32), tmp_path)


@pytest.mark.parametrize("phase", ["discriminator_loss", "generator_loss"])
def test_each_phase_trains_its_network_and_moves_the_mean_of_w(phase):
    built = training()
    trained, other = (built.D, built.G) if phase == "discriminator_loss" else (built.G, built.D)
    trained.requires_grad_(True)
    before = built.G.mapping.w_avg.clone()
    getattr(built, phase)(context())["total"].mean().backward()
    assert not torch.equal(before, built.G.mapping.w_avg)
    assert any(p.grad is not None for p in trained.parameters())
    assert all(p.grad is None for p in other.parameters())


def test_what_has_not_grown_is_not_trained():
    built = training()
    built.prepare(context())
    built.G.requires_grad_(True)
    built.generator_loss(context())["total"].mean().backward()
    trained = {name.split(".")[1] for name, p in built.G.synthesis.named_parameters(prefix="s") if p.grad is not None}
    assert trained == {"b4"}


def test_the_discriminator_sees_reals_at_the_level_of_the_networks():
    built, seen = training(translate=0), []
    built.prepare(context(nimg=24))
    judge = built.D.forward
    built.D.forward = lambda images, c=None: seen.append(images) or judge(images, c)
    at = context(nimg=24)
    built.discriminator_loss(at)
    coarse = at.real.unfold(2, 4, 4).unfold(3, 4, 4).mean([4, 5])
    fine = at.real.unfold(2, 2, 2).unfold(3, 2, 2).mean([4, 5])
    expected = (fine + coarse.repeat_interleave(2, 2).repeat_interleave(2, 3)) / 2
    torch.testing.assert_close(seen[0], expected.repeat_interleave(2, 2).repeat_interleave(2, 3))


def test_wasserstein_with_gradient_penalty_trains_too(tmp_path):
    wgan = RECIPES["celebahq-1024-wgan-gp"]
    names = ("g_loss", "d_loss", "r1_gamma", "gp_lambda", "epsilon")
    recipe = dataclasses.replace(TINY, kimg=0.016, **{name: getattr(wgan, name) for name in names})
    train(IMAGES, recipe, tmp_path)
    losses = json.loads((tmp_path / "log.jsonl").read_text().splitlines()[0])["losses"]
    assert {"Dmain/mixed_norms", "Dmain/epsilon_penalty"} <= losses.keys()
    assert "Dmain/r1_penalty" not in losses


@pytest.mark.parametrize("name", RECIPES)
def test_recipes_build_networks(name):
    recipe = RECIPES[name]
    resolution = 32 if name.startswith("digits32") else int(name.split("-")[1])
    shape = {"c_dim": 0, "img_resolution": resolution, "img_channels": 3}
    with torch.device("meta"):
        G, D = Generator(**shape, **recipe.generator), Discriminator(**shape, **recipe.discriminator)
    assert G.img_resolution == D.img_resolution
    assert growth(recipe, shape["img_resolution"]).at(round(recipe.kimg * 1000)).lod == 0, "it is grown in the end"


def test_the_embedded_recipe_stays_below_its_bound():
    with torch.device("meta"):
        G = Generator(c_dim=0, img_resolution=32, img_channels=1, **RECIPES["digits32"].generator)
    assert sum(tensor.numel() for tensor in G.state_dict().values()) * 4 < 3e6
