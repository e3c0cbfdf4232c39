import dataclasses
import json
import os
import signal
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from baselines.cyclegan.networks import Generators
from baselines.cyclegan.recipes import RECIPES, Recipe
from baselines.cyclegan.train import Training, train
from baselines.training.frame import RunOutput
from baselines.training.weights import load_state, read_header
from baselines.translation.resizing import resized
from tests.training.runs import context, same, tensors

DRAWS = torch.Generator().manual_seed(0)
A = torch.randint(128, [5, 1, 16, 16], dtype=torch.uint8, generator=DRAWS)
B = torch.randint(128, 256, [4, 1, 16, 16], dtype=torch.uint8, generator=DRAWS)
TINY = Recipe(
    {"netG": "resnet", "ngf": 1, "n_blocks": 1},
    {"netD": "n_layers", "ndf": 2, "n_layers": 1},
    n_epochs=2,
    n_epochs_decay=2,
    batch=2,
    pool_size=3,
    load_size=18,
    crop_size=16,
    tick_kimg=0.004,
    snapshot_ticks=1,
)


def run(run_dir, recipe=TINY, **options):
    return train(A, B, recipe, run_dir, **options)


def training(**changes):
    recipe = dataclasses.replace(TINY, **changes)
    config = {**recipe.generator, "input_nc": 1, "output_nc": 1}
    return Training(recipe, RunOutput(Path(), config), torch.Size([1, 16, 16]), 5)


def at(nimg=0):
    return context(0, nimg, torch.cat([A[:2], B[:2]]))


def test_the_weights_build_both_generators(tmp_path):
    path = run(tmp_path, recipe_name="tiny", domains=("dark", "light"), seed=3, data_fingerprint="abc")
    header, state = read_header(path), load_state(path)
    told = {name: header[name] for name in ("model", "recipe", "kimg", "seed", "data_fingerprint")}
    assert told == {"model": "cyclegan", "recipe": "tiny", "kimg": 0.02, "seed": 3, "data_fingerprint": "abc"}
    assert (header["domains"], header["img_resolution"]) == (["dark", "light"], 16)
    G = Generators(**header["config"])
    G.load_state_dict(state)
    assert all(torch.equal(tensors(tmp_path)[f"networks/G/{name}"], tensor) for name, tensor in state.items())


def test_a_run_leaves_grids_of_both_directions(tmp_path):
    run(tmp_path)
    with Image.open(tmp_path / "samples-000000.020.png") as grid:
        assert grid.size == (4 * 16, 6 * 16)
        reals = torch.from_numpy(np.array(grid)).view(6, 16, 4, 16)
    assert torch.equal(reals[0, :, 0], resized(A[0], 16)[0])
    assert torch.equal(reals[3, :, 0], resized(B[0], 16)[0])


@pytest.mark.parametrize(
    "changes",
    [{}, {"gan_mode": "wgangp", "gp_lambda": 10, "translate": 1}, {"generator": {"ngf": 1, "use_dropout": True}}],
    ids=["lsgan", "wgan-gp", "dropout"],
)
def test_resumed_is_the_same_as_uninterrupted(tmp_path, changes):
    recipe = dataclasses.replace(TINY, **changes)
    run(tmp_path / "whole", recipe)
    run(tmp_path / "parts", dataclasses.replace(recipe, kimg=0.012))
    run(tmp_path / "parts", recipe, resume=True)
    assert same(tmp_path / "whole", tmp_path / "parts")


def test_a_killed_run_goes_on_with_the_pools_it_had(tmp_path):
    def kill(tick):
        if tick["step"] == 4:
            os.kill(os.getpid(), signal.SIGTERM)

    run(tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "parts", on_tick=kill)
    pool = tensors(tmp_path / "parts")["networks/fake_B_pool/images"]
    assert pool.shape == (3, 1, 16, 16)
    assert pool.any()
    run(tmp_path / "parts", resume=True)
    assert same(tmp_path / "whole", tmp_path / "parts")


@pytest.mark.usefixtures("untouched_random_state")
def test_the_global_random_state_is_left_alone(tmp_path):
    run(tmp_path, dataclasses.replace(TINY, generator={"ngf": 1, "use_dropout": True}, kimg=0.004))


def test_seeds_differ(tmp_path):
    for seed in (0, 1):
        run(tmp_path / str(seed), dataclasses.replace(TINY, kimg=0.004), seed=seed)
    assert not same(tmp_path / "0", tmp_path / "1")


def test_the_log_has_every_loss(tmp_path):
    run(tmp_path)
    entries = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    names = {f"G/{name}" for name in ("G_A", "G_B", "cycle_A", "cycle_B", "idt_A", "idt_B", "total")}
    assert entries[0]["losses"].keys() == names | {"D/D_A", "D/D_B", "D/total"}


def test_the_identity_loss_can_be_left_out():
    assert not {"idt_A", "idt_B"} & training(lambda_identity=0).generator_loss(at()).keys()


