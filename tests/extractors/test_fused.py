"""Convolutions fused with their ReLU, and Winograd's, against torch's own in float64."""

import copy

import pytest
import torch
from torch import nn

from ganbench.extractors.fused import (
    WINOGRAD_FROM,
    FewPixelsConvolution,
    FusedConvolution,
    can_fuse,
    fuse_sequences,
    fused,
)
from ganbench.extractors.winograd import SUMMED, TILES, WinogradConvolution


def convolution(in_channels: int, out_channels: int, *arguments: int | tuple[int, int]) -> nn.Conv2d:
    torch.manual_seed(0)
    conv = nn.Conv2d(in_channels, out_channels, *arguments)  # type: ignore[arg-type]
    nn.init.kaiming_normal_(conv.weight)
    return conv


def close(found: torch.Tensor, conv: nn.Conv2d, x: torch.Tensor) -> None:
    """Check a convolution and its ReLU, and that its channels are last in memory."""
    expected = copy.deepcopy(conv).double()(x.double()).relu()
    assert found.shape == expected.shape
    assert (found - expected).norm() < 1e-6 * expected.norm()
    assert found.is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize(
    ("kernel", "stride", "padding"),
    [(1, 1, 0), (1, 2, 0), (1, 1, 1), (3, 2, 0), (3, 1, 1), ((1, 7), 1, (0, 3)), (5, 1, 2)],
)
@torch.inference_mode()
def test_a_fused_convolution_is_the_convolution_and_its_relu(
    kernel: int | tuple[int, int], stride: int, padding: int | tuple[int, int]
) -> None:
    conv = convolution(6, 8, kernel, stride, padding)
    assert can_fuse(conv)
    found, x = FusedConvolution(conv), torch.randn(3, 6, 11, 9)
    torch.testing.assert_close(found.linear(x), conv(x))
    close(found(x), conv, x)


@pytest.mark.parametrize(
    "conv",
    [
        nn.Conv2d(4, 4, 3, groups=2),
        nn.Conv2d(4, 4, 3, dilation=2),
        nn.Conv2d(4, 4, 3, padding_mode="reflect"),
        nn.Conv2d(4, 4, 3, padding="same"),
        nn.Conv2d(4, 4, 3, bias=False),
        nn.Conv2d(4, 4, 3).double(),
        nn.Conv2d(4, 4, 3, device="meta"),
    ],
)
def test_other_convolutions_stay_as_they_are(conv: nn.Conv2d) -> None:
    assert not can_fuse(conv)


@pytest.mark.parametrize("taps", [3, 5])
@pytest.mark.parametrize("padding", [0, 1, 2])
@pytest.mark.parametrize(
    "shape", [(1, 1), (2, 2), (3, 5), (11, 8), (2, TILES), (3, 4 * TILES + 3), (4 * TILES + 5, 4), (40, 36)]
)
@torch.inference_mode()
def test_winograd_at_any_size_is_the_convolution_of_real_numbers(
    shape: tuple[int, int], padding: int, taps: int
) -> None:
    """What is left in float64 is rounding alone, so that in float32 nothing else can be."""
    height, width = (max(1, size + taps - 1 - 2 * padding) for size in shape)
    conv, x = convolution(SUMMED + 1, 7, taps, 1, padding).double(), torch.randn(3, SUMMED + 1, height, width).double()
    found = WinogradConvolution(conv)(x)
    torch.testing.assert_close(found, conv(x).relu(), rtol=0, atol=1e-12)
    assert found.is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize(("channels", "taps"), [(64, 3), (256, 3), (512, 3), (64, 5), (192, 5)])
