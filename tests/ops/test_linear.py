"""The equalised fully connected layer."""

import math

import pytest
import torch

from baselines.ops.linear import FullyConnectedLayer, linear


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("activation", ["linear", "lrelu"])
def test_the_stored_weight_is_scaled_at_run_time(bias, activation):
    layer = FullyConnectedLayer(6, 4, activation=activation, bias=bias, lr_multiplier=0.5, bias_init=3).double()
    x = torch.randn(5, 6, dtype=torch.float64)
    y = x @ layer.weight.t() * (0.5 / math.sqrt(6)) + (3 if bias else 0)
    expected = y if activation == "linear" else torch.where(y > 0, y, 0.2 * y) * math.sqrt(2)
    torch.testing.assert_close(layer(x), expected)


def test_initial_values():
    torch.manual_seed(0)
    layer = FullyConnectedLayer(500, 400, lr_multiplier=0.01, weight_init=2, bias_init=0.5)
    assert layer.weight.detach().std() == pytest.approx(200, rel=0.01)
    torch.testing.assert_close(layer.bias.detach(), torch.full([400], 50.0))
    assert FullyConnectedLayer(3, 4, bias_init=[1, 0, 0, 2]).bias.tolist() == [1, 0, 0, 2]
    assert FullyConnectedLayer(3, 4, weight_init=0).weight.abs().max() == 0


@pytest.mark.parametrize(("width", "features"), [(7, 5), (36, 20), (64, 33), (512, 512)])
def test_a_row_has_the_same_bits_wherever_it_stands(width, features):
    generator = torch.Generator().manual_seed(0)
    x, w, b = (torch.randn(shape, generator=generator) for shape in ([19, width], [features, width], [features]))
    together = torch.addmm(b, x, w.t(), beta=0.5, alpha=0.3)
    with torch.inference_mode():
        y = linear(x, w, b, 0.3, 0.5)
        assert all(torch.equal(linear(x[i : i + 1].clone(), w, b, 0.3, 0.5)[0], y[i]) for i in range(len(x)))
    torch.testing.assert_close(y, together, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(linear(x, w, b, 0.3, 0.5), together, rtol=0, atol=0)
