import math

import pytest
import torch

from baselines.stylegan2.layers import Conv2dLayer
from baselines.stylegan2.networks import Discriminator, MappingNetwork, MinibatchStdLayer

SMALL = {"img_resolution": 16, "img_channels": 1, "channel_base": 64, "channel_max": 4}


def test_minibatch_deviation_of_groups_that_interleave():
    x = torch.zeros(4, 2, 2, 2)
    x[0], x[2] = 1.0, 3.0  # images 0 and 2 share a group of two; so do 1 and 3, which do not vary
    y = MinibatchStdLayer(group_size=2)(x)
    assert y.shape == (4, 3, 2, 2)
    assert torch.equal(y[:, :2], x)
    assert y[:, 2, 0, 0].tolist() == pytest.approx([1.0, 1e-4, 1.0, 1e-4])


def test_minibatch_deviation_of_channel_shares():
    x = torch.zeros(2, 4, 1, 1)
    x[1, 2:] = 2.0
    y = MinibatchStdLayer(group_size=None, num_channels=2)(x)
    assert y[:, 4:, 0, 0].flatten().tolist() == pytest.approx([1e-4, 1.0, 1e-4, 1.0])


def test_a_batch_that_does_not_divide_is_refused():
    assert MinibatchStdLayer(4)(torch.zeros(3, 1, 1, 1)).shape == (3, 2, 1, 1)
    with pytest.raises(ValueError, match="divides into groups of 4, found 6 images"):
        MinibatchStdLayer(4)(torch.zeros(6, 1, 1, 1))


@pytest.mark.parametrize("kernel", [1, 3])
def test_halving_keeps_a_linear_ramp_where_it_was(kernel):
    layer = Conv2dLayer(1, 1, kernel, down=2)
    with torch.no_grad():
        layer.weight.zero_()
        layer.weight[0, 0, kernel // 2, kernel // 2] = 1 / layer.weight_gain
    ramp = torch.arange(16.0).expand(1, 1, 16, 16)
    # Pixel i of the result covers pixels 2i and 2i + 1; borders see the black outside.
    assert layer(ramp)[0, 0, 4, 2:-2].tolist() == pytest.approx([2 * i + 0.5 for i in range(2, 6)], abs=1e-5)


def test_the_clamp_shrinks_with_the_gain():
    layer = Conv2dLayer(1, 1, 1, conv_clamp=2.0)
    with torch.no_grad():
        layer.weight.fill_(100.0)
    assert layer(torch.ones(1, 1, 2, 2), gain=math.sqrt(0.5)).max().item() == pytest.approx(math.sqrt(2))


def test_frozen_layers_do_not_train_but_are_saved():
    layer = Conv2dLayer(1, 2, 3, trainable=False)
    assert not list(layer.parameters())
    assert layer.state_dict().keys() == {"weight", "bias", "resample_filter"}


def test_label_mapping_ignores_the_scale_of_its_input():
    mapping = MappingNetwork(0, 3, 4, None, num_layers=2, w_avg_beta=None)
    c = torch.eye(3)
    assert mapping(None, c).shape == (3, 4)
    torch.testing.assert_close(mapping(None, c), mapping(None, c * 5), rtol=1e-4, atol=1e-6)
    assert "w_avg" not in mapping.state_dict()


@pytest.mark.parametrize("architecture", ["orig", "skip", "resnet"])
def test_labels_matter_only_to_a_conditional_discriminator(architecture):
    generator = torch.Generator().manual_seed(0)
    images = torch.randn(4, 1, 16, 16, generator=generator)
    plain = Discriminator(0, architecture=architecture, **SMALL)
    assert torch.equal(plain(images), plain(images, torch.zeros(4, 0)))
    conditional = Discriminator(3, architecture=architecture, **SMALL)
    logits = [conditional(images, torch.eye(3)[label].expand(4, -1)) for label in (0, 1)]
    assert logits[0].shape == (4, 1)
    assert not torch.allclose(logits[0], logits[1])


def test_a_label_selects_its_logit():
    D = Discriminator(3, label_select=True, **SMALL).requires_grad_(False)
    D.b4.out.weight.zero_()
    D.b4.out.bias.copy_(torch.tensor([5.0, 6.0, 7.0]))
    assert D(torch.zeros(4, 1, 16, 16), torch.eye(3)[[2, 0, 1, 1]]).tolist() == [[7], [5], [6], [6]]
    assert D.mapping is None


def test_gradients_reach_every_parameter_to_the_second_order():
    D = Discriminator(0, **SMALL)
    images = torch.randn(4, 1, 16, 16).requires_grad_()
    (slope,) = torch.autograd.grad(D(images).sum(), images, create_graph=True)
    (slope.square().sum() + D(images).sum()).backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in D.parameters())
