"""StyleGAN's losses on discriminators whose gradients are known."""

import math

import pytest
import torch
from torch import Tensor, nn

from baselines.ops.levels import at_level
from baselines.stylegan1.losses import (
    Penalties,
    discriminator_loss,
    generate,
    generator_loss,
    mix_styles,
    mixing_cutoff,
)
from tests.stylegan1.test_networks import generator, normal

REAL, FAKE = torch.full((2, 1, 4, 4), 0.5), torch.full((2, 1, 4, 4), -0.25)


class Sum(nn.Module):
    """Scores ``slope`` times the sum of an image."""

    def __init__(self, slope: float) -> None:
        super().__init__()
        self.slope = nn.Parameter(torch.tensor(slope))

    def forward(self, images: Tensor, c: Tensor | None = None) -> Tensor:
        return self.slope * images.sum([1, 2, 3])[:, None]


def softplus(x: float) -> float:
    return math.log1p(math.exp(x))


@pytest.mark.parametrize(
    ("loss", "expected"), [("logistic_nonsaturating", softplus(1)), ("logistic_saturating", -softplus(-1)), ("wgan", 1)]
)
def test_generator_losses(loss: str, expected: float) -> None:
    found = generator_loss(Sum(0.25), FAKE, None, loss)  # type: ignore[arg-type]
    assert found["total"].tolist() == pytest.approx([expected] * 2)
    assert found["scores_fake"].flatten().tolist() == [-1, -1]


@pytest.mark.parametrize(
    ("loss", "expected"), [("logistic", softplus(-1) + softplus(-2)), ("wgan", -3), ("hinge", 0 + 0)]
)
def test_discriminator_losses(loss: str, expected: float) -> None:
    found = discriminator_loss(Sum(0.25), REAL, FAKE, None, loss, Penalties())  # type: ignore[arg-type]
    assert found["total"].tolist() == pytest.approx([expected] * 2)
    assert found.keys() == {"total", "scores_real", "scores_fake"}


def test_the_hinge_pushes_scores_one_away_from_zero() -> None:
    found = discriminator_loss(Sum(0.05), REAL, FAKE, None, "hinge", Penalties())
    assert found["total"].tolist() == pytest.approx([0.8 + 0.6] * 2)


def test_penalties_of_a_linear_discriminator() -> None:
    D = Sum(0.5)  # its gradient is 0.5 at each of 16 pixels: squared norm 4
    plain = discriminator_loss(D, REAL, FAKE, None, "wgan", Penalties())["total"]
    with_r1 = discriminator_loss(D, REAL, FAKE, None, "wgan", Penalties(r1_gamma=3))
    assert with_r1["r1_penalty"].tolist() == [4, 4]
    torch.testing.assert_close(with_r1["total"] - plain, torch.tensor([6.0, 6.0]))
    with_r2 = discriminator_loss(D, REAL, FAKE, None, "wgan", Penalties(r2_gamma=1))
    torch.testing.assert_close(with_r2["total"] - plain, torch.tensor([2.0, 2.0]))
    mixing = torch.tensor([0.0, 1.0])
    with_gp = discriminator_loss(D, REAL, FAKE, None, "wgan", Penalties(gp_lambda=10, gp_target=4), mixing)
    assert with_gp["mixed_norms"].tolist() == [2, 2]
    torch.testing.assert_close(with_gp["total"] - plain, torch.tensor([2.5, 2.5]))
    drift = discriminator_loss(D, REAL, FAKE, None, "wgan", Penalties(epsilon=0.1))
    torch.testing.assert_close(drift["total"] - plain, torch.tensor([1.6, 1.6]))


def test_the_penalty_can_be_descended() -> None:
    D = Sum(0.5)
    discriminator_loss(D, REAL, FAKE, None, "wgan", Penalties(r1_gamma=2))["r1_penalty"].mean().backward()
    assert D.slope.grad is not None
    assert D.slope.grad.item() == pytest.approx(2 * 0.5 * 16)


def test_styles_are_mixed_from_the_cutoff_on() -> None:
    ws, others = torch.zeros(2, 6, 3), torch.ones(2, 6, 3)
    assert mix_styles(ws, others, 2)[:, :, 0].tolist() == [[0, 0, 1, 1, 1, 1]] * 2


def test_images_of_mixed_styles_and_their_noise() -> None:
    G = generator()
    z, other = normal(2, 6), normal(2, 6, seed=1)
    w_avg = G.mapping.w_avg.clone()
    images = generate(G, z, None, None, (other, 3))
    torch.testing.assert_close(images, G.synthesis(mix_styles(G.mapping(z), G.mapping(other), 3)))
    torch.testing.assert_close(G.mapping.w_avg, w_avg.lerp(G.mapping(z)[:, 0].mean(0), 0.005))


def test_where_styles_change_is_uniform_over_what_has_grown() -> None:
    draws = torch.Generator().manual_seed(0)
    found = [mixing_cutoff(draws, 0.9, 8, lod=1.5) for _ in range(3000)]
    assert {cutoff for cutoff in found if cutoff} == {1, 2, 3, 4, 5}
    assert found.count(None) / 3000 == pytest.approx(0.1, abs=0.02)
    assert found.count(3) / 3000 == pytest.approx(0.18, abs=0.02)
    assert mixing_cutoff(draws, 0.0, 8, 0) is None
    assert mixing_cutoff(draws, 1.0, 1, 0) is None


def test_reals_become_coarser_without_a_jump() -> None:
    images = normal(1, 1, 8, 8)
    assert (at_level(images, 0) == images).all()
    half = at_level(images, 1)
    assert (half == half[:, :, ::2, ::2].repeat_interleave(2, 2).repeat_interleave(2, 3)).all()
    torch.testing.assert_close(half.mean(), images.mean())
    torch.testing.assert_close(at_level(images, 0.25), images * 0.75 + half * 0.25)
    torch.testing.assert_close(at_level(images, 1 - 1e-9), half)
    torch.testing.assert_close(at_level(images, 3), images.mean().expand(1, 1, 8, 8))
