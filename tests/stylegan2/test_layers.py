"""StyleGAN2's layers in closed form."""

import math

import pytest
import torch

from baselines.stylegan2.layers import Conv2dLayer, SynthesisLayer, ToRGBLayer


def random(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def test_upsampling_keeps_a_linear_ramp_where_it_was():
    layer = Conv2dLayer(1, 1, 1, bias=False, up=2)
    with torch.no_grad():
        layer.weight.fill_(1 / layer.weight_gain)
    ramp = torch.arange(8.0).expand(1, 1, 8, 8)
    # Pixels 2i and 2i + 1 of the result lie within pixel i; borders see the black outside.
    assert layer(ramp)[0, 0, 8, 4:12].tolist() == pytest.approx([i / 2 - 0.25 for i in range(4, 12)], abs=1e-5)


FEATURES, NOISE = random(2, 3, 8, 8), random(2, 8, 8, seed=3)


def layer(**settings):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return SynthesisLayer(3, 4, w_dim=5, resolution=8, **settings)


def through(layer, **settings):
    return layer(FEATURES, layer.styles(random(2, 5, seed=1)), **settings)


def test_noise_is_added_with_the_learned_strength_and_the_same_to_every_channel():
    quiet = layer(activation="linear")
    before = through(quiet)
    assert torch.equal(through(quiet, noise=NOISE), before), "at first the strength is zero"
    with torch.no_grad():
        quiet.noise_strength.fill_(0.5)
    found = through(quiet, noise=NOISE) - before
    torch.testing.assert_close(found, 0.5 * NOISE[:, None].expand(-1, 4, -1, -1), rtol=1e-5, atol=1e-6)


def test_a_layer_without_noise_has_none():
    silent = layer(use_noise=False)
    assert not {"noise_const", "noise_strength"} & silent.state_dict().keys()
    assert torch.equal(through(silent, noise=NOISE), through(silent))


def test_gain_and_clamp_of_a_layer():
    free, clamped = through(layer()), layer(conv_clamp=0.1)
    assert torch.equal(through(clamped), free.clamp(-0.1, 0.1))
    torch.testing.assert_close(
        through(clamped, gain=3 * math.sqrt(0.5)), (free * 3 / 2**0.5).clamp(-0.3 / 2**0.5, 0.3 / 2**0.5)
    )


@pytest.mark.parametrize("up", [1, 2])
def test_half_precision_is_kept_and_near(up):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        tested = SynthesisLayer(3, 4, w_dim=5, resolution=8 * up, up=up, conv_clamp=256)
        tested.noise_strength.data.fill_(0.1)
    styles, noise = tested.styles(random(2, 5, seed=1)), random(2, 8 * up, 8 * up, seed=3)
    exact, found = tested(FEATURES, styles, noise), tested(FEATURES.half(), styles, noise)
    assert found.dtype == torch.float16
    torch.testing.assert_close(found.float(), exact, rtol=1e-2, atol=1e-2)


def test_colours_are_not_normalised():
    rgb = ToRGBLayer(3, 2, w_dim=5)
    with torch.no_grad():
        rgb.weight.copy_(torch.tensor([[1.0, 2, 3], [0, 0, -1]])[:, :, None, None])
        rgb.bias.copy_(torch.tensor([0.25, 0]))
        rgb.affine.weight.zero_()  # which leaves styles of 1
    styles, pixel = rgb.styles(random(1, 5)), torch.ones(1, 3, 1, 1)
    root = math.sqrt(3)
    assert rgb(pixel, styles).flatten().tolist() == pytest.approx([6 / root + 0.25, -1 / root])
    assert rgb(pixel * 7, styles).flatten().tolist() == pytest.approx([42 / root + 0.25, -7 / root])


def test_colours_are_clamped():
    rgb = ToRGBLayer(3, 2, w_dim=5, conv_clamp=0.01)
    assert rgb(FEATURES, rgb.styles(random(2, 5))).abs().max().item() == pytest.approx(0.01)
