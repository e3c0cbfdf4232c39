"""Convolution with resampling against the same steps one by one."""

import itertools

import pytest
import torch
import torch.nn.functional as F
from torch.autograd import gradcheck, gradgradcheck

from baselines.ops.conv import conv2d_resample
from baselines.ops.upfirdn2d import setup_filter
from tests.ops import plain


def random(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def step_by_step(x, w, f, up, down, padding, groups, flip_weight, flip_filter):
    """Upsample through the filter, convolve, downsample through the filter; the image stays centred."""
    left, right, top, bottom = padding
    taps_x, taps_y = (1, 1) if f is None else (f.shape[-1], f.shape[0])
    if up > 1:
        left, right = left + (taps_x + up - 1) // 2, right + (taps_x - up) // 2
        top, bottom = top + (taps_y + up - 1) // 2, bottom + (taps_y - up) // 2
    if down > 1:
        left, right = left + (taps_x - down + 1) // 2, right + (taps_x - down) // 2
        top, bottom = top + (taps_y - down + 1) // 2, bottom + (taps_y - down) // 2
    p = [left, right, top, bottom]
    x = plain.upfirdn2d(x, f if up > 1 else None, (up, up), padding=p, gain=up**2, flip_filter=flip_filter)
    x = F.conv2d(x, w if flip_weight else w.flip([2, 3]), groups=groups)
    return plain.upfirdn2d(x, f if down > 1 else None, down=(down, down), flip_filter=flip_filter)


FACTORS = [(1, 1), (2, 1), (1, 2), (2, 2), (3, 1), (1, 3)]
FILTERS = {"none": None, "2-D": [1, 3, 3, 1], "asymmetric": [1, 2, 5], "separable": [1, 2, 3, 4, 5, 6, 7, 9]}


@pytest.mark.parametrize("taps", FILTERS)
@pytest.mark.parametrize(("up", "down"), FACTORS)
def test_equals_the_steps(up, down, taps):
    f = None if FILTERS[taps] is None else setup_filter(FILTERS[taps]).double()
    for kernel, groups, padding, flips in itertools.product(
        [1, 3], [1, 2], [(0, 0, 0, 0), (1, 1, 1, 1), (2, 0, 1, 3)], [(True, False), (False, True)]
    ):
        x, w = random(2, 4, 9, 7), random(6, 4 // groups, kernel, kernel, seed=1)
        expected = step_by_step(x, w, f, up, down, padding, groups, *flips)
        found = conv2d_resample(x, w, f, up, down, padding, groups, *flips)
        torch.testing.assert_close(found, expected, rtol=0, atol=1e-12, msg=f"{kernel} {groups} {padding} {flips}")


@pytest.mark.parametrize(("up", "down"), [(1, 1), (2, 1), (1, 2)])
def test_gradients(up, down):
    x, w = random(1, 2, 4, 4).requires_grad_(True), random(2, 2, 3, 3, seed=1).requires_grad_(True)
    f = setup_filter([1, 3, 3, 1]).double()

    def convolved(x, w):
        return conv2d_resample(x, w, f, up, down, padding=1)

    assert gradcheck(convolved, (x, w))
    assert gradgradcheck(convolved, (x, w))


def test_padding_of_one_keeps_the_size_of_a_3x3_convolution():
    x, w, f = random(1, 2, 8, 8), random(3, 2, 3, 3), setup_filter([1, 3, 3, 1])
    assert conv2d_resample(x, w, f, padding=1).shape == (1, 3, 8, 8)
    assert conv2d_resample(x, w, f, up=2, padding=1).shape == (1, 3, 16, 16)
    assert conv2d_resample(x, w, f, down=2, padding=1).shape == (1, 3, 4, 4)
