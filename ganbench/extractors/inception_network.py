"""Inception-v3 of TensorFlow's graph of 2015-12-05; modules are named as in the PyTorch port of its weights.

Three differences from torchvision's Inception-v3 change FID: average pooling inside the blocks ignores the padding, the
last block uses max pooling, and there are 1008 classes.

Source: Szegedy et al., Rethinking the Inception architecture (CVPR 2016), table 1 and figures 5 to 7; the blocks are
named A to E by torchvision.
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ganbench.extractors.fused import FusedConvolution

NUM_FEATURES = 2048
NUM_CLASSES = 1008
NUM_SPATIAL = 7 * 17 * 17


class Activations(NamedTuple):
    """What the metrics take from the network.

    Attributes:
        features: ``[N, 2048]``, after the last pooling.
        spatial: ``[N, 2023]``, the first 7 channels of ``mixed_6/conv`` in TensorFlow's graph, which is the first
            branch of ``Mixed_6d`` here; in the order of height, width, channel.
    """

    features: Tensor
    spatial: Tensor


class Inception(nn.Module):
    """From ``[N, 3, 299, 299]`` in -1..1 to pooled features ``[N, 2048]``; ``fc`` maps these to logits."""

    def __init__(self) -> None:
        super().__init__()
        self.Conv2d_1a_3x3 = Convolution(3, 32, 3, stride=2)
        self.Conv2d_2a_3x3 = Convolution(32, 32, 3)
        self.Conv2d_2b_3x3 = Convolution(32, 64, 3, padding=1)
        self.Conv2d_3b_1x1 = Convolution(64, 80, 1)
        self.Conv2d_4a_3x3 = Convolution(80, 192, 3)
        self.Mixed_5b = MixedA(192, 32)
        self.Mixed_5c = MixedA(256, 64)
        self.Mixed_5d = MixedA(288, 64)
        self.Mixed_6a = MixedB(288)
        self.Mixed_6b = MixedC(768, 128)
        self.Mixed_6c = MixedC(768, 160)
        self.Mixed_6d = MixedC(768, 160)
        self.Mixed_6e = MixedC(768, 192)
        self.Mixed_7a = MixedD(768)
        self.Mixed_7b = MixedE(1280)
        self.Mixed_7c = MixedE(2048, pool_by_maximum=True)
        self.fc = nn.Linear(NUM_FEATURES, NUM_CLASSES)

    def activations(self, x: Tensor) -> Activations:
        """Return pooled and spatial features."""
        # Image by image on a CPU, because what is large comes first: a core's cache holds that of one image.
        x = torch.cat([self.stem(image) for image in torch.split(x, 1)]) if x.is_cpu else self.stem(x)
        x = self.Mixed_5d(self.Mixed_5c(self.Mixed_5b(x)))
        x = self.Mixed_6c(self.Mixed_6b(self.Mixed_6a(x)))
        # The branch is computed once more than in the block, which costs less than a hundredth of the network.
        spatial = self.Mixed_6d.branch1x1(x)[:, :7].permute(0, 2, 3, 1).flatten(1)
        x = self.Mixed_7c(self.Mixed_7b(self.Mixed_7a(self.Mixed_6e(self.Mixed_6d(x)))))
        return Activations(x.mean((2, 3)), spatial)

    def stem(self, x: Tensor) -> Tensor:
        """Return the 35x35 maps before the first block, ``[N, 192, 35, 35]``."""
        x = self.Conv2d_2b_3x3(self.Conv2d_2a_3x3(self.Conv2d_1a_3x3(x)))
        x = F.max_pool2d(x, 3, stride=2)
        x = self.Conv2d_4a_3x3(self.Conv2d_3b_1x1(x))
        return F.max_pool2d(x, 3, stride=2)

    def forward(self, x: Tensor) -> Tensor:
        """Return the pooled features ``[N, 2048]``."""
        return self.activations(x).features


class Convolution(nn.Module):
    """Convolution without bias, batch normalisation with fixed statistics, ReLU."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | tuple[int, int],
        stride: int = 1,
        padding: int | tuple[int, int] = 0,
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, kernel_size, stride, padding, bias=False)
        self.bn = nn.BatchNorm2d(out_channels, eps=0.001)

    def forward(self, x: Tensor) -> Tensor:
        """Return ``[N, out_channels, H', W']``, none negative."""
        return F.relu_(self.linear(x))

    def linear(self, x: Tensor) -> Tensor:
        """Return the same without the ReLU."""
        found: Tensor = self.bn(self.conv(x))
        return found


