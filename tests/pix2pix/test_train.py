import copy
import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch.nn import functional as F

from baselines.errors import SettingsError, TrainingError
from baselines.pix2pix.recipes import RECIPES, Recipe
from baselines.pix2pix.train import Training, prepare, train
from baselines.training.frame import RunOutput
from baselines.training.loop import advance_all
from baselines.training.weights import load_state, read_header
from baselines.translation.networks import generator
from tests.training.runs import context, same, tensors

DRAWS = torch.Generator().manual_seed(0)
A = torch.randint(256, [5, 1, 36, 36], dtype=torch.uint8, generator=DRAWS)
B = torch.cat([255 - A, A, A], 1)
TINY = Recipe(
    {"netG": "unet", "ngf": 1, "num_downs": 5, "norm": "batch", "use_dropout": True},
    {"netD": "n_layers", "ndf": 2, "n_layers": 1, "norm": "batch"},
    n_epochs=2,
    n_epochs_decay=2,
    batch=1,
    load_size=36,
    crop_size=32,
    tick_kimg=0.004,
    snapshot_ticks=1,
)


def run(run_dir, recipe=TINY, **options):
    return train(A, B, recipe, run_dir, **options)


def training(**changes):
    recipe = dataclasses.replace(TINY, **changes)
    config = {**recipe.generator, "input_nc": 1, "output_nc": 3}
    return Training(recipe, RunOutput(Path(), config), torch.Size([32, 32]), 5)


def batch(count=2):
    return torch.cat([A, B], 1)[:count, :, :32, :32]


def test_the_weights_build_the_generator(tmp_path):
    path = run(tmp_path, recipe_name="tiny", domains=("dark", "light"), seed=3, data_fingerprint="abc")
    header, state = read_header(path), load_state(path)
    told = {name: header[name] for name in ("model", "recipe", "kimg", "seed", "data_fingerprint")}
    assert told == {"model": "pix2pix", "recipe": "tiny", "kimg": 0.02, "seed": 3, "data_fingerprint": "abc"}
    assert (header["domains"], header["img_resolution"]) == (["dark", "light"], 32)
    assert (header["config"]["input_nc"], header["config"]["output_nc"]) == (1, 3)
    generator(**header["config"]).load_state_dict(state)
    assert all(torch.equal(tensors(tmp_path)[f"networks/G/{name}"], tensor) for name, tensor in state.items())


def test_a_run_leaves_grids_of_source_translation_and_truth(tmp_path):
    run(tmp_path)
    with Image.open(tmp_path / "samples-000000.020.png") as grid:
        assert grid.size == (5 * 32, 3 * 32)
        sheet = torch.from_numpy(np.array(grid)).view(3, 32, 5, 32, 3)
    assert (sheet[0, ..., 0] == sheet[0, ..., 2]).all(), "a grey source beside colour"
    negative = 255 - sheet[2, ..., 0].int()
    assert (negative - sheet[0, ..., 0].int()).abs().max() <= 1


@pytest.mark.parametrize("changes", [{}, {"gan_mode": "lsgan", "batch": 2, "mirror": False, "lr_policy": "step"}])
def test_resumed_is_the_same_as_uninterrupted(tmp_path, changes):
    recipe = dataclasses.replace(TINY, **changes)
    run(tmp_path / "whole", recipe)
    run(tmp_path / "parts", dataclasses.replace(recipe, kimg=0.012))
    run(tmp_path / "parts", recipe, resume=True)
    assert same(tmp_path / "whole", tmp_path / "parts")


@pytest.mark.usefixtures("untouched_random_state")
def test_the_global_random_state_is_left_alone(tmp_path):
    run(tmp_path, dataclasses.replace(TINY, kimg=0.004))


def test_seeds_differ(tmp_path):
    for seed in (0, 1):
        run(tmp_path / str(seed), dataclasses.replace(TINY, kimg=0.004), seed=seed)
    assert not same(tmp_path / "0", tmp_path / "1")


