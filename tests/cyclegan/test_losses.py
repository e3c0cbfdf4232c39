import math

import pytest
import torch
from torch import nn

from baselines.translation.losses import discriminator_loss, distance, gan_loss, gradient_penalty

HALF = math.log(2)


def maps(*values):
    return torch.tensor(values, dtype=torch.float64).view(-1, 1, 1, 1).expand(-1, 1, 2, 3)


@pytest.mark.parametrize(
    ("mode", "real", "values", "losses"),
    [
        ("lsgan", True, (1, 0, 3), (0, 1, 4)),
        ("lsgan", False, (0, 1, -2), (0, 1, 4)),
        ("vanilla", True, (0, 200), (HALF, 0)),
        ("vanilla", False, (0, -200, 200), (HALF, 0, 200)),
        ("wgangp", True, (2, -3), (-2, 3)),
        ("wgangp", False, (2, -3), (2, -3)),
    ],
)
def test_adversarial_losses(mode, real, values, losses):
    assert gan_loss(maps(*values), real, mode).tolist() == pytest.approx(losses)


def test_every_patch_counts_alike():
    prediction = torch.tensor([[[[1.0, 3.0], [1.0, 1.0]]]])
    assert gan_loss(prediction, True, "lsgan").tolist() == [1.0]


def test_a_discriminator_learns_half_as_fast():
    D = nn.Identity()
    assert discriminator_loss(D, maps(3), maps(2), "lsgan").tolist() == [(4 + 4) / 2]


def test_distance_is_the_mean_absolute_difference_of_each_image():
    x = torch.zeros(2, 1, 2, 2)
    y = torch.tensor([[1.0, -1, 0, 0], [2, 2, 2, 2]]).view(2, 1, 2, 2)
    assert distance(x, y).tolist() == [0.5, 2]
    assert distance(x, x).tolist() == [0, 0]


class Slope(nn.Module):
    """A discriminator whose gradient is known: ``slope`` at every pixel."""

    def __init__(self, slope):
        super().__init__()
        self.slope = nn.Parameter(torch.tensor(slope, dtype=torch.float64))

    def forward(self, x):
        return self.slope * x


@pytest.mark.parametrize(("slope", "penalty"), [(0.5, 0), (1, 10), (2, 90), (-0.5, 0)])
def test_gradient_penalty(slope, penalty):
    # four pixels: the gradient is 2 * slope long
    D, x = Slope(slope), torch.zeros(3, 1, 2, 2, dtype=torch.float64)
    found = gradient_penalty(D, x, x + 1, torch.tensor([0, 0.5, 1], dtype=torch.float64))
    assert found.tolist() == pytest.approx([penalty] * 3)


def test_the_gradient_penalty_can_be_minimised():
    D, x = Slope(2.0), torch.zeros(1, 1, 2, 2, dtype=torch.float64)
    gradient_penalty(D, x, x, torch.ones(1, dtype=torch.float64)).sum().backward()
    assert D.slope.grad.item() == pytest.approx(10 * 2 * (2 * 2 - 1) * 2)


def test_mixtures_lie_between_real_and_fake():
    seen = []

    def judge(x):
        seen.append(x.detach().flatten().tolist())
        return x.square()

    real, fake = torch.full([2, 1, 1, 1], 1.0), torch.full([2, 1, 1, 1], -1.0)
    gradient_penalty(judge, real, fake, torch.tensor([1.0, 0.25]))
    assert seen == [[1.0, -0.5]]


def test_unknown_modes_are_refused():
    with pytest.raises(ValueError, match="unknown GAN loss 'hinge': choose one of lsgan, vanilla, wgangp"):
        gan_loss(maps(0), True, "hinge")
