import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from baselines.stargan.networks import Generator
from baselines.stargan.recipes import RECIPES, Recipe
from baselines.stargan.train import Training, lr_factor, prepare, train
from baselines.training.weights import load_state, read_header
from tests.training.runs import context, same, tensors

DRAWS = torch.Generator().manual_seed(0)
IMAGES = torch.randint(256, [6, 1, 16, 16], dtype=torch.uint8, generator=DRAWS)
LABELS = torch.eye(3)[[0, 1, 2, 0, 1, 2]]
SEVERAL = torch.tensor([[1.0, 0, 1], [0, 0, 0], [1, 1, 1], [0, 1, 0], [1, 0, 1], [0, 0, 1]])
TINY = Recipe(
    {"conv_dim": 1, "repeat_num": 1},
    {"conv_dim": 2, "repeat_num": 2},
    num_iters=6,
    num_iters_decay=4,
    lr_update_step=2,
    n_critic=2,
    batch=4,
    translate=1,
    tick_kimg=0.008,
    snapshot_ticks=1,
)


def run(run_dir, recipe=TINY, labels=LABELS, **options):
    return train(IMAGES, labels, recipe, run_dir, **options)


def training(labels=LABELS, **changes) -> Training:
    return prepare(IMAGES, labels, dataclasses.replace(TINY, **changes), Path()).training


def at(step=0, labels=LABELS):
    return context(step, real=IMAGES[:4], labels=labels[:4])


def test_the_weights_build_the_generator(tmp_path):
    path = run(tmp_path, recipe_name="tiny", domains=("a", "b", "c"), seed=3, data_fingerprint="abc")
    header, state = read_header(path), load_state(path)
    told = {name: header[name] for name in ("model", "recipe", "kimg", "seed", "data_fingerprint")}
    assert told == {"model": "stargan", "recipe": "tiny", "kimg": 0.024, "seed": 3, "data_fingerprint": "abc"}
    assert (header["domains"], header["img_resolution"], header["attributes"]) == (["a", "b", "c"], 16, [])
    assert header["labels"] == [[1, 0, 0], [0, 1, 0], [0, 0, 1]]
    G = Generator(**header["config"])
    G.load_state_dict(state)
    assert all(torch.equal(tensors(tmp_path)[f"networks/G/{name}"], tensor) for name, tensor in state.items())


def test_a_run_leaves_a_grid_of_sources_and_their_translations(tmp_path):
    run(tmp_path)
    with Image.open(tmp_path / "samples-000000.024.png") as grid:
        assert grid.size == (4 * 16, 6 * 16)
        first = torch.from_numpy(np.array(grid)).view(6, 16, 4, 16)[:, :, 0]
    assert torch.equal(first, IMAGES[:, 0])


@pytest.mark.parametrize("kind", ["domain", "attributes"])
def test_resumed_is_the_same_as_uninterrupted(tmp_path, kind):
    recipe, labels = dataclasses.replace(TINY, labels=kind), LABELS if kind == "domain" else SEVERAL
    run(tmp_path / "whole", recipe, labels)
    run(tmp_path / "parts", dataclasses.replace(recipe, kimg=0.012), labels)
    run(tmp_path / "parts", recipe, labels, resume=True)
    assert same(tmp_path / "whole", tmp_path / "parts")


@pytest.mark.usefixtures("untouched_random_state")
def test_the_global_random_state_is_left_alone(tmp_path):
    run(tmp_path, dataclasses.replace(TINY, kimg=0.008))


def test_the_generator_learns_after_the_critic_s_steps(tmp_path):
    """Of six steps with ``n_critic`` 4, one is also the generator's: the fourth, after the discriminator's."""
    steps = []

    def seen(tick):
        steps.append((tick["step"], {name.partition("/")[0] for name in tick["losses"]}))

    run(tmp_path, dataclasses.replace(TINY, n_critic=4, tick_kimg=0.004), on_tick=seen)
    assert steps == [(step, {"D", "G"} if step == 4 else {"D"}) for step in range(1, 7)]


def test_the_generator_s_gradient_is_as_it_is(tmp_path):
    """Adam forgets the scale of its gradients, but for what it keeps of them: a tenth of the first, as it was."""
    built = training(n_critic=2, num_iters=2, num_iters_decay=0, betas=(0.9, 0.999))
    prepared = prepare(IMAGES, LABELS, built.recipe, tmp_path)
    path = prepared.run()
    assert path.exists()
    kept = tensors(tmp_path)["optimizers/G/0/exp_avg"]
    D, G = prepared.training.D, built.G.requires_grad_(True)  # the critic after its two steps, the generator before
    built.D = D
    real, labels = prepared.batches.draw(1)
    built.generator_loss(context(1, real=real, labels=labels))["total"].mean().backward()
    assert torch.allclose(kept, 0.1 * next(G.parameters()).grad, rtol=1e-3, atol=1e-9)


