import math

import pytest
import torch
from torch import nn

from baselines.stylegan3 import losses


class Linear(nn.Module):
    """A discriminator whose gradient is known: the sum of pixels times a weight."""

    def __init__(self, weight):
        super().__init__()
        self.weight = nn.Parameter(weight)

    def forward(self, images, c=None):
        return (images * self.weight).sum([1, 2, 3])[:, None]


class Painter(nn.Module):
    """A generator that paints the latent, and notes which pass moved its averages."""

    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.tensor(2.0))
        self.updates = []

    def mapping(self, z, c=None, update_emas=False):
        self.updates.append(("mapping", update_emas))
        return z

    def synthesis(self, ws, update_emas=False):
        self.updates.append(("synthesis", update_emas))
        return ws[:, :, None, None].expand(-1, -1, 2, 2) * self.scale


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
    G, D = Painter(), Linear(torch.zeros(1, 1, 2, 2))
    z, real = torch.randn(4, 1), torch.randn(4, 1, 2, 2)
    assert losses.generator_loss(G, D, z, None)["total"].flatten().tolist() == pytest.approx([math.log(2)] * 4)
    found = losses.discriminator_loss(G, D, real, None, z, None)
    assert found["total"].flatten().tolist() == pytest.approx([2 * math.log(2)] * 4)


def test_only_the_discriminators_phase_moves_the_averages_and_never_trains_the_generator():
    G, D = Painter(), Linear(torch.ones(1, 1, 2, 2))
    z, real = torch.ones(2, 1), torch.zeros(2, 1, 2, 2)
    losses.discriminator_loss(G, D, real, None, z, None)["total"].mean().backward()
    assert G.updates == [("mapping", True), ("synthesis", True)]
    assert G.scale.grad is None
    G.updates.clear()
    losses.generator_loss(G, D, z, None)["total"].mean().backward()
    assert G.updates == [("mapping", False), ("synthesis", False)]
    assert G.scale.grad is not None


def test_the_blur_fades_linearly():
    assert losses.blur_sigma(0, 10, 200) == 10
    assert losses.blur_sigma(100_000, 10, 200) == pytest.approx(5)
    assert losses.blur_sigma(200_000, 10, 200) == losses.blur_sigma(300_000, 10, 200) == 0
    assert losses.blur_sigma(0, 10, 0) == 0


@pytest.mark.parametrize("sigma", [0.4, 1.0, 2.5])
def test_the_blur_of_a_point_is_the_product_of_two_bells(sigma):
    image = torch.zeros(1, 2, 31, 31, dtype=torch.float64)
    image[0, 0, 15, 15] = 1
    reach = math.floor(3 * sigma)
    bell = [2.0 ** (-((x / sigma) ** 2)) if abs(x) <= reach else 0.0 for x in range(-15, 16)]
    row = torch.tensor(bell, dtype=torch.float64) / sum(bell)
    blurred = losses.blur(image, sigma)
    torch.testing.assert_close(blurred[0, 0], row.outer(row), rtol=0, atol=1e-7)  # the filter is float32
    assert not blurred[0, 1].any()


def test_no_blur_is_the_same_image():
    image = torch.randn(1, 1, 8, 8)
    assert losses.blur(image, 0.0) is image
    assert losses.blur(image, 0.3) is image  # less than one pixel within three sigma
