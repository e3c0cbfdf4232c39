"""The network that finds 98 landmarks of a face: an hourglass on features that know where they are.

Keys are those of the published weights.

Source: Wang, Bo and Li, Adaptive Wing Loss for Robust Face Alignment via Heatmap Regression (ICCV 2019), section 6;
Bulat and Tzimiropoulos, How far are we from solving the 2D & 3D face alignment problem? (ICCV 2017), section 3.1, for
the blocks; Liu et al., An Intriguing Failing of Convolutional Neural Networks and the CoordConv Solution (NeurIPS
2018), for the coordinates. StarGAN v2 (Choi et al., CVPR 2020, appendix A) takes its masks from it.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

__all__ = ["LandmarkNetwork", "landmarks_in"]

SIZE = 256  # of the images that the network sees
HEATMAP = 64  # of its heatmaps
WIDTH = 256  # of the hourglass
DEPTH = 4  # halvings in the hourglass, down to 4x4
NUM_LANDMARKS = 98


class CoordConv(nn.Module):
    """A convolution that also reads the row, the column and the distance from the centre; keys ``conv.*``."""

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int, stride: int = 1) -> None:
        super().__init__()
        self.conv = nn.Conv2d(in_channels + 3, out_channels, kernel_size, stride, padding=kernel_size // 2)

    def forward(self, x: Tensor) -> Tensor:
        """Return the convolution of ``x [N, C, H, W]`` and its coordinates, which go from -1 to 1."""
        rows, columns = (
            torch.arange(size, dtype=x.dtype, device=x.device) / (size - 1) * 2 - 1 for size in x.shape[2:]
        )
        row, column = torch.meshgrid(rows, columns, indexing="ij")
        radius = (row.square() + column.square()).sqrt()
        coordinates = torch.stack([row, column, radius / radius.max()]).expand(len(x), -1, -1, -1)
        y: Tensor = self.conv(torch.cat([x, coordinates], dim=1))
        return y


class HierarchicalBlock(nn.Module):
    """Three convolutions in a row, whose outputs are concatenated and added to the input."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        widths = (in_channels, out_channels // 2, out_channels // 4, out_channels // 4)
        for i in range(3):
            self.add_module(f"bn{i + 1}", nn.BatchNorm2d(widths[i]))
            self.add_module(f"conv{i + 1}", nn.Conv2d(widths[i], widths[i + 1], 3, padding=1, bias=False))
        self.downsample: nn.Sequential | None = None  # changes the channels; its name is in the published keys
        if in_channels != out_channels:
            shortcut = nn.Conv2d(in_channels, out_channels, 1, bias=False)
            self.downsample = nn.Sequential(nn.BatchNorm2d(in_channels), nn.ReLU(), shortcut)

    def forward(self, x: Tensor) -> Tensor:
        """Return ``[N, out_channels, H, W]``."""
        outputs, y = [], x
        for i in range(3):
            y = self.get_submodule(f"conv{i + 1}")(F.relu(self.get_submodule(f"bn{i + 1}")(y)))
            outputs.append(y)
        return torch.cat(outputs, dim=1) + (x if self.downsample is None else self.downsample(x))


class Hourglass(nn.Module):
    """Blocks at ever smaller sizes and back, with a block beside each size: ``[N, 256, H, W]`` to the same shape."""

    def __init__(self) -> None:
        super().__init__()
        self.coordconv = CoordConv(WIDTH, WIDTH, 1)
        names = [f"b{i}_{level}" for level in range(DEPTH, 0, -1) for i in (1, 2, 3)]
        for name in (*names, "b2_plus_1"):
            self.add_module(name, HierarchicalBlock(WIDTH, WIDTH))

    def forward(self, x: Tensor) -> Tensor:
        """Return the features."""
        return self.at(DEPTH, self.coordconv(x))

    def at(self, level: int, x: Tensor) -> Tensor:
        """Return the features at one size, with all smaller ones inside."""
        beside = self.get_submodule(f"b1_{level}")(x)
        inside: Tensor = self.get_submodule(f"b2_{level}")(F.avg_pool2d(x, 2))
        inside = self.at(level - 1, inside) if level > 1 else self.get_submodule("b2_plus_1")(inside)
        inside = self.get_submodule(f"b3_{level}")(inside)
        upsampled: Tensor = beside + F.interpolate(inside, scale_factor=2, mode="nearest")
        return upsampled


class LandmarkNetwork(nn.Module):
    """Images of faces to heatmaps of 98 landmarks."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = CoordConv(3, 64, 7, stride=2)
        self.bn1 = nn.BatchNorm2d(64)
        self.conv2 = HierarchicalBlock(64, 128)
        self.conv3 = HierarchicalBlock(128, 128)
        self.conv4 = HierarchicalBlock(128, WIDTH)
        self.m0 = Hourglass()
        self.top_m_0 = HierarchicalBlock(WIDTH, WIDTH)
        self.conv_last0 = nn.Conv2d(WIDTH, WIDTH, 1)
        self.bn_end0 = nn.BatchNorm2d(WIDTH)
        self.l0 = nn.Conv2d(WIDTH, NUM_LANDMARKS + 1, 1)  # the last is of the boundary of all parts

    def forward(self, x: Tensor) -> Tensor:
        """Return heatmaps ``[N, 98, 64, 64]``.

        Args:
            x: images ``[N, 3, R, R]``, -1..1, of any size; greyscale is repeated in three channels.
        """
        x = F.interpolate(x.expand(-1, 3, -1, -1), size=SIZE, mode="bilinear") / 2 + 0.5
        x = F.relu(self.bn1(self.conv1(x)))
        x = F.avg_pool2d(self.conv2(x), 2)
        x = self.top_m_0(self.m0(self.conv4(self.conv3(x))))
        heatmaps: Tensor = self.l0(F.relu(self.bn_end0(self.conv_last0(x))))
        return heatmaps[:, :NUM_LANDMARKS]


def landmarks_in(heatmaps: Tensor) -> Tensor:
    """Return the x and y of the peak of each heatmap, ``[N, 98, 2]`` in its pixels, whose centres are at halves.

    Args:
        heatmaps: ``[N, 98, H, W]``. A peak that is not at the border lies a quarter of a pixel nearer to its larger
            neighbour, along both axes.

    Source: Newell, Yang and Deng, Stacked Hourglass Networks for Human Pose Estimation (ECCV 2016), section 3.
    """
    height, width = heatmaps.shape[2:]
    place = heatmaps.flatten(2).argmax(2)
    y, x = place // width, place % width
    inside = (x > 0) & (x < width - 1) & (y > 0) & (y < height - 1)

    def at(row: Tensor, column: Tensor) -> Tensor:
        rows, columns = row.clamp(0, height - 1), column.clamp(0, width - 1)
        return heatmaps.flatten(2).gather(2, (rows * width + columns)[..., None])[..., 0]

    slopes = torch.stack([at(y, x + 1) - at(y, x - 1), at(y + 1, x) - at(y - 1, x)], dim=2)
    return torch.stack([x, y], dim=2) + 0.5 + 0.25 * slopes.sign() * inside[..., None]