def test_the_log_has_every_loss(tmp_path):
    run(tmp_path)
    entries = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert entries[0]["losses"].keys() == {"D/total", "G/GAN", "G/L1", "G/total"}


def test_a_step_is_that_of_the_authors_program():
    """One translation a step; first the discriminator learns from it, then the generator by the new discriminator."""
    ours = training(generator={**TINY.generator, "use_dropout": False})
    plan, at = ours.plan(), context(0, 0, batch())
    source, truth = at.real[:, :1], at.real[:, 1:]
    G, D = copy.deepcopy(ours.G).requires_grad_(True), copy.deepcopy(ours.D).requires_grad_(True)
    rates = {"lr": TINY.lr, "betas": TINY.betas}
    adam_G, adam_D = torch.optim.Adam(G.parameters(), **rates), torch.optim.Adam(D.parameters(), **rates)

    fake = G(source)
    judged = [D(torch.cat([source, image], 1)) for image in (truth, fake.detach())]
    goals = torch.ones_like(judged[0]), torch.zeros_like(judged[1])
    loss = sum(F.binary_cross_entropy_with_logits(found, goal) for found, goal in zip(judged, goals, strict=True)) / 2
    loss.backward()
    adam_D.step()
    answer = D(torch.cat([source, fake], 1))
    (F.binary_cross_entropy_with_logits(answer, torch.ones_like(answer)) + 100 * F.l1_loss(fake, truth)).backward()
    adam_G.step()

    losses = list(advance_all(plan, at))
    assert [next(iter(found)) for found in losses] == ["D/total", "G/GAN"]
    assert losses[0]["D/total"] == pytest.approx(float(loss.detach()), abs=1e-6)
    for mine, theirs in ((ours.G, G), (ours.D, D)):
        for (name, tensor), expected in zip(mine.state_dict().items(), theirs.state_dict().values(), strict=True):
            # A first step of Adam is the sign of the gradient, which rounding decides where that is near zero.
            close = (tensor.float() - expected.float()).abs() <= 1e-6
            assert close.float().mean() > 0.99, name


def test_the_rate_falls_to_zero_over_the_second_half_of_the_epochs():
    ours = training()
    ours.plan()
    rates = []
    for epoch in range(4):
        ours.prepare(context(5 * epoch, 5 * epoch, batch(1)))
        rates.append(ours.g_adam.param_groups[0]["lr"] / TINY.lr)
    assert rates == pytest.approx([1, 2 / 3, 1 / 3, 0])
    assert ours.d_adam.param_groups[0]["lr"] == 0


def test_the_papers_recipe():
    facades = RECIPES["facades-256"]
    assert (facades.batch, facades.lr, facades.betas, facades.lambda_L1) == (1, 0.0002, (0.5, 0.999), 100)
    assert (facades.load_size, facades.crop_size, facades.mirror) == (286, 256, True)
    assert facades.n_epochs + facades.n_epochs_decay == 200


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"gan_mode": "wgangp"}, "expected gan_mode vanilla or lsgan, found wgangp"),
        ({"generator": {"netG": "vit"}}, "unknown generator 'vit'"),
        ({"generator": {"num_downs": 5, "output_nc": 1}}, "output_nc"),
        ({"crop_size": 30}, "multiples of 32"),
        ({"lr_policy": "cosine", "n_epochs": 0}, "n_epochs above 0"),
        ({"kimg": 1}, "expected at most 0.02 kimg"),
    ],
)
def test_a_run_that_cannot_start_is_refused(tmp_path, changes, words):
    with pytest.raises(SettingsError, match=words):
        prepare(A, B, dataclasses.replace(TINY, **changes), tmp_path)


def test_sources_without_truth_are_refused(tmp_path):
    with pytest.raises(TrainingError, match="give pairs"):
        prepare(A, B[:3], TINY, tmp_path)
