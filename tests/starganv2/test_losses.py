import math

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from baselines.starganv2.losses import (
    DiversityWeight,
    Target,
    Weights,
    discriminator_loss,
    generator_loss,
    r1,
)

N, Y = 4, torch.tensor([0, 1, 1, 0])


def draws(*shape):
    return torch.randn(shape, generator=torch.Generator().manual_seed(0))


class Paint(nn.Module):
    """A generator that adds the style, a number an image; and keeps the masks that it was given."""

    def __init__(self):
        super().__init__()
        self.gain = nn.Parameter(torch.ones([]))
        self.masks = []

    def forward(self, x, s, masks=None):
        self.masks.append(masks)
        return x + self.gain * s.view(-1, 1, 1, 1)


class Mean(nn.Module):
    """A style encoder whose style is the mean of an image, and ten times that in domain 1."""

    def __init__(self):
        super().__init__()
        self.gain = nn.Parameter(torch.ones([]))

    def forward(self, x, y):
        return (self.gain * x.mean([1, 2, 3]) * (1 + 9 * y))[:, None]


class Linear(nn.Module):
    """A mapping network, or a discriminator: one number by a weight for each domain."""

    def __init__(self, size):
        super().__init__()
        self.w = nn.Parameter(draws(2, size))

    def forward(self, x, y):
        found = (x.flatten(1) * self.w[y]).sum(1)
        return found if x.ndim == 4 else found[:, None]


@pytest.fixture
def nets():
    return {
        "generator": Paint(),
        "mapping_network": Linear(2),
        "style_encoder": Mean(),
        "discriminator": Linear(12),
    }


@pytest.fixture
def target():
    return Target(1 - Y, draws(N, 2), draws(N, 2).flip(0), "mapping_network")


X = draws(N, 3, 2, 2)


def trained(nets):
    return {name for name, net in nets.items() if any(p.grad is not None for p in net.parameters())}


def test_r1_of_a_linear_discriminator_is_half_of_its_weights_squared(nets):
    D, x = nets["discriminator"], X.clone().requires_grad_(True)
    penalty = r1(D(x, Y), x)
    torch.testing.assert_close(penalty, D.w.square().sum(1)[Y] / 2)
    penalty.sum().backward()
    torch.testing.assert_close(D.w.grad, 2 * D.w.detach())  # half of the batch is of each domain


def test_the_discriminator_s_loss_is_logistic(nets, target):
    found = discriminator_loss(nets, X, Y, target, Weights(reg=3))
    fake = X + nets["mapping_network"](target.first, target.y).view(-1, 1, 1, 1)
    D = nets["discriminator"]
    torch.testing.assert_close(found["real"], F.softplus(-D(X, Y)))
    torch.testing.assert_close(found["fake"], F.softplus(D(fake, target.y)))
    torch.testing.assert_close(found["total"], found["real"] + found["fake"] + 3 * found["reg"])


@pytest.mark.parametrize("network", ["mapping_network", "style_encoder"])
def test_the_discriminator_s_loss_trains_it_alone(nets, target, network):
    images = draws(N, 3, 2, 2)
    target = target if network == "mapping_network" else Target(1 - Y, images, None, network)
    discriminator_loss(nets, X, Y, target, Weights())["total"].sum().backward()
    assert trained(nets) == {"discriminator"}


def test_a_blind_discriminator_pays_log_4():
    nets = {"generator": Paint(), "mapping_network": Linear(2), "discriminator": Linear(12)}
    with torch.no_grad():
        nets["discriminator"].w.zero_()
    found = discriminator_loss(nets, X, Y, Target(Y, draws(N, 2), None, "mapping_network"), Weights())
    torch.testing.assert_close(found["total"], torch.full([N], math.log(4)))


def test_the_generator_s_losses(nets, target):
    found = generator_loss(nets, X, Y, target, Weights(sty=2, ds=3, cyc=5))
    s, s2 = (nets["mapping_network"](z, target.y)[:, 0] for z in (target.first, target.second))
    fake, E = X + s.view(-1, 1, 1, 1), nets["style_encoder"]
    torch.testing.assert_close(found["adv"], F.softplus(-nets["discriminator"](fake, target.y)))
    torch.testing.assert_close(found["sty"], (E(fake, target.y)[:, 0] - s).abs())
    torch.testing.assert_close(found["ds"], (s - s2).abs())
    torch.testing.assert_close(found["cyc"], (s + E(X, Y)[:, 0]).abs())
    expected = found["adv"] + 2 * found["sty"] - 3 * found["ds"] + 5 * found["cyc"]
    torch.testing.assert_close(found["total"], expected)


def test_the_second_image_of_the_diversity_is_a_constant(nets, target):
    generator_loss(nets, X, Y, target, Weights())["ds"].sum().backward()
    s, s2 = (nets["mapping_network"](z, target.y)[:, 0] for z in (target.first, target.second))
    torch.testing.assert_close(nets["generator"].gain.grad, ((s - s2).sign() * s).sum())


def test_styles_from_the_same_latents_are_not_diverse(nets, target):
    again = Target(target.y, target.first, target.first, target.network)
    assert not generator_loss(nets, X, Y, again, Weights())["ds"].any()


def test_masks_are_those_of_the_sources_and_of_the_translations(nets, target):
    masks, seen = (draws(N, 1, 2, 2), draws(N, 1, 2, 2)), []
    generator_loss(nets, X, Y, target, Weights(), masks, lambda fake: seen.append(fake) or "of the fake")
    assert nets["generator"].masks == [masks, masks, "of the fake"]
    s = nets["mapping_network"](target.first, target.y).view(-1, 1, 1, 1)
    torch.testing.assert_close(seen, [X + s])


@pytest.mark.parametrize(("initial", "iterations"), [(1, 1), (2, 8), (3.0, 4)])
def test_the_diversity_s_weight_falls_to_0_in_equal_steps_and_stays(initial, iterations):
    expected = [initial * (1 - step / iterations) for step in range(iterations + 1)]
    weight = DiversityWeight(initial, iterations)
    assert [weight.at(step) for step in range(iterations + 1)] == pytest.approx(expected, abs=1e-12)
    assert [weight.at(step) for step in (iterations, 10**9, 0, iterations + 1)] == [0, 0, initial, 0]


def test_rounding_leaves_at_most_one_step_more():
    weight, summed = DiversityWeight(1, 10), [1.0]
    while summed[-1] > 0:
        summed.append(summed[-1] - 1 / 10)
    assert [weight.at(step) for step in range(len(summed) + 1)] == [*summed, summed[-1]]
    assert len(summed) == 12
    assert summed[-1] == pytest.approx(-0.1)


@pytest.mark.parametrize(("initial", "wanted"), [(0, 0), (1, 1 - 2**-31 - 2**-31), (1e-322, 1e-322)])
def test_a_fall_of_any_length_takes_no_memory(initial, wanted):
    assert DiversityWeight(initial, 2**31).at(2) == wanted


def test_a_fall_in_no_time_is_refused():
    with pytest.raises(ValueError, match="weight to fall to 0, found 0"):
        DiversityWeight(1, 0)