def test_targets_are_the_batch_s_labels_in_another_order():
    built = training()
    orders = [built.labels(at(step)) for step in range(8)]
    assert all(torch.equal(c_org, LABELS[:4]) for c_org, _ in orders)
    assert all(torch.equal(c_trg.sum(0), LABELS[:4].sum(0)) for _, c_trg in orders)
    assert len({tuple(c_trg.argmax(1).tolist()) for _, c_trg in orders}) > 1


def test_both_phases_of_a_step_have_the_same_targets():
    built = training()
    assert torch.equal(built.labels(at(5))[1], built.labels(at(5))[1])


def test_the_learning_rates_fall_to_zero_in_the_last_part_of_the_run():
    """Choi et al. (CVPR 2018), section 5.3, in steps of ``lr_update_step``."""
    assert [lr_factor(step, TINY) for step in range(7)] == [1, 1, 1, 1, 0.5, 0.5, 0]
    built = training(g_lr=0.5, d_lr=0.25)
    built.plan()
    for step, factor in ((0, 1), (4, 0.5)):
        built.prepare(at(step))
        rates = built.g_adam.param_groups[0]["lr"], built.d_adam.param_groups[0]["lr"]
        assert rates == (0.5 * factor, 0.25 * factor)


def test_shifts_are_those_of_the_step():
    batches = prepare(IMAGES, LABELS, TINY, Path()).batches
    still = prepare(IMAGES, LABELS, dataclasses.replace(TINY, translate=0), Path()).batches
    (first, labels), (again, _), (unmoved, same_labels) = batches.draw(2), batches.draw(2), still.draw(2)
    assert torch.equal(first, again)
    assert torch.equal(labels, same_labels)
    assert not torch.equal(first, unmoved)


def test_the_log_has_every_loss(tmp_path):
    run(tmp_path)
    entries = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    names = {f"D/{name}" for name in ("real", "fake", "cls", "gp", "total")}
    assert entries[0]["losses"].keys() == names | {f"G/{name}" for name in ("fake", "cls", "rec", "total")}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"kimg": 1.0}, "at most 0.024 kimg, the recipe's steps, found 1"),
        ({"num_iters_decay": 7}, "num_iters_decay of at most 6, found 7"),
        ({"generator": {"ngf": 1}}, "unknown setting generator.ngf"),
        ({"generator": {"c_dim": 3}}, "unknown setting generator.c_dim"),
        ({"discriminator": {"conv_dim": 2, "repeat_num": 6}}, "that can be halved 6 times"),
        ({"labels": "classes"}, "labels to be one of domain, attributes, found 'classes'"),
    ],
)
def test_a_run_that_cannot_be_is_refused(tmp_path, changes, words):
    with pytest.raises(ValueError, match=words):
        run(tmp_path, dataclasses.replace(TINY, **changes))


@pytest.mark.parametrize(
    ("labels", "options", "words"),
    [
        (SEVERAL, {}, "expected one domain for each image"),
        (LABELS / 2, {}, "expected labels of 0 and 1"),
        (LABELS[:, :1], {}, "labels of two domains or more"),
        (LABELS, {"domains": ("a", "b")}, "3, 3\\] for 2 names"),
        (LABELS, {"domain_labels": torch.eye(2)}, "2, 2\\] for 2 names and images labelled \\[6, 3"),
    ],
)
def test_labels_that_do_not_fit_are_refused(tmp_path, labels, options, words):
    with pytest.raises(ValueError, match=words):
        run(tmp_path, labels=labels, **options)


def test_images_that_are_not_square_are_refused(tmp_path):
    with pytest.raises(ValueError, match="expected square images, found 16x12"):
        train(IMAGES[:, :, :12], LABELS, TINY, tmp_path)


def test_the_published_recipes_are_the_authors():
    for name, labels in (("celeba-128", "attributes"), ("rafd-128", "domain")):
        paper = RECIPES[name]
        assert (paper.generator, paper.discriminator) == ({"conv_dim": 64, "repeat_num": 6},) * 2
        assert (paper.g_lr, paper.d_lr, paper.betas, paper.batch, paper.mirror) == (1e-4, 1e-4, (0.5, 0.999), 16, True)
        assert (paper.num_iters, paper.num_iters_decay, paper.n_critic) == (200_000, 100_000, 5)
        assert (paper.lambda_cls, paper.lambda_rec, paper.lambda_gp, paper.labels) == (1, 10, 10, labels)