def test_losses_carry_their_weights():
    once, twice = training(lambda_A=1, lambda_B=3), training(lambda_A=2, lambda_B=3)
    first, second = (one.generator_loss(at()) for one in (once, twice))
    assert torch.allclose(second["cycle_A"], 2 * first["cycle_A"])
    assert torch.allclose(second["idt_B"], 2 * first["idt_B"])
    assert torch.equal(second["cycle_B"], first["cycle_B"])
    assert torch.equal(second["idt_A"], first["idt_A"])
    assert torch.allclose(first["total"], sum(value for name, value in first.items() if name != "total"))


def test_the_learning_rate_is_that_of_the_epoch():
    built = training()
    built.plan()
    rates = []
    for nimg in (0, 4, 5, 10, 15, 19):
        built.prepare(at(nimg=nimg))
        rates.append(built.g_adam.param_groups[0]["lr"])
        assert built.d_adam.param_groups[0]["lr"] == rates[-1]
    assert rates == pytest.approx([2e-4 * factor for factor in (1, 1, 2 / 3, 1 / 3, 0, 0)])


def test_discriminators_see_the_images_made_before_the_generators_step():
    built = training(pool_size=0)
    _, judging = built.plan().phases
    real = at().real
    with torch.no_grad():
        before = built.D_A(built.G.G_A(real[:2])).square().flatten(1).mean(1)
    built.generator_loss(at())
    with torch.no_grad():
        for p in built.G.parameters():
            p.add_(0.1)
    real_part = (built.D_A(real[2:]) - 1).square().flatten(1).mean(1)
    assert torch.allclose(judging.loss(at())["D_A"], (before + real_part) / 2)


def test_the_gradient_penalty_is_there_where_it_is_asked_for():
    plain, penalised = training(gan_mode="wgangp"), training(gan_mode="wgangp", gp_lambda=10)
    losses = []
    for built in (plain, penalised):
        built.D_A.requires_grad_(True)
        built.generator_loss(at())
        losses.append(built.discriminator_loss(at())["D_A"])
    assert (losses[1] > losses[0]).all()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"kimg": 1.0}, "expected at most 0.02 kimg, the recipe's epochs, found 1"),
        ({"crop_size": 18}, "multiples of 4 and at least 8, found 18x18"),
        ({"crop_size": 32}, "found 32: lower crop_size"),
        ({"generator": {"netG": "vit"}}, "unknown generator 'vit'"),
        ({"gan_mode": "hinge"}, "gan_mode to be one of lsgan, vanilla, wgangp, found 'hinge'"),
        ({"lr_policy": "flat"}, "lr_policy to be one of linear, step, plateau, cosine, found 'flat'"),
    ],
)
def test_a_run_that_cannot_be_is_refused(tmp_path, changes, words):
    with pytest.raises(ValueError, match=words):
        run(tmp_path, dataclasses.replace(TINY, **changes))


def test_a_snapshot_of_other_settings_is_refused(tmp_path):
    run(tmp_path, dataclasses.replace(TINY, kimg=0.004))
    with pytest.raises(ValueError, match=r"expected lambda_A 10 as in the snapshot .*, found 5"):
        run(tmp_path, dataclasses.replace(TINY, lambda_A=5), resume=True)


def test_the_published_recipe_is_the_paper_s():
    paper = RECIPES["horse2zebra-256"]
    assert (paper.lr, paper.betas, paper.batch, paper.pool_size) == (0.0002, (0.5, 0.999), 1, 50)
    assert (paper.n_epochs, paper.n_epochs_decay, paper.lambda_A, paper.lambda_identity) == (100, 100, 10, 0.5)
    assert (paper.load_size, paper.crop_size, paper.mirror, paper.gan_mode) == (286, 256, True, "lsgan")


def test_a_run_with_the_plateau_policy_resumes_to_the_same_bits(tmp_path):
    recipe = dataclasses.replace(TINY, lr_policy="plateau", n_epochs=8, n_epochs_decay=0)  # divided in the seventh
    run(tmp_path / "whole", recipe)
    run(tmp_path / "parts", dataclasses.replace(recipe, kimg=0.032))
    run(tmp_path / "parts", recipe, resume=True)
    assert same(tmp_path / "whole", tmp_path / "parts")


def test_the_direction_exchanges_the_domains(tmp_path):
    there = train(A, B, dataclasses.replace(TINY, direction="BtoA"), tmp_path / "x", domains=("dark", "light"))
    swapped = train(B, A, TINY, tmp_path / "y", domains=("light", "dark"))
    assert same(tmp_path / "x", tmp_path / "y")
    assert read_header(there)["domains"] == read_header(swapped)["domains"] == ["light", "dark"]


@pytest.mark.parametrize("mode", ["crop", "scale_width", "scale_width_and_crop", "none"])
def test_runs_take_every_preprocess_mode(mode, tmp_path):
    recipe = dataclasses.replace(TINY, preprocess=mode, load_size=20, crop_size=12, kimg=0.004)
    sizes = {"crop": 12, "scale_width": 20, "scale_width_and_crop": 12, "none": 16}
    assert read_header(run(tmp_path, recipe))["img_resolution"] == sizes[mode]


def test_initial_weights_are_of_the_recipes_type():
    weights = [training(init_type=kind, init_gain=1.0).G.G_A.model[1].weight for kind in ("normal", "orthogonal")]
    assert float(weights[0].std()) > 0.8
    assert torch.allclose(weights[1].flatten(1).norm(dim=1), torch.ones(1), atol=1e-5)
