import math

import pytest
import torch
from torch import nn

from baselines.stargan.losses import classification_loss, discriminator_loss, generator_loss, gradient_penalty

HALF = math.log(2)
WEIGHTS = {"cls": 2, "rec": 3, "gp": 5}


def images(*shape, seed=0):
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64) * 2 - 1


class Linear(nn.Module):
    """A critic of four equal patches, each ``slope`` times the sum of an image, and of given logits."""

    def __init__(self, slope, logits):
        super().__init__()
        self.slope, self.logits = slope, torch.tensor(logits, dtype=torch.float64)

    def forward(self, x):
        patches = self.slope * x.sum([1, 2, 3]).view(-1, 1, 1, 1)
        return patches.expand(-1, 1, 2, 2), self.logits.expand(len(x), -1)


class Adds(nn.Module):
    """A generator that adds the first number of the label."""

    def forward(self, x, c):
        return x + c[:, :1, None, None]


@pytest.mark.parametrize(
    ("kind", "logits", "label", "loss"),
    [
        ("domain", (0, 0), (1, 0), HALF),
        ("domain", (0, 0, 0, 0), (0, 0, 1, 0), 2 * HALF),
        ("domain", (50, 0), (0, 1), 50),
        ("domain", (0, 50), (0, 1), 0),
        ("attributes", (0, 0), (1, 0), 2 * HALF),
        ("attributes", (0, 0, 0), (1, 1, 1), 3 * HALF),
        ("attributes", (50, -50), (1, 0), 0),
        ("attributes", (50, -50), (0, 1), 100),
    ],
)
def test_classification(kind, logits, label, loss):
    rows = [torch.tensor([values, values], dtype=torch.float64) for values in (logits, label)]
    assert classification_loss(*rows, kind).tolist() == pytest.approx([loss, loss])


@pytest.mark.parametrize("slope", [0.0, 0.25, -0.5])
def test_the_penalty_of_a_linear_critic(slope):
    """The gradient of the sum of four patches is 4 slope everywhere, and there are 16 pixels."""
    x, y = images(3, 1, 4, 4), images(3, 1, 4, 4, seed=1)
    penalty = gradient_penalty(Linear(slope, [0.0]), x, y, torch.tensor([0.0, 0.3, 1], dtype=torch.float64))
    assert penalty.tolist() == pytest.approx([(abs(4 * slope) * 4 - 1) ** 2] * 3)


def test_the_penalty_is_taken_between_real_and_fake():
    class Square(nn.Module):
        def forward(self, x):
            return x.square().sum([1, 2, 3], keepdim=True) / 2, None

    x, y, alpha = images(2, 1, 4, 4), images(2, 1, 4, 4, seed=1), torch.tensor([0.25, 1], dtype=torch.float64)
    lengths = [(0.25 * x[0] + 0.75 * y[0]).norm(), x[1].norm()]
    found = gradient_penalty(Square(), x, y, alpha)
    assert found.tolist() == pytest.approx([(float(length) - 1) ** 2 for length in lengths])


def test_the_discriminator_s_loss_has_its_parts_with_their_weights():
    x, y = images(2, 1, 4, 4), images(2, 1, 4, 4, seed=1)
    c = torch.eye(2, dtype=torch.float64)
    found = discriminator_loss(Linear(0.5, [0.0, 0]), x, c, y, torch.ones(2).double(), "domain", WEIGHTS)
    sums = [0.5 * values.sum([1, 2, 3]) for values in (x, y)]
    assert torch.allclose(found["real"], -sums[0])
    assert torch.allclose(found["fake"], sums[1])
    assert found["cls"].tolist() == pytest.approx([2 * HALF] * 2)
    assert found["gp"].tolist() == pytest.approx([5 * 49.0] * 2)
    assert torch.allclose(found["total"], sums[1] - sums[0] + 2 * HALF + 245)


def test_the_generator_s_loss_has_its_parts_with_their_weights():
    x, c_org = images(2, 1, 4, 4), torch.tensor([[0.0, 1], [1, 0]]).double()
    found = generator_loss(Adds(), Linear(0.5, [0.0, 0]), x, c_org, c_org.flip(0), "attributes", WEIGHTS)
    scores = 0.5 * (x + c_org.flip(0)[:, :1, None, None]).sum([1, 2, 3])
    assert torch.allclose(found["fake"], -scores)
    assert found["cls"].tolist() == pytest.approx([2 * 2 * HALF] * 2)
    assert found["rec"].tolist() == pytest.approx([3.0, 3])  # both numbers are added, one on each way: 1 in all
    assert torch.allclose(found["total"], sum(found[name] for name in ("fake", "cls", "rec")))
