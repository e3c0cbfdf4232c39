import math

import pytest
import torch
from torch.nn import functional as F

from baselines.starganv2.layers import AdaIN, AdaINBlock, HighPass, ResidualBlock, levels, of_domain, widths
from baselines.starganv2.networks import Discriminator, Generator, MappingNetwork, StyleEncoder, initialise
from baselines.training.streams import seeded

TINY = {"img_size": 8, "style_dim": 3, "base_channels": 2, "max_conv_dim": 4}


def draws(*shape):
    return torch.randn(shape, generator=torch.Generator().manual_seed(0))


def made(build, **config):
    with seeded(0):
        return build(**config).requires_grad_(False)


def zeroed(network):
    for parameter in network.parameters():
        parameter.zero_()
    return network


def test_a_style_of_zeros_is_instance_norm():
    norm, x = made(AdaIN, style_dim=3, num_features=4), draws(2, 4, 5, 5)
    norm.fc.bias.zero_()
    expected = (x - x.mean([2, 3], keepdim=True)) / (x.var([2, 3], correction=0, keepdim=True) + 1e-5).sqrt()
    torch.testing.assert_close(norm(x, torch.zeros(2, 3)), expected)


def test_a_style_scales_first_and_shifts_second():
    norm, x, s = zeroed(made(AdaIN, style_dim=1, num_features=2)), draws(1, 2, 4, 4), torch.ones(1, 1)
    norm.fc.weight.copy_(torch.tensor([[1.0], [2.0], [5.0], [7.0]]))
    expected = F.instance_norm(x) * torch.tensor([2.0, 3.0]).view(2, 1, 1) + torch.tensor([5.0, 7.0]).view(2, 1, 1)
    torch.testing.assert_close(norm(x, s), expected)


@pytest.mark.parametrize("w_hpf", [1, 4])
def test_the_high_pass_of_a_constant_is_0_but_at_the_border(w_hpf):
    found = HighPass(w_hpf)(torch.full([1, 2, 5, 6], 3.0))
    assert not found[..., 1:-1, 1:-1].any()
    assert (found[..., 0, 1:-1] == 3 * 3 / w_hpf).all()  # three neighbours are missing
    assert (found[..., 0, 0] == 5 * 3 / w_hpf).all()


def test_the_high_pass_keeps_channels_apart():
    x = draws(1, 3, 6, 6)
    x[:, 1] = 0
    found = HighPass(1)(x)
    assert found[:, 0].any()
    assert not found[:, 1].any()


def test_blocks_without_residual_are_their_shortcut():
    x = draws(2, 3, 4, 4)
    down = zeroed(made(ResidualBlock, dim_in=3, dim_out=3, downsample=True))
    torch.testing.assert_close(down(x), F.avg_pool2d(x, 2) / math.sqrt(2))
    up = zeroed(made(AdaINBlock, dim_in=3, dim_out=3, style_dim=2, shortcut=True, upsample=True))
    doubled = x.repeat_interleave(2, 2).repeat_interleave(2, 3)
    torch.testing.assert_close(up(x, draws(2, 2)), doubled / math.sqrt(2))
    skipped = zeroed(made(AdaINBlock, dim_in=3, dim_out=3, style_dim=2, shortcut=False, upsample=True))
    assert not skipped(x, draws(2, 2)).any()


@pytest.mark.parametrize(("size", "end", "count"), [(256, 4, 6), (8, 8, 0), (16, 4, 2)])
def test_levels(size, end, count):
    assert levels(size, end) == count


@pytest.mark.parametrize(("size", "end"), [(24, 4), (2, 4), (0, 4), (8, 3), (8, 0)])
def test_sizes_that_cannot_be_halved_are_refused(size, end):
    with pytest.raises(ValueError, match=f"expected a size that can be halved down to {end}, found {size}"):
        levels(size, end)


def test_channels_double_up_to_a_limit():
    assert widths(3, 10, 3) == [(3, 6), (6, 10), (10, 10)]
    assert widths(3, 10, 0) == []


def test_every_image_gets_the_output_of_its_domain():
    outputs = torch.arange(6).view(3, 2)
    assert of_domain(outputs, torch.tensor([1, 0, 1])).tolist() == [1, 2, 5]
    assert of_domain([outputs[:, :1], outputs[:, 1:]], torch.tensor([0, 1, 1])).tolist() == [[0], [3], [5]]


@pytest.mark.parametrize("size", [8, 16])
@pytest.mark.parametrize("channels", [1, 3])
def test_shapes(size, channels):
    shape = {**TINY, "img_size": size, "img_channels": channels}
    x, y = draws(2, channels, size, size), torch.tensor([4, 0])
    s = made(StyleEncoder, **shape, num_domains=5)(x, y)
    assert s.shape == (2, 3)
    assert made(MappingNetwork, latent_dim=6, style_dim=3, num_domains=5, hidden_dim=4)(draws(2, 6), y).shape == s.shape
    assert made(Generator, **shape, w_hpf=0, bottleneck=4)(x, s).shape == x.shape
    judge = {name: value for name, value in shape.items() if name != "style_dim"}
    assert made(Discriminator, **judge, num_domains=5)(x, y).shape == (2,)


def test_heads_are_independent():
    network = made(MappingNetwork, latent_dim=2, style_dim=3, num_domains=2, hidden_dim=4)
    z, first = draws(4, 2), torch.zeros(4, dtype=torch.int64)
    before = [network(z, y) for y in (first, first + 1)]
    zeroed(network.unshared[1])
    assert torch.equal(network(z, first), before[0])
    assert not network(z, first + 1).any()
    assert before[1].any()


def skipping(size=64):
    return made(Generator, **{**TINY, "img_size": size, "max_conv_dim": 2}, w_hpf=1)


def test_details_come_through_the_mask_for_their_size():
    G, x, s = skipping(), draws(1, 3, 64, 64), draws(1, 3)
    none, plain = torch.zeros(1, 1, 7, 7), G(x, s)
    torch.testing.assert_close(G(x, s, masks=(none, none)), plain)
    for masks in ((none + 1, none), (none, none + 1)):
        assert not torch.allclose(G(x, s, masks=masks), plain)
    features = draws(1, 2, 32, 32)
    assert G.details(features, (none + 1, none)).any()
    assert not G.details(features, (none, none + 1)).any()
    assert G.details(draws(1, 2, 64, 64), (none, none + 1)).any()


def test_no_details_are_carried_over_at_small_sizes():
    G, x, s = skipping(16), draws(1, 3, 16, 16), draws(1, 3)
    assert torch.equal(G(x, s, masks=(torch.ones(1, 1, 4, 4), torch.ones(1, 1, 4, 4))), G(x, s))


@pytest.mark.parametrize("shape", [(1, 4, 4), (1, 3, 4, 4), (4,)])
def test_masks_of_another_shape_do_not_pass_as_masks(shape):
    with pytest.raises((ValueError, RuntimeError, NotImplementedError)):
        skipping()(draws(1, 3, 64, 64), draws(1, 3), masks=(torch.ones(shape), torch.ones(shape)))


def test_initial_weights_have_he_s_variance_and_no_biases():
    network = made(MappingNetwork, latent_dim=64, hidden_dim=256, style_dim=64)
    with seeded(0):
        initialise(network)
    layers = [layer for layer in network.modules() if isinstance(layer, torch.nn.Linear)]
    assert not any(layer.bias.any() for layer in layers)
    for layer in layers:
        assert layer.weight.var().item() == pytest.approx(2 / layer.in_features, rel=0.05)
