"""Initial weights: their spread as the papers have it."""

import math

import pytest
import torch
from torch import nn

from baselines.training.streams import seeded
from baselines.translation.initialisation import initialise

FAN_IN, FAN_OUT = 32 * 9, 64 * 9


def layer(init_type, init_gain):
    with seeded(0):
        return initialise(nn.Sequential(nn.Conv2d(32, 64, 3)), init_type, init_gain)[0]


@pytest.mark.parametrize(
    ("init_type", "init_gain", "deviation"),
    [
        ("normal", 0.02, 0.02),
        ("normal", 0.5, 0.5),
        ("xavier", 1.0, math.sqrt(2 / (FAN_IN + FAN_OUT))),
        ("xavier", 0.02, 0.02 * math.sqrt(2 / (FAN_IN + FAN_OUT))),
        ("kaiming", 0.02, math.sqrt(2 / FAN_IN)),
        ("orthogonal", 0.3, 0.3 / math.sqrt(FAN_IN)),
    ],
)
def test_weights_have_the_deviation_of_their_paper_and_biases_are_0(init_type, init_gain, deviation):
    found = layer(init_type, init_gain)
    assert float(found.weight.detach().std()) == pytest.approx(deviation, rel=0.02)
    assert abs(float(found.weight.detach().mean())) < 4 * deviation / math.sqrt(found.weight.numel())
    assert not found.bias.any()


def test_orthogonal_weights_are_orthogonal():
    rows = layer("orthogonal", 0.3).weight.detach().flatten(1)
    assert torch.allclose(rows @ rows.T, 0.09 * torch.eye(64), atol=1e-5)


@pytest.mark.parametrize("init_type", ["normal", "xavier", "kaiming", "orthogonal"])
def test_batch_norms_are_normal_around_1_whatever_the_type(init_type):
    with seeded(0):
        norm = initialise(nn.Sequential(nn.BatchNorm2d(4000)), init_type, 0.1)[0]
    assert float(norm.weight.detach().mean()) == pytest.approx(1, abs=0.01)
    assert float(norm.weight.detach().std()) == pytest.approx(0.1, rel=0.05)
    assert not norm.bias.any()


def test_an_unknown_type_is_refused():
    with pytest.raises(ValueError, match="unknown init_type 'uniform': choose one of normal, xavier, kaiming, orth"):
        initialise(nn.Conv2d(1, 1, 1), "uniform")
