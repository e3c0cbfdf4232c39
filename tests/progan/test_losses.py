"""Progressive GAN's losses on discriminators whose gradients are known."""

import math

import pytest
import torch
from torch import Tensor, nn

from baselines.ops.gradients import mixed_norms
from baselines.progan.losses import Penalties, discriminator_loss, generator_loss

REAL, FAKE = torch.full((2, 1, 4, 4), 0.5), torch.full((2, 1, 4, 4), -0.25)
LABELS = torch.eye(2)
MIXING = torch.tensor([0.0, 1.0])
NONE = Penalties(gp_lambda=0, epsilon=0)


class Sum(nn.Module):
    """Scores that are a multiple of the sum of pixels, and logits that are a multiple of the mean for class 0 alone."""

    def __init__(self, slope: float) -> None:
        super().__init__()
        self.slope = nn.Parameter(torch.tensor(slope))

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        score = images.sum([1, 2, 3])[:, None] * self.slope
        return score, torch.cat([score, torch.zeros_like(score)], 1)


class Square(nn.Module):
    """Scores whose gradient is the image itself."""

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        return images.square().sum([1, 2, 3])[:, None] / 2, images.new_zeros(len(images), 0)


def cross_entropy(logit: float, index: int) -> float:
    return math.log(math.exp(logit) + 1) - (logit if index == 0 else 0)


def test_the_generator_raises_the_score() -> None:
    found = generator_loss(Sum(0.5), FAKE, None)
    assert found["total"].tolist() == [2.0, 2.0]
    assert "label_penalty_fake" not in found


@pytest.mark.parametrize("weight", [1.0, 0.25])
def test_the_generator_makes_what_the_label_says(weight: float) -> None:
    found = generator_loss(Sum(0.5), FAKE, LABELS, weight)
    penalties = [cross_entropy(-2.0, index) for index in (0, 1)]
    assert found["label_penalty_fake"].tolist() == pytest.approx(penalties)
    assert found["total"].tolist() == pytest.approx([2 + weight * penalty for penalty in penalties])


def test_the_discriminator_parts_scores() -> None:
    found = discriminator_loss(Sum(0.5), REAL, FAKE, None, MIXING, NONE)
    assert found["total"].tolist() == [-6.0, -6.0]  # -2 for fake, 4 for real
    assert found.keys() == {"total", "scores_real", "scores_fake"}


@pytest.mark.parametrize("target", [1.0, 4.0])
def test_the_gradient_penalty_of_a_linear_critic(target: float) -> None:
    D = Sum(0.5)  # its gradient is 0.5 at each of 16 pixels: norm 2, wherever it is taken
    plain = discriminator_loss(D, REAL, FAKE, None, MIXING, NONE)["total"]
    found = discriminator_loss(D, REAL, FAKE, None, MIXING, Penalties(10, target, epsilon=0))
    assert found["mixed_norms"].tolist() == [2, 2]
    expected = 10 / target**2 * (2 - target) ** 2
    torch.testing.assert_close(found["total"] - plain, torch.full([2], expected))
    (found["total"] - plain).mean().backward()
    assert D.slope.grad is not None
    assert D.slope.grad.item() == pytest.approx(10 / target**2 * 2 * (2 - target) * 4)  # the norm is four times |slope|


def test_gradients_are_taken_between_real_and_fake() -> None:
    norms = mixed_norms(lambda images: Square()(images)[0], REAL, FAKE, torch.tensor([0.0, 1 / 3]))
    torch.testing.assert_close(norms, torch.tensor([0.5 * 4, 0.25 * 4]))


def test_scores_of_reals_are_kept_from_drifting() -> None:
    plain = discriminator_loss(Sum(0.5), REAL, FAKE, None, MIXING, NONE)["total"]
    found = discriminator_loss(Sum(0.5), REAL, FAKE, None, MIXING, Penalties(gp_lambda=0))
    assert found["epsilon_penalty"].tolist() == [16, 16]
    torch.testing.assert_close(found["total"] - plain, torch.tensor([0.016, 0.016]))


@pytest.mark.parametrize("weight", [1.0, 2.0])
def test_the_discriminator_learns_the_labels_of_both(weight: float) -> None:
    plain = discriminator_loss(Sum(0.5), REAL, FAKE, None, MIXING, NONE)["total"]
    found = discriminator_loss(Sum(0.5), REAL, FAKE, LABELS, MIXING, Penalties(0, 1, 0, weight))
    expected = [weight * (cross_entropy(4.0, index) + cross_entropy(-2.0, index)) for index in (0, 1)]
    assert (found["total"] - plain).tolist() == pytest.approx(expected, rel=1e-5)


def test_the_published_weights_are_the_defaults() -> None:
    assert Penalties() == Penalties(gp_lambda=10, gp_target=1, epsilon=0.001, cond_weight=1)
