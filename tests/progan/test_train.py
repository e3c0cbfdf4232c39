"""Progressive GAN's training: its levels, its average, its labels, and its recipes."""

import dataclasses
import json
import re
from pathlib import Path
from typing import Any

import pytest
import torch

from baselines.progan.networks import Discriminator, Generator
from baselines.progan.recipes import RECIPES
from baselines.progan.train import Training, train
from baselines.training.growing import growth
from baselines.training.weights import load_state
from tests.training.runs import IMAGES, context, tensors, training_of
from tests.training.short import SHORT

TINY = SHORT["progan"].recipe


def training(**changes: Any) -> Training:
    built: Training = training_of(Training, TINY, **changes)
    return built


def test_the_last_level_is_trained_and_the_weights_are_the_average(tmp_path: Path) -> None:
    state = load_state(train(IMAGES, TINY, tmp_path))
    assert state["lod"] == 0
    assert not torch.equal(tensors(tmp_path)["networks/G/b16.conv1.weight"], state["b16.conv1.weight"])


def test_it_grows_level_by_level_and_logs_every_part_of_the_loss(tmp_path: Path) -> None:
    train(IMAGES, TINY, tmp_path)
    entries = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    levels = [entry["losses"]["Gmain/lod"] for entry in entries]
    assert levels == pytest.approx([2, (2 + 1.5) / 2, (1.25 + 1) / 2, 1, 1, (0.75 + 0.5) / 2, 0.25 / 2, 0, 0])
    assert {"Dmain/total", "Dmain/mixed_norms", "Dmain/epsilon_penalty", "Gmain/total"} <= entries[0]["losses"].keys()


def test_labels_are_learned_by_both(tmp_path: Path) -> None:
    train(IMAGES, TINY, tmp_path, labels=torch.eye(3).repeat(2, 1))
    losses = json.loads((tmp_path / "log.jsonl").read_text().splitlines()[0])["losses"]
    assert {"Dmain/label_penalty_real", "Dmain/label_penalty_fake", "Gmain/label_penalty_fake"} <= losses.keys()
    assert load_state(tmp_path / "progan.safetensors")["b4.dense.weight"].shape[1] == 4 + 3


def test_the_average_keeps_the_same_part_whatever_the_batch() -> None:
    built = training()
    assert [built.ema_beta(nimg) for nimg in (0, 16, 10**6)] == [0.999] * 3
    assert training(g_smoothing=0.5).ema_beta(0) == 0.5


def test_levels_rates_and_moments_are_those_of_all_growing_networks(monkeypatch: pytest.MonkeyPatch) -> None:
    built, saved, seen = training(d_lrs={"16": 0.003}), [], []
    monkeypatch.setattr(built, "save_samples", saved.append)
    for step, nimg in enumerate((0, 16, 18, 32, 50, 64)):
        built.prepare(context(step, nimg))
        seen.append((float(built.G.lod), float(built.D.lod), built.d_adam.param_groups[0]["lr"]))
    assert seen == [(lod, lod, rate) for lod, rate in zip((2, 2, 1.875, 1, 0.875, 0), [0.001] * 4 + [0.003] * 2)]  # noqa: B905
    assert saved == ["000000.018-4x4", "000000.050-8x8"]


@pytest.mark.parametrize("phase", ["discriminator_loss", "generator_loss"])
def test_each_phase_trains_its_network(phase: str) -> None:
    built = training()
    trained, other = (built.D, built.G) if phase == "discriminator_loss" else (built.G, built.D)
    trained.requires_grad_(True)
    getattr(built, phase)(context())["total"].mean().backward()
    assert any(p.grad is not None for p in trained.parameters())
    assert all(p.grad is None for p in other.parameters())


def test_the_discriminator_sees_reals_at_the_level_of_the_networks() -> None:
    built, seen = training(), []
    built.prepare(context(nimg=24))
    judge = built.D.forward
    built.D.forward = lambda images: seen.append(images) or judge(images)
    at = context(nimg=24)
    built.discriminator_loss(at)
    coarse = at.real.unfold(2, 4, 4).unfold(3, 4, 4).mean([4, 5])
    fine = at.real.unfold(2, 2, 2).unfold(3, 2, 2).mean([4, 5])
    expected = (fine + coarse.repeat_interleave(2, 2).repeat_interleave(2, 3)) / 2
    torch.testing.assert_close(seen[0], expected.repeat_interleave(2, 2).repeat_interleave(2, 3))


def test_batches_that_do_not_divide_into_groups_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"multiple of 4 images.* found 6"):
        train(IMAGES, dataclasses.replace(TINY, batch=6), tmp_path)


@pytest.mark.parametrize("name", RECIPES)
def test_recipes_build_networks_that_are_grown_in_the_end(name: str) -> None:
    size = re.search(r"-(\d+)", name)
    recipe, resolution = RECIPES[name], int(size[1]) if size else 32
    shape: dict[str, Any] = {"c_dim": 0, "img_resolution": resolution, "img_channels": 3}
    with torch.device("meta"):
        G, D = Generator(**shape, **recipe.generator), Discriminator(**shape, **recipe.discriminator)
    assert G.img_resolution == D.img_resolution
    schedule = growth(recipe, resolution)
    assert schedule.at(round(recipe.kimg * 1000)).lod == 0
    group = int(D.b4.mbstd_group_size)  # type: ignore[arg-type, union-attr]
    sizes = {segment.batch for segment in schedule.segments(round(recipe.kimg * 1000))}
    assert all(size % min(group, size) == 0 for size in sizes)


def test_the_papers_generator_has_its_number_of_parameters() -> None:
    """Table 2 of the paper gives 23.1 million for both networks of CelebA-HQ."""
    with torch.device("meta"):
        G, D = Generator(512, 0, 1024, 3), Discriminator(0, 1024, 3)
    last = {f"b{res}.{layer}" for res in (4, 8, 16, 32, 64, 128, 256, 512) for layer in ("torgb", "fromrgb")}
    for network in (G, D):
        count = sum(p.numel() for name, p in network.named_parameters() if name.rpartition(".")[0] not in last)
        assert count == pytest.approx(23.1e6, abs=0.06e6)


def test_the_schedule_is_the_published_one() -> None:
    schedule = growth(RECIPES["celebahq-1024-v2-8"], 1024)
    lods = {0: 8, 600: 8, 900: 7.5, 1200: 7, 2100: 6.5, 9600: 0, 12000: 0}
    assert [schedule.at(kimg * 1000).lod for kimg in lods] == pytest.approx(list(lods.values()))
    assert [schedule.at(kimg * 1000).batch for kimg in (0, 700, 2000, 3500, 12000)] == [512, 256, 128, 64, 32]
    assert [schedule.at(kimg * 1000).g_lr for kimg in (0, 6001, 7300, 12000)] == [0.001, 0.0015, 0.002, 0.003]
    paper = growth(RECIPES["celebahq-1024"], 1024)
    assert [paper.at(kimg * 1000).batch for kimg in (0, 9000, 10500, 12100)] == [16, 14, 6, 3]


def test_the_embedded_recipe_stays_below_its_bound() -> None:
    with torch.device("meta"):
        G = Generator(c_dim=0, img_resolution=32, img_channels=1, **RECIPES["digits32"].generator)
    assert sum(tensor.numel() for tensor in G.state_dict().values()) * 4 < 3e6
