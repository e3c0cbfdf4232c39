"""The losses of StyleGAN2 and StyleGAN3 in closed form."""

import math

import pytest
import torch
from torch import nn

from baselines.stylegan2 import losses


class Linear(nn.Module):
    """A discriminator whose gradient is known: the sum of pixels times a weight."""

    def __init__(self, weight):
        super().__init__()
        self.weight = nn.Parameter(weight)

    def forward(self, images, c=None):
        return (images * self.weight).sum([1, 2, 3])[:, None]


def test_r1_of_a_linear_discriminator_is_the_norm_of_its_weight():
    weight = torch.randn(1, 1, 4, 4, generator=torch.Generator().manual_seed(1))
    found = losses.r1_loss(Linear(weight), torch.randn(3, 1, 4, 4), None, gamma=6.0)
    assert found["r1_penalty"].tolist() == pytest.approx([weight.square().sum().item()] * 3)
    assert found["total"].tolist() == pytest.approx([3 * weight.square().sum().item()] * 3)


def test_r1_is_taken_at_the_real_pixels_and_sees_the_view():
    weight = torch.ones(1, 1, 4, 4)
    found = losses.r1_loss(Linear(weight), torch.zeros(2, 1, 4, 4), None, 1.0, view=lambda images: images * 3)
    assert found["r1_penalty"].tolist() == pytest.approx([9 * 16.0] * 2)


def test_r1_trains_the_discriminator_towards_a_flat_one():
    D = Linear(torch.ones(1, 1, 4, 4))
    losses.r1_loss(D, torch.zeros(1, 1, 4, 4), None, gamma=1.0)["total"].mean().backward()
    assert torch.allclose(D.weight.grad, D.weight.detach())  # d/dw of |w|^2 / 2


def test_both_sides_of_the_game_at_an_undecided_discriminator_are_log_two():
    D, images = Linear(torch.zeros(1, 1, 2, 2)), torch.randn(4, 1, 2, 2)
    assert losses.generator_loss(D, images, None)["total"].flatten().tolist() == pytest.approx([math.log(2)] * 4)
    found = losses.discriminator_loss(D, images, None, images * 2, None)
    assert found["total"].flatten().tolist() == pytest.approx([2 * math.log(2)] * 4)


def test_the_two_sides_pull_in_opposite_directions_and_both_see_the_view():
    D, fake = Linear(torch.ones(1, 1, 1, 1)), torch.ones(1, 1, 1, 1, requires_grad=True)
    losses.generator_loss(D, fake, None, view=lambda images: images * 3)["total"].backward()
    assert fake.grad.item() == pytest.approx(-3 / (1 + math.exp(3)))
    real = torch.full([1, 1, 1, 1], -1.0, requires_grad=True)
    fake.grad = None
    losses.discriminator_loss(D, real, None, fake, None, view=lambda images: images * 3)["total"].backward()
    assert fake.grad.item() == pytest.approx(3 / (1 + math.exp(-3)))
    assert real.grad.item() == pytest.approx(-3 / (1 + math.exp(-3)))


def test_path_lengths_of_a_linear_generator_are_the_norms_of_its_columns():
    draws = torch.Generator().manual_seed(0)
    matrix = torch.randn(3, 2 * 2, generator=draws)
    ws = torch.randn(5, 4, 3, generator=draws).requires_grad_()
    slopes = torch.tensor([1.0, 2.0, 0.0, 3.0])  # how much each layer matters
    images = ((ws * slopes[None, :, None]).sum(1) @ matrix).view(5, 1, 2, 2)
    noise = torch.randn(5, 1, 2, 2, generator=draws)
    pl_mean = torch.tensor(0.5)
    found = losses.path_length_loss(losses.path_lengths(images, ws, noise), pl_mean, weight=2.0, decay=0.25)
    direction = noise.flatten(1) / 2 @ matrix.t()  # divided by the root of the number of pixels
    lengths = direction.norm(dim=1) * (slopes.square().sum() / 4).sqrt()
    mean = 0.75 * 0.5 + 0.25 * lengths.mean()
    torch.testing.assert_close(found["pl_length"].detach(), lengths)
    torch.testing.assert_close(pl_mean, mean)
    torch.testing.assert_close(found["total"].detach(), 2 * (lengths - mean).square())


def test_path_length_trains_towards_the_mean():
    scale = torch.tensor(3.0, requires_grad=True)
    ws = torch.ones(1, 1, 1, requires_grad=True)
    images = (ws * scale).view(1, 1, 1, 1)
    lengths = losses.path_lengths(images, ws, torch.ones(1, 1, 1, 1))
    found = losses.path_length_loss(lengths, torch.tensor(1.0), weight=1.0, decay=0.0)
    assert found["total"].item() == pytest.approx((3 - 1) ** 2)
    found["total"].backward()
    assert scale.grad.item() == pytest.approx(2 * (3 - 1))


def test_mixed_styles_change_at_the_cutoff_of_each_image():
    ws, others = torch.zeros(3, 4, 2), torch.ones(3, 4, 2)
    mixed = losses.mix_styles(ws, others, torch.tensor([1, 3, 4]))
    assert mixed[:, :, 0].tolist() == [[0, 1, 1, 1], [0, 0, 0, 1], [0, 0, 0, 0]]
    assert torch.equal(mixed[:, :, 0], mixed[:, :, 1])


def test_cutoffs_are_spread_evenly_and_as_often_as_asked():
    draws = torch.Generator().manual_seed(0)
    cutoffs = losses.mixing_cutoffs(draws, 20000, 5, 0.75)
    shares = torch.bincount(cutoffs, minlength=6) / 20000
    assert shares.tolist() == pytest.approx([0, *[0.75 / 4] * 4, 0.25], abs=0.015)
    assert losses.mixing_cutoffs(draws, 8, 5, 0.0).tolist() == [5] * 8
    assert losses.mixing_cutoffs(draws, 8, 1, 1.0).max() <= 1


class Painter(nn.Module):
    """A generator that paints the latent, and notes which pass moved its averages and what noise it got."""

    def __init__(self):
        super().__init__()
        self.calls = []

    def mapping(self, z, c=None, update_emas=False):
        self.calls.append(("mapping", update_emas))
        return z[:, None, :].repeat(1, 3, 1)

    def synthesis(self, ws, noise_mode="const", streams=None, update_emas=False):
        self.calls.append(("synthesis", update_emas, noise_mode, streams))
        return ws


def test_generated_with_mixing_and_noise_and_averages_as_asked():
    G, z, other = Painter(), torch.zeros(2, 1), torch.ones(2, 1)
    images, ws = losses.generate(G, z, None)
    assert torch.equal(images, ws)
    assert G.calls == [("mapping", False), ("synthesis", False, "const", None)]
    G.calls.clear()
    mixing, noise = losses.Mixing(other, torch.tensor([1, 3])), object()
    images, _ = losses.generate(G, z, None, mixing=mixing, noise=noise, update_emas=True)
    assert images[:, :, 0].tolist() == [[0, 1, 1], [0, 0, 0]]
    # The mean of w sees every image once: not the second latents.
    assert G.calls == [("mapping", True), ("mapping", False), ("synthesis", True, "random", noise)]
