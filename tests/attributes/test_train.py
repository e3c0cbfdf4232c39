"""Attribute classifiers learn what can be learned, and nothing else."""

import dataclasses
from typing import Any

import pytest
import torch
from torch import Tensor

from baselines.attributes.networks import AttributeNetwork
from baselines.attributes.train import Chosen, Recipe, accuracy, commonest, cross_entropy, split, train
from baselines.errors import SettingsError, TrainingError
from baselines.training.streams import seeded

pytestmark = pytest.mark.usefixtures("untouched_random_state")

QUICK = Recipe(epochs=10, batch=16, lr=1e-2, fmap_base=64, fmap_max=16)


def pictures(count: int, size: int, channels: int, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Return noise that is bright or dark, with a left half that is brighter or darker; and which of the two it is."""
    random = torch.Generator().manual_seed(seed)
    answers = torch.randint(2, [count, 2], generator=random).float()
    images = torch.rand([count, channels, size, size], generator=random) * 50 + 40
    images += 100 * answers[:, :1, None, None]
    images[:, :, :, : size // 2] += 60 * answers[:, 1:, None, None]
    return images.byte(), answers


@pytest.mark.parametrize(("size", "channels"), [(4, 1), (8, 3), (16, 1)])
def test_brightness_is_learned_at_any_size_and_in_grey_or_colour(size: int, channels: int) -> None:
    images, answers = pictures(256, size, channels)
    taught, held = split(answers, ("bright", "leaning"), 0.25, 0)
    ticks: list[Any] = []
    network = train(Chosen(images, taught), answers[taught], QUICK, progress=ticks.append)
    assert min(accuracy(network, Chosen(images, held), answers[held])) >= 0.98
    assert not any(parameter.requires_grad for parameter in network.parameters())
    assert ticks[-1]["losses"]["entropy"] < 0.2 < ticks[0]["losses"]["entropy"]
    assert ticks[-1]["eta"] == 0


def test_what_is_not_in_the_images_is_not_learned() -> None:
    images, _ = pictures(256, 4, 1)
    coins = torch.randint(2, [256, 1], generator=torch.Generator().manual_seed(1)).float()
    taught, held = split(coins, ("coin",), 0.5, 0)
    network = train(Chosen(images, taught), coins[taught], dataclasses.replace(QUICK, epochs=1))
    assert 0.3 < accuracy(network, Chosen(images, held), coins[held])[0] < 0.7


def test_the_seed_decides_everything() -> None:
    images, answers = pictures(32, 4, 1)
    brief = dataclasses.replace(QUICK, epochs=1)
    first, again, other = (train(images, answers, dataclasses.replace(brief, seed=seed)) for seed in (3, 3, 4))
    weights = [torch.cat([p.flatten() for p in network.parameters()]) for network in (first, again, other)]
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])


def test_the_loss_is_that_of_the_protocols_probability() -> None:
    logits = torch.tensor([[0.3, -2.0]])
    p = torch.stack([logits, -logits]).softmax(0)[0]
    wanted = -(p[0, 0].log() + (1 - p[0, 1]).log()) / 2
    torch.testing.assert_close(cross_entropy(logits, torch.tensor([[1.0, 0.0]])), wanted)


def test_parts_are_disjoint_whole_and_drawn_by_the_seed() -> None:
    _, answers = pictures(100, 4, 1)
    taught, held = split(answers, ("a", "b"), 0.2, 0)
    assert (len(taught), len(held)) == (80, 20)
    assert sorted([*taught.tolist(), *held.tolist()]) == list(range(100))
    assert not torch.equal(held, split(answers, ("a", "b"), 0.2, 1)[1])


def test_a_part_with_one_answer_is_refused_by_the_attributes_name() -> None:
    answers = torch.zeros(20, 2)
    answers[::2, 0] = 1
    answers[7, 1] = 1
    with pytest.raises(ValueError, match=r"expected both values of rare among .* found one: give more images"):
        split(answers, ("common", "rare"), 0.3, 0)
    with pytest.raises(ValueError, match="expected both values of common among the 1 of 20 images held out"):
        split(answers, ("common", "rare"), 0.01, 0)


def test_shares_of_the_commoner_answer() -> None:
    assert commonest(torch.tensor([[1.0, 0], [1, 0], [1, 1], [0, 0]])) == [0.75, 0.75]


def test_accuracy_counts_every_image_once() -> None:
    with seeded(0):
        network = AttributeNetwork(1, 4, 1, 8, 4)
    images = torch.zeros(130, 1, 4, 4, dtype=torch.uint8)
    answer = float(network(torch.full([1, 1, 4, 4], -1.0)).detach() > 0)
    labels = torch.full([130, 1], answer)
    labels[:13] = 1 - answer
    assert accuracy(network, images, labels) == [pytest.approx(0.9)]


def test_a_loss_that_is_not_finite_ends_the_training() -> None:
    images, answers = pictures(32, 4, 1)
    with pytest.raises(
        TrainingError, match=r"expected a finite loss, found (nan|inf) in step .*: give a lower learning rate"
    ):
        train(images, answers, dataclasses.replace(QUICK, lr=1e30))


def test_a_learning_rate_out_of_range_is_refused() -> None:
    images, answers = pictures(32, 4, 1)
    with pytest.raises(SettingsError, match=r"expected the setting lr to be a number from 0 to 1e\+38, found -1"):
        train(images, answers, dataclasses.replace(QUICK, lr=-1))
