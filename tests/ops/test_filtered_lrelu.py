"""The filtered leaky ReLU: closed forms, the step-by-step formulation, and gradients with and without the clamp."""

import math

import pytest
import torch
from torch.autograd import gradcheck, gradgradcheck

from baselines.ops.filtered_lrelu import filtered_lrelu
from baselines.ops.upfirdn2d import setup_filter
from tests.ops import plain


def random(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize("clamp", [None, 0.4])
@pytest.mark.parametrize("radial", [False, True])
@pytest.mark.parametrize(
    ("up", "down", "padding"), [(1, 1, 0), (2, 2, 5), (4, 2, [3, -2, 1, 4]), (2, 1, [-3, -1, 2, 0])]
)
def test_equals_the_step_by_step_formulation(up, down, padding, radial, clamp):
    x, b, fu = random(2, 3, 9, 8), random(3, seed=1), random(6 * up, seed=2)
    fd = random(3 * down, 3 * down, seed=3) if radial else random(3 * down, seed=3)
    sides = [padding] * 4 if isinstance(padding, int) else padding
    padding = [p + 6 * up for p in sides]
    expected = plain.filtered_lrelu(x, fu, fd, b, up, down, padding, 1.3, 0.1, clamp)
    for grad in (True, False):
        with torch.set_grad_enabled(grad):
            found = filtered_lrelu(x, fu, fd, b, up, down, padding, 1.3, 0.1, clamp)
        torch.testing.assert_close(found, expected, rtol=0, atol=1e-11)


def test_without_filters_it_is_a_leaky_relu():
    x = random(1, 2, 3, 3)
    expected = torch.where(x > 0, x, 0.2 * x) * math.sqrt(2)
    torch.testing.assert_close(filtered_lrelu(x), expected)
    torch.testing.assert_close(filtered_lrelu(x, slope=1, gain=1, clamp=0.5), x.clamp(-0.5, 0.5))


@pytest.mark.parametrize("grad", [True, False])
def test_the_input_is_left_alone(grad):
    x = random(1, 2, 8, 8)
    before = x.clone()
    with torch.set_grad_enabled(grad):
        for f in (None, setup_filter([1, 3, 3, 1]).double()):
            for gain in (1.0, 2.0):
                filtered_lrelu(x, f, f, gain=gain, clamp=0.1)
                filtered_lrelu(x, None, f, slope=1, gain=gain, clamp=0.1)
    assert torch.equal(x, before)


@pytest.mark.parametrize("clamp", [None, 0.6])
def test_gradients(clamp):
    x, b = random(1, 2, 3, 3).requires_grad_(True), random(2, seed=1).requires_grad_(True)
    f = random(4, seed=2)

    def activated(x, b):
        return filtered_lrelu(x, f, f, b, up=2, down=2, padding=4, clamp=clamp)

    assert gradcheck(activated, (x, b))
    assert gradgradcheck(activated, (x, b))
