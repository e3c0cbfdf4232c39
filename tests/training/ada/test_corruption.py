"""Filters by their frequency response, noise by its deviation, and holes by their area."""

import math

import pytest
import torch

from baselines.training.ada.corruption import POWER, add_noise, amplified, cut_out, filter_bank, gains, reflected
from tests.training.ada.replay import images as patterns


def draws(seed=0):
    return torch.Generator().manual_seed(seed)


def test_the_bands_by_their_frequency_response():
    """By the closed form of Daubechies' half-band filter with two vanishing moments, octave by octave."""
    bank, frequency = filter_bank(), torch.arange(256, dtype=torch.float64) * (2 * math.pi / 256)

    def low(w):
        return (w / 2).cos() ** 4 * (1 + 2 * (w / 2).sin() ** 2)

    once, twice, thrice = low(frequency), low(2 * frequency), low(4 * frequency)
    expected = [once * twice * thrice, once * twice * (1 - thrice), once * (1 - twice), 1 - once]
    centred = torch.zeros(4, 256, dtype=torch.float64)
    centred[:, :43] = bank
    response = torch.fft.fft(centred.roll(-21, dims=1))
    assert bank.shape == (4, 43)
    torch.testing.assert_close(response.real, torch.stack(expected))
    assert response.imag.abs().max() < 1e-12
    torch.testing.assert_close(response.real.sum(0), torch.ones(256, dtype=torch.float64))


def test_gains_of_one_change_nothing():
    images, still = patterns(8, 12), gains(2, 0.0, draws())
    assert torch.equal(still, torch.ones(2, 4, dtype=torch.float64))
    torch.testing.assert_close(amplified(images, still, filter_bank()), images, rtol=0, atol=1e-12)


def test_gains_keep_the_power_of_an_image_and_amplify_bands_apart():
    once = gains(20000, 0.25, draws())
    assert (once != 1).any(1).double().mean().item() == pytest.approx(1 - 0.75**4, abs=0.015)
    alone = (once != 1).any(1) & ((once.log2() - once.log2().median(1, keepdim=True).values).abs() > 1e-9).sum(1).eq(1)
    power = (torch.tensor(POWER, dtype=torch.float64) * once[alone].square()).sum(1)
    torch.testing.assert_close(power, torch.ones_like(power))  # one band was amplified
    every = gains(20000, 1.0, draws()).log2()
    assert (every[:, 3] - every[:, 2]).std().item() == pytest.approx(math.sqrt(2), rel=0.03)


def test_a_wave_is_amplified_by_the_gain_of_its_band():
    at = torch.arange(64, dtype=torch.float64)
    fastest, constant = (math.pi * at).cos(), torch.ones(64, dtype=torch.float64)
    images = torch.stack([torch.outer(fastest, fastest), torch.outer(constant, constant)])[:, None]
    g = torch.tensor([[2.0, 3.0, 5.0, 7.0]], dtype=torch.float64).expand(2, 4)
    found = amplified(images, g, filter_bank())
    torch.testing.assert_close(found, images * torch.tensor([49.0, 4.0]).double().view(2, 1, 1, 1))


def test_borders_of_any_width_are_reflected():
    row = torch.arange(4, dtype=torch.float64).expand(1, 1, 4, 4)
    found = reflected(row, 8)[0, 0, 0].tolist()
    assert found == [abs((x + 3) % 6 - 3) for x in range(-8, 12)]


def test_noise_has_the_deviation_of_a_folded_normal_draw():
    zeros = torch.zeros(4000, 1, 8, 8, dtype=torch.float64)
    deviation = add_noise(zeros, 1.0, draws()).flatten(1).std(1)
    assert deviation.mean().item() == pytest.approx(0.1 * math.sqrt(2 / math.pi), rel=0.03)
    assert deviation.square().mean().sqrt().item() == pytest.approx(0.1, rel=0.03)
    share = (add_noise(zeros, 0.3, draws()).flatten(1).std(1) > 0).double().mean().item()
    assert share == pytest.approx(0.3, abs=0.03)


def test_a_hole_has_half_the_width_and_height_and_may_reach_beyond_the_border():
    ones = torch.ones(2000, 2, 16, 32)
    seen = cut_out(ones, 1.0, draws())
    assert torch.equal(seen[:, 0], seen[:, 1])
    rows, columns = (seen[:, 0] == 0).any(2).sum(1), (seen[:, 0] == 0).any(1).sum(1)
    assert (rows.max().item(), columns.max().item()) == (8, 16)
    assert rows.min() >= 3
    assert columns.min() >= 7  # half of a hole whose centre is at the edge
    assert torch.equal((seen[:, 0] == 0).sum((1, 2)), rows * columns)  # a rectangle
    share = (cut_out(ones, 0.3, draws()) == 0).flatten(1).any(1).double().mean().item()
    assert share == pytest.approx(0.3, abs=0.03)