@torch.inference_mode()
def test_winograd_of_many_channels_is_about_as_exact_as_the_ordinary_convolution(channels: int, taps: int) -> None:
    conv, x = convolution(channels, 256, taps, 1, taps // 2), torch.randn(1, channels, 12, 12).relu()
    true = copy.deepcopy(conv).double()(x.double()).relu()
    winograd, ordinary = ((kind(conv)(x) - true).norm() for kind in (WinogradConvolution, FusedConvolution))
    assert winograd < 8e-7 * true.norm()
    assert winograd < 2 * ordinary


@torch.inference_mode()
def test_a_deep_network_is_as_exact_as_with_torchs_convolutions() -> None:
    """Rounding of many channels is what adds up, and Winograd's sums are shorter there."""
    torch.manual_seed(0)
    layers = [convolution(n, m, 3, 1, 1) for n, m in ((3, 64), (64, 64), (64, 128), (128, 256), (256, 256))]
    network = nn.Sequential(*(part for layer in layers for part in (layer, nn.ReLU())))
    x = torch.randn(2, 3, 20, 20)
    true, ordinary = copy.deepcopy(network).double()(x.double()), network(x)
    fuse_sequences(network)
    assert sum(isinstance(part, WinogradConvolution) for part in network) == 4
    assert (network(x) - true).norm() < min(1e-6 * true.norm(), 2 * (ordinary - true).norm())


@pytest.mark.parametrize(("size", "ordinary"), [((3, 3), True), ((2, 7), True), ((4, 4), False), ((1, 16), False)])
@torch.inference_mode()
def test_maps_smaller_than_a_tiles_outputs_are_convolved_as_usual(size: tuple[int, int], ordinary: bool) -> None:
    conv, x = convolution(WINOGRAD_FROM, WINOGRAD_FROM, 3, 1, 1), torch.randn(2, WINOGRAD_FROM, *size)
    close(fused(conv)(x), conv, x)
    assert torch.equal(fused(conv)(x), FewPixelsConvolution(conv)(x)) == ordinary


@torch.inference_mode()
def test_a_layout_kept_for_one_shape_is_not_used_for_another() -> None:
    """A layout of weights belongs to a shape: where more shapes come than are kept, and in a copy as well."""
    conv = convolution(192, 64, 3, 1, 1)
    first = FewPixelsConvolution(conv)
    for shape in ((8, 3, 3), (8, 2, 3), (1, 3, 3), (5, 1, 1), (8, 3, 3), (2, 35, 35)):
        x = torch.randn(shape[0], 192, *shape[1:])
        for found in (first, copy.deepcopy(first)):
            close(found(x), conv, x)
            torch.testing.assert_close(found(x), FusedConvolution(conv)(x))


def test_winograd_is_for_many_channels_and_plain_squares() -> None:
    many = WINOGRAD_FROM
    for taps, padding in ((3, 0), (3, 1), (5, 0), (5, 2)):
        assert isinstance(fused(nn.Conv2d(many, many, taps, 1, padding)), WinogradConvolution)
    for conv in (
        nn.Conv2d(many, many - 1, 3, 1, 1),
        nn.Conv2d(many, many, 3, 2, 1),
        nn.Conv2d(many, many, 3, 1, 2),
        nn.Conv2d(many, many, 3, 1, (0, 1)),
        nn.Conv2d(many, many, 7, 1, 3),
        nn.Conv2d(many, many, (1, 3), 1, (0, 1)),
    ):
        assert isinstance(fused(conv), FusedConvolution)


@torch.inference_mode()
def test_indices_in_a_sequence_stay() -> None:
    layers = [convolution(3, 8, 3, 1, 1), nn.ReLU(), nn.MaxPool2d(2), convolution(8, 4, 3), convolution(4, 4, 1)]
    plain = nn.Sequential(*layers, nn.ReLU(), convolution(4, 4, 3, 2), nn.ReLU())
    quick, x = copy.deepcopy(plain), torch.randn(2, 3, 16, 16)
    fuse_sequences(quick)
    expected, found = x, x
    for one, other in zip(plain, quick, strict=True):
        expected, found = one(expected), other(found)
        if not isinstance(other, FusedConvolution):
            torch.testing.assert_close(found, expected)
    assert [isinstance(layer, FusedConvolution) for layer in quick] == [True, *[False] * 3, True, False, True, False]
    assert [name for name, _ in quick.named_parameters()] == [name for name, _ in plain.named_parameters()]
