"""The layers of Progressive GAN that StyleGAN kept, against closed forms."""

import math

import pytest
import torch
import torch.nn.functional as F

from baselines.ops.levels import downscale2d, fade, upscale2d
from baselines.ops.progressive import Conv, Dense, activation, minibatch_deviation, pixel_norm, spread


def normal(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(sum(shape)), dtype=torch.float64)


def test_pixel_norm_divides_by_the_root_mean_square_of_the_features() -> None:
    torch.testing.assert_close(pixel_norm(torch.tensor([[3.0, 4.0]])), torch.tensor([[3.0, 4.0]]) / math.sqrt(12.5))


def test_activations() -> None:
    x = torch.tensor([-10.0, 10.0])
    assert activation("lrelu")(x).tolist() == [-2.0, 10.0]
    assert activation("relu")(x).tolist() == [0.0, 10.0]
    with pytest.raises(ValueError, match="unknown nonlinearity 'tanh'"):
        activation("tanh")


def test_scaling_repeats_and_averages() -> None:
    x = torch.tensor([[[[1.0, 2], [3, 4]]]])
    assert upscale2d(x)[0, 0].tolist() == [[1, 1, 2, 2], [1, 1, 2, 2], [3, 3, 4, 4], [3, 3, 4, 4]]
    assert downscale2d(upscale2d(x, 4), 8).tolist() == [[[[2.5]]]]
    assert upscale2d(x, 1) is x
    assert downscale2d(x, 1) is x


def test_fading_stops_at_both_ends() -> None:
    fine, coarse = torch.tensor(1.0), torch.tensor(3.0)
    assert [float(fade(fine, coarse, share)) for share in (-1, 0, 0.25, 1, 2)] == [1, 1, 1.5, 3, 3]


@pytest.mark.parametrize("lr_multiplier", [1.0, 0.01])
@pytest.mark.parametrize("use_wscale", [True, False])
def test_layers_keep_the_variance_whatever_their_scaling(use_wscale: bool, lr_multiplier: float) -> None:
    layer = Dense(256, 400, gain=1.5, use_wscale=use_wscale, lr_multiplier=lr_multiplier).double()
    assert layer(normal(300, 256)).std().item() == pytest.approx(1.5, rel=0.05)
    assert layer.weight.std().item() == pytest.approx((1 if use_wscale else 1.5 / 16) / lr_multiplier, rel=0.05)
    torch.nn.init.ones_(layer.bias)
    torch.testing.assert_close(
        layer(torch.zeros(1, 256).double()), torch.full((1, 400), lr_multiplier, dtype=torch.float64)
    )


def test_convolution_keeps_the_variance() -> None:
    inner = Conv(64, 32, 3).double()(normal(2, 64, 16, 16))[:, :, 1:-1, 1:-1]
    assert inner.std().item() == pytest.approx(2**0.5, rel=0.1)


def test_fused_upscaling_is_upscaling_and_the_mirrored_kernel() -> None:
    conv = Conv(3, 4, 3, "up", fused_scale=True).double()
    x = normal(2, 3, 6, 6)
    expected = F.conv2d(upscale2d(x), conv.scaled().flip([2, 3]), padding=1)
    torch.testing.assert_close(conv(x), expected)
    conv.fused_scale = False
    torch.testing.assert_close(conv(x), F.conv2d(upscale2d(x), conv.scaled(), padding=1))


def test_fused_downscaling_is_the_mean_of_the_convolution() -> None:
    conv = Conv(3, 4, 3, "down", fused_scale=True, bias=True).double()
    torch.nn.init.normal_(conv.bias)
    x = normal(2, 3, 6, 6)
    fused = conv(x)
    conv.fused_scale = False
    torch.testing.assert_close(fused, conv(x))
    torch.testing.assert_close(fused, downscale2d(F.conv2d(x, conv.scaled(), conv.bias, padding=1)))


def test_a_spread_kernel_has_four_times_the_sum() -> None:
    assert spread(torch.ones(1, 1, 3, 3)).tolist() == [[[[1, 2, 2, 1], [2, 4, 4, 2], [2, 4, 4, 2], [1, 2, 2, 1]]]]


SIZES = [("up", 63, False), ("up", 64, True), ("down", 127, False), ("down", 128, True)]


@pytest.mark.parametrize(("scaling", "size", "fused"), SIZES)
def test_scaling_is_fused_from_128_on(scaling: str, size: int, fused: bool) -> None:
    assert Conv(1, 1, 3, scaling).fuses(torch.empty(1, 1, size, size)) is fused  # type: ignore[arg-type]


def test_deviation_is_within_groups_of_images_apart() -> None:
    x = torch.zeros(4, 2, 2, 2)
    x[0] = 2  # images 0 and 2 are one group, 1 and 3 the other
    deviation = minibatch_deviation(x, group_size=2)
    assert deviation.shape == (4, 1, 2, 2)
    torch.testing.assert_close(deviation[:, 0, 0, 0], torch.tensor([1, 1e-4, 1, 1e-4]))
    x[0, 1] = 0
    torch.testing.assert_close(minibatch_deviation(x, 2, 2)[0, :, 0, 0], torch.tensor([1, 1e-4]))


def test_a_small_batch_is_one_group_and_a_large_one_must_divide() -> None:
    assert minibatch_deviation(normal(3, 2, 2, 2), 4).shape == (3, 1, 2, 2)
    with pytest.raises(ValueError, match="groups of 4, found 6 images"):
        minibatch_deviation(normal(6, 2, 2, 2), 4)