def row(in_channels: int, out_channels: int, length: int) -> Convolution:
    """Return a convolution along the width that preserves the size."""
    return Convolution(in_channels, out_channels, (1, length), padding=(0, length // 2))


def column(in_channels: int, out_channels: int, length: int) -> Convolution:
    """Return a convolution along the height that preserves the size."""
    return Convolution(in_channels, out_channels, (length, 1), padding=(length // 2, 0))


def of_averages(convolution: Convolution | FusedConvolution, x: Tensor) -> Tensor:
    """Return a convolution of 3x3 means, ReLU included; at the border means are over fewer pixels, as in TensorFlow.

    The means are taken after what is linear, where there are fewer channels.
    """
    return F.relu_(F.avg_pool2d(convolution.linear(x), 3, stride=1, padding=1, count_include_pad=False))


class MixedA(nn.Module):
    """Block of the 35x35 stage."""

    def __init__(self, in_channels: int, pool_features: int) -> None:
        super().__init__()
        self.branch1x1 = Convolution(in_channels, 64, 1)
        self.branch5x5_1 = Convolution(in_channels, 48, 1)
        self.branch5x5_2 = Convolution(48, 64, 5, padding=2)
        self.branch3x3dbl_1 = Convolution(in_channels, 64, 1)
        self.branch3x3dbl_2 = Convolution(64, 96, 3, padding=1)
        self.branch3x3dbl_3 = Convolution(96, 96, 3, padding=1)
        self.branch_pool = Convolution(in_channels, pool_features, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Return ``[N, 224 + pool_features, H, W]``."""
        five = self.branch5x5_2(self.branch5x5_1(x))
        three = self.branch3x3dbl_3(self.branch3x3dbl_2(self.branch3x3dbl_1(x)))
        return torch.cat([self.branch1x1(x), five, three, of_averages(self.branch_pool, x)], 1)


class MixedB(nn.Module):
    """Block that reduces 35x35 to 17x17."""

    def __init__(self, in_channels: int) -> None:
        super().__init__()
        self.branch3x3 = Convolution(in_channels, 384, 3, stride=2)
        self.branch3x3dbl_1 = Convolution(in_channels, 64, 1)
        self.branch3x3dbl_2 = Convolution(64, 96, 3, padding=1)
        self.branch3x3dbl_3 = Convolution(96, 96, 3, stride=2)

    def forward(self, x: Tensor) -> Tensor:
        """Return ``[N, 480 + in_channels, H // 2, W // 2]``."""
        double = self.branch3x3dbl_3(self.branch3x3dbl_2(self.branch3x3dbl_1(x)))
        return torch.cat([self.branch3x3(x), double, F.max_pool2d(x, 3, stride=2)], 1)


class MixedC(nn.Module):
    """Block of the 17x17 stage, with 7x7 convolutions factored into rows and columns."""

    def __init__(self, in_channels: int, width: int) -> None:
        super().__init__()
        self.branch1x1 = Convolution(in_channels, 192, 1)
        self.branch7x7_1 = Convolution(in_channels, width, 1)
        self.branch7x7_2 = row(width, width, 7)
        self.branch7x7_3 = column(width, 192, 7)
        self.branch7x7dbl_1 = Convolution(in_channels, width, 1)
        self.branch7x7dbl_2 = column(width, width, 7)
        self.branch7x7dbl_3 = row(width, width, 7)
        self.branch7x7dbl_4 = column(width, width, 7)
        self.branch7x7dbl_5 = row(width, 192, 7)
        self.branch_pool = Convolution(in_channels, 192, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Return ``[N, 768, H, W]``."""
        single = self.branch7x7_3(self.branch7x7_2(self.branch7x7_1(x)))
        double = self.branch7x7dbl_3(self.branch7x7dbl_2(self.branch7x7dbl_1(x)))
        double = self.branch7x7dbl_5(self.branch7x7dbl_4(double))
        return torch.cat([self.branch1x1(x), single, double, of_averages(self.branch_pool, x)], 1)


class MixedD(nn.Module):
    """Block that reduces 17x17 to 8x8."""

    def __init__(self, in_channels: int) -> None:
        super().__init__()
        self.branch3x3_1 = Convolution(in_channels, 192, 1)
        self.branch3x3_2 = Convolution(192, 320, 3, stride=2)
        self.branch7x7x3_1 = Convolution(in_channels, 192, 1)
        self.branch7x7x3_2 = row(192, 192, 7)
        self.branch7x7x3_3 = column(192, 192, 7)
        self.branch7x7x3_4 = Convolution(192, 192, 3, stride=2)

    def forward(self, x: Tensor) -> Tensor:
        """Return ``[N, 512 + in_channels, H // 2, W // 2]``."""
        three = self.branch3x3_2(self.branch3x3_1(x))
        seven = self.branch7x7x3_4(self.branch7x7x3_3(self.branch7x7x3_2(self.branch7x7x3_1(x))))
        return torch.cat([three, seven, F.max_pool2d(x, 3, stride=2)], 1)


class MixedE(nn.Module):
    """Block of the 8x8 stage, whose 3x3 convolutions end in a row and a column side by side."""

    def __init__(self, in_channels: int, pool_by_maximum: bool = False) -> None:
        super().__init__()
        self.pool_by_maximum = pool_by_maximum
        self.branch1x1 = Convolution(in_channels, 320, 1)
        self.branch3x3_1 = Convolution(in_channels, 384, 1)
        self.branch3x3_2a = row(384, 384, 3)
        self.branch3x3_2b = column(384, 384, 3)
        self.branch3x3dbl_1 = Convolution(in_channels, 448, 1)
        self.branch3x3dbl_2 = Convolution(448, 384, 3, padding=1)
        self.branch3x3dbl_3a = row(384, 384, 3)
        self.branch3x3dbl_3b = column(384, 384, 3)
        self.branch_pool = Convolution(in_channels, 192, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Return ``[N, 2048, H, W]``."""
        single = self.branch3x3_1(x)
        double = self.branch3x3dbl_2(self.branch3x3dbl_1(x))
        largest = F.max_pool2d(x, 3, stride=1, padding=1) if self.pool_by_maximum else None
        branches = [
            self.branch1x1(x),
            self.branch3x3_2a(single),
            self.branch3x3_2b(single),
            self.branch3x3dbl_3a(double),
            self.branch3x3dbl_3b(double),
            of_averages(self.branch_pool, x) if largest is None else self.branch_pool(largest),
        ]
        return torch.cat(branches, 1)
