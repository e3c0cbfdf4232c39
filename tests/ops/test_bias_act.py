"""Bias, activation, gain, clamp: closed forms."""

import math

import pytest
import torch
from torch.autograd import gradcheck, gradgradcheck

from baselines.ops.bias_act import ACTIVATIONS, bias_act

X = torch.tensor([[-3.0, -0.5, 0.0, 0.5, 3.0]], dtype=torch.float64)
ROOT2 = math.sqrt(2)
FORMULAS = {
    "linear": lambda x: x,
    "relu": lambda x: max(x, 0) * ROOT2,
    "lrelu": lambda x: (x if x > 0 else 0.2 * x) * ROOT2,
    "lrelu-tf": lambda x: (x if x > 0 else 13421773 / 2**26 * x) * ROOT2,
    "tanh": math.tanh,
    "sigmoid": lambda x: 1 / (1 + math.exp(-x)),
    "elu": lambda x: x if x > 0 else math.exp(x) - 1,
    "selu": lambda x: 1.0507009873554805 * (x if x > 0 else 1.6732632423543772 * (math.exp(x) - 1)),
    "softplus": lambda x: math.log1p(math.exp(x)),
    "swish": lambda x: x / (1 + math.exp(-x)) * ROOT2,
}


def test_every_activation_has_a_formula_here():
    assert FORMULAS.keys() == ACTIVATIONS.keys()


@pytest.mark.parametrize("act", FORMULAS)
def test_formula(act):
    expected = torch.tensor([[FORMULAS[act](float(x)) for x in X[0]]], dtype=torch.float64)
    torch.testing.assert_close(bias_act(X, act=act), expected)


@pytest.mark.parametrize("act", FORMULAS)
def test_gradients(act):
    x = torch.tensor([[-1.3, 0.4], [0.7, -0.2]], dtype=torch.float64, requires_grad=True)
    b = torch.tensor([0.1, -0.1], dtype=torch.float64, requires_grad=True)
    assert gradcheck(lambda x, b: bias_act(x, b, act=act), (x, b))
    assert gradgradcheck(lambda x, b: bias_act(x, b, act=act), (x, b))


def test_order_is_bias_activation_gain_clamp():
    x = torch.tensor([[1.0, -4.0]])
    b = torch.tensor([1.0, 2.0])
    assert bias_act(x, b, act="lrelu", alpha=0.5, gain=3, clamp=2.5).tolist() == [[2.5, -2.5]]
    assert bias_act(x, b, act="lrelu", alpha=0.5, gain=3).tolist() == [[6.0, -3.0]]


@pytest.mark.parametrize("dim", [0, 1, 2, -1])
def test_the_bias_lies_along_dim(dim):
    x = torch.zeros(2, 3, 4)
    b = torch.arange(float(x.shape[dim]))
    y = bias_act(x, b, dim=dim)
    assert torch.equal(y.movedim(dim, 0).flatten(1).unique(dim=1), b[:, None])


def test_unknown_activation_is_named():
    with pytest.raises(ValueError, match=r"'mish'.*lrelu"):
        bias_act(X, act="mish")
