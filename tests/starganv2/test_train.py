import dataclasses
import json
import os
import signal
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from baselines.starganv2.data import DomainBatches
from baselines.starganv2.networks import Generator, MappingNetwork, StyleEncoder
from baselines.starganv2.recipes import RECIPES, Recipe
from baselines.starganv2.train import AVERAGED, CLASSES, Training, configuration, networks, train
from baselines.training.frame import RunOutput
from baselines.training.weights import load_state, read_header
from tests.training.runs import context, same, tensors

IMAGES = torch.randint(256, [7, 1, 8, 8], dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
LABELS = torch.eye(2)[[0, 0, 0, 1, 1, 1, 1]]
TINY = Recipe(
    style_dim=3,
    latent_dim=2,
    hidden_dim=4,
    base_channels=2,
    max_conv_dim=4,
    bottleneck=4,
    kimg=0.016,
    batch=4,
    lr=1e-3,
    f_lr=1e-3,
    ds_iter=2,
    tick_kimg=0.004,
    snapshot_ticks=1,
)
PHASES = {
    "D-latent": {"discriminator"},
    "D-ref": {"discriminator"},
    "G-latent": {"generator", "mapping_network", "style_encoder"},
    "G-ref": {"generator"},
}


def run(run_dir, recipe=TINY, images=IMAGES, labels=LABELS, **options):
    return train(images, labels, recipe, run_dir, **options)


def training(masks=None, **changes):
    recipe = dataclasses.replace(TINY, **changes)
    config = configuration(recipe, {"img_resolution": 8, "img_channels": 1, "c_dim": 2})
    nets, averages = networks(config, 0)
    batches = DomainBatches(IMAGES, LABELS, recipe.batch, 0)
    return Training(nets, averages, recipe, RunOutput(Path(), config), batches, masks)


def context_of(built, step=0):
    real, labels = built.batches.draw(step)
    return context(step, None, real, labels, built.batches.extra(step))


def test_the_weights_build_the_averaged_networks(tmp_path):
    path = run(tmp_path, domains=("cat", "dog"), recipe_name="tiny", seed=3, data_fingerprint="abc")
    header, state = read_header(path), load_state(path)
    told = {name: header[name] for name in ("model", "recipe", "kimg", "seed", "data_fingerprint", "domains")}
    expected = {"model": "starganv2", "recipe": "tiny", "kimg": 0.016, "seed": 3, "data_fingerprint": "abc"}
    assert told == {**expected, "domains": ["cat", "dog"]}
    assert header["config"].keys() == set(AVERAGED)
    for name, build in zip(AVERAGED, (Generator, MappingNetwork, StyleEncoder), strict=True):
        own = {key.removeprefix(f"{name}."): value for key, value in state.items() if key.startswith(f"{name}.")}
        build(**header["config"][name]).load_state_dict(own)
        assert all(torch.equal(tensors(tmp_path)[f"networks/{name}_ema/{key}"], value) for key, value in own.items())


def test_a_run_leaves_a_grid_of_translations_by_references_and_latents(tmp_path):
    run(tmp_path, dataclasses.replace(TINY, kimg=0.004))
    with Image.open(tmp_path / "samples-000000.004.png") as grid:
        pixels = torch.from_numpy(np.array(grid)).view(10, 8, 11, 8).permute(0, 2, 1, 3)
    shown = {tuple(image.flatten().tolist()) for image in IMAGES}
    sources, references = pixels[0, 1:], pixels[1:5, 0]
    assert torch.equal(sources, pixels[5, 1:])
    assert {tuple(image.flatten().tolist()) for image in [*sources, *references]} <= shown
    assert not pixels[6:, 0].any(), "latents cannot be shown"


@pytest.mark.parametrize("stopped_at", [0.004, 0.012])
def test_resumed_is_the_same_as_uninterrupted(tmp_path, stopped_at):
    run(tmp_path / "whole")
    run(tmp_path / "parts", dataclasses.replace(TINY, kimg=stopped_at))
    run(tmp_path / "parts", resume=True)
    assert same(tmp_path / "whole", tmp_path / "parts")


def test_a_killed_run_goes_on_with_the_same_bits(tmp_path):
    def kill(tick):
        if tick["step"] == 2:
            os.kill(os.getpid(), signal.SIGTERM)

    run(tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "parts", on_tick=kill)
    assert not same(tmp_path / "whole", tmp_path / "parts")
    run(tmp_path / "parts", resume=True)
    assert same(tmp_path / "whole", tmp_path / "parts")


@pytest.mark.usefixtures("untouched_random_state")
def test_the_global_random_state_is_left_alone(tmp_path):
    run(tmp_path, dataclasses.replace(TINY, kimg=0.004))


def test_seeds_differ(tmp_path):
    for seed in (0, 1):
        run(tmp_path / str(seed), dataclasses.replace(TINY, kimg=0.004), seed=seed)
    assert not same(tmp_path / "0", tmp_path / "1")


def test_the_log_has_every_loss_and_the_falling_weight_of_the_diversity(tmp_path):
    run(tmp_path)
    entries = [json.loads(line)["losses"] for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    judged = {f"{phase}/{name}" for phase in ("D-latent", "D-ref") for name in ("total", "real", "fake", "reg")}
    made = ("total", "adv", "sty", "ds", "cyc", "lambda_ds")
    assert entries[0].keys() == judged | {f"{phase}/{name}" for phase in ("G-latent", "G-ref") for name in made}
    assert [entry["G-latent/lambda_ds"] for entry in entries] == [1, 0.5, 0, 0]


def test_the_phases_come_in_order_and_train_their_networks_alone():
    built = training()
    plan = built.plan()
    assert [phase.name for phase in plan.phases] == list(PHASES)
    at = context_of(built)
    built.prepare(at)
    for phase in plan.phases:
        trained = {name for name, net in built.nets.items() if any(net is network for network in phase.networks)}
        assert trained == PHASES[phase.name]
        stepped = {name for name, adam in built.adams.items() if any(adam is one for one in phase.optimizers)}
        assert stepped == trained
        for network in phase.networks:
            network.requires_grad_(True)
        phase.loss(at)["total"].mean().backward()
        graded = {name for name, net in built.nets.items() if any(p.grad is not None for p in net.parameters())}
        assert graded == trained
        for net in built.nets.values():
            net.requires_grad_(False).zero_grad()


def test_each_network_has_its_own_rate():
    rates = {name: adam.param_groups[0] for name, adam in training(lr=0.5, f_lr=0.25).adams.items()}
    assert {name: group["lr"] for name, group in rates.items()} == {
        "generator": 0.5,
        "mapping_network": 0.25,
        "style_encoder": 0.5,
        "discriminator": 0.5,
    }
    assert all((group["betas"], group["weight_decay"]) == ((0.0, 0.99), 1e-4) for group in rates.values())


def test_both_targets_of_a_step_are_the_references_domains():
    built = training()
    at = context_of(built)
    built.prepare(at)
    latent, reference = built.step.latent, built.step.reference
    assert torch.equal(latent.y, reference.y)
    first, second, y = built.batches.references(0)
    assert torch.equal(reference.first, first)
    assert torch.equal(reference.second, second)
    assert torch.equal(reference.y, y)
    assert latent.first.shape == latent.second.shape == (4, 2)
    assert not torch.equal(latent.first, latent.second)
    built.prepare(context_of(built, 1))
    assert not torch.equal(built.step.latent.first, latent.first)


def test_the_weight_of_the_diversity_stays_where_it_fell():
    built, seen = training(lambda_ds=3, ds_iter=3), []
    for step in (0, 1, 2, 3, 4, 100):
        built.prepare(context_of(built, step))
        seen.append(built.step.weights.ds)
    assert seen == pytest.approx([3, 2, 1, 0, 0, 0])


def test_masks_are_made_of_the_sources_for_a_high_pass_skip():
    def masks(x):
        return x[:, :1] * 0 + 1, x[:, :1] * 0

    built = training(masks, w_hpf=1)
    at = context_of(built)
    built.prepare(at)
    assert all(mask.shape == (4, 1, 8, 8) for mask in built.step.masks)
    assert built.plan().phases[2].loss(at)["total"].isfinite().all()


def test_averages_move_by_their_share(tmp_path):
    recipe = dataclasses.replace(TINY, kimg=0.004, ema_beta=0.75)
    run(tmp_path, recipe)
    config = configuration(recipe, {"img_resolution": 8, "img_channels": 1, "c_dim": 2})
    _, averages = networks(config, 0)
    kept = tensors(tmp_path)
    for name, average in averages.items():
        for key, before in average.named_parameters():
            after = kept[f"networks/{name}/{key}"]
            torch.testing.assert_close(kept[f"networks/{name}_ema/{key}"], 0.75 * before + 0.25 * after)
    assert "networks/discriminator_ema/main.0.weight" not in kept


@pytest.mark.parametrize(
    ("images", "labels", "changes", "words"),
    [
        (IMAGES, torch.ones(7, 1), {}, "at least two domains"),
        (IMAGES, torch.eye(3)[[0, 0, 0, 1, 1, 1, 1]], {}, "expected images of every domain, found none of domain 2"),
        (IMAGES[..., :4], LABELS, {}, "square"),
        (IMAGES[..., :6, :6], LABELS, {}, "sides of 8, 16, 32 and so on, found 6x6"),
        (IMAGES, LABELS, {"w_hpf": 1}, "found none: give masks, or set w_hpf 0"),
        (IMAGES, LABELS, {"ds_iter": 0}, "ds_iter to be a number from 1 to .*, found 0"),
        (IMAGES[:0], LABELS[:0], {}, "expected images to train on, found none"),
    ],
)
def test_a_run_that_cannot_be_is_refused(tmp_path, images, labels, changes, words):
    with pytest.raises(ValueError, match=words):
        run(tmp_path, dataclasses.replace(TINY, **changes), images, labels)


def test_a_second_run_and_other_settings_are_refused(tmp_path):
    run(tmp_path, dataclasses.replace(TINY, kimg=0.004))
    with pytest.raises(ValueError, match="resume"):
        run(tmp_path)
    with pytest.raises(ValueError, match=r"expected lambda_cyc 1 as in the snapshot .*, found 5"):
        run(tmp_path, dataclasses.replace(TINY, lambda_cyc=5), resume=True)


def test_the_published_recipes_are_the_paper_s():
    celeba, afhq = RECIPES["celebahq-256"], RECIPES["afhq-256"]
    assert (celeba.w_hpf, celeba.lambda_reg, celeba.lambda_sty, celeba.lambda_ds, celeba.lambda_cyc) == (1, 1, 1, 1, 1)
    assert (afhq.w_hpf, afhq.lambda_reg, afhq.lambda_sty, afhq.lambda_ds, afhq.lambda_cyc) == (0, 1, 1, 2, 1)
    for paper in (celeba, afhq):
        assert (paper.batch, paper.kimg, paper.ds_iter, paper.ema_beta) == (8, 800, 100_000, 0.999)
        assert (paper.lr, paper.f_lr, paper.betas, paper.weight_decay) == (1e-4, 1e-6, (0.0, 0.99), 1e-4)


def test_the_embedded_recipe_stays_below_its_bound():
    config = configuration(RECIPES["digits32"], {"img_resolution": 32, "img_channels": 1, "c_dim": 10})
    with torch.device("meta"):
        averaged = [CLASSES[name](**config[name]) for name in AVERAGED]
    assert sum(tensor.numel() for network in averaged for tensor in network.state_dict().values()) * 4 < 3e6
