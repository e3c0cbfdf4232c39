"""The modulated convolution: its laws, and one grouped convolution with a weight for each image."""

import pytest
import torch
import torch.nn.functional as F
from torch.autograd import gradcheck, gradgradcheck

from baselines.ops.modulated_conv import modulated_conv2d, modulation, scaled_conv2d
from baselines.ops.upfirdn2d import setup_filter
from tests.ops import plain


def random(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


X, W, S, GAIN = random(3, 5, 7, 6), random(4, 5, 3, 3, seed=1), random(3, 5, seed=2), torch.tensor(1.7).double()


@pytest.mark.parametrize("demodulate", [True, False])
@pytest.mark.parametrize("padding", [0, 2])
def test_equals_a_weight_for_each_image(demodulate, padding):
    expected = plain.modulated_conv2d(X, W, S, demodulate, padding, GAIN)
    found = modulated_conv2d(X, W, S, demodulate, padding, GAIN)
    # The epsilon of 1e-8 is the only difference: styles are normalised by image or by batch.
    torch.testing.assert_close(found, expected, rtol=1e-7, atol=1e-8)


def test_demodulation_undoes_the_scale_of_weights_and_styles_but_not_the_gain():
    y = modulated_conv2d(X, W, S)
    torch.testing.assert_close(modulated_conv2d(X, W * 9, S * 0.3), y)
    torch.testing.assert_close(modulated_conv2d(X, W * torch.arange(1.0, 5).double()[:, None, None, None], S), y)
    torch.testing.assert_close(modulated_conv2d(X, W, S, input_gain=GAIN), y * GAIN)
    per_channel = torch.arange(1.0, 6).double()
    torch.testing.assert_close(
        modulated_conv2d(X, W, S, False, 0, per_channel), modulated_conv2d(X, W, S * per_channel, False)
    )


def test_unit_variance_in_unit_variance_out():
    x, w, s = random(8, 16, 40, 40), random(6, 16, 3, 3, seed=1), random(8, 16, seed=2)
    variance = modulated_conv2d(x, w, s).var(dim=[2, 3])
    torch.testing.assert_close(variance, torch.ones_like(variance), rtol=0.25, atol=0)
    assert variance.mean() == pytest.approx(1, abs=0.02)


def test_each_image_depends_on_its_own_style_alone():
    s = S.clone()
    s[1] *= -2
    changed = (modulated_conv2d(X, W, s) != modulated_conv2d(X, W, S)).flatten(1).any(dim=1)
    assert changed.tolist() == [False, True, False]


@pytest.mark.parametrize("demodulate", [True, False])
def test_gradients(demodulate):
    x, w, s = random(2, 2, 3, 2), random(2, 2, 2, 2, seed=1), random(2, 2, seed=2)
    inputs = tuple(t.requires_grad_(True) for t in (x, w, s))

    def convolved(x, w, s):
        return modulated_conv2d(x, w, s, demodulate, padding=1)

    assert gradcheck(convolved, inputs)
    assert gradgradcheck(convolved, inputs)


def test_upsampling_equals_a_weight_for_each_image_at_the_full_size():
    f = setup_filter([1, 3, 3, 1]).double()
    images = []
    for x, s in zip(X, S, strict=True):
        w = W * s[None, :, None, None]  # StyleGAN2's equations 1 to 3
        w = w / (w.square().sum([1, 2, 3], keepdim=True) + 1e-8).sqrt()
        stuffed = plain.upfirdn2d(x[None], None, up=(2, 2), padding=(8, 8, 8, 8))
        y = plain.upfirdn2d(F.conv2d(stuffed, w.flip([2, 3]), padding=1), f, padding=(2, 1, 2, 1), gain=4)
        images.append(y[:, :, 8:-8, 8:-8])
    found = scaled_conv2d(X, W, *modulation(W, S), padding=1, up=2, f=f)
    assert found.shape == (3, 4, 14, 12)
    torch.testing.assert_close(found, torch.cat(images), rtol=1e-7, atol=1e-8)


def test_half_precision_stays_in_range_whatever_the_size_of_weights():
    x, w, s = X.half(), W * 1e5, S * 1e3
    found, exact = (scaled_conv2d(x.to(dtype), w, *modulation(w, s), padding=1) for dtype in (x.dtype, w.dtype))
    assert found.dtype == torch.float16
    torch.testing.assert_close(found.double(), exact, rtol=1e-2, atol=1e-2)
