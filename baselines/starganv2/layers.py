"""Layers of StarGAN v2: residual blocks with instance norm or AdaIN, the high-pass skip, and per-domain heads.

Source: Choi et al., StarGAN v2: Diverse Image Synthesis for Multiple Domains (CVPR 2020), appendix A (architectures);
Huang and Belongie, Arbitrary Style Transfer in Real-time with Adaptive Instance Normalization (ICCV 2017), equation 8.
"""

import itertools
import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

SLOPE = 0.2  # of all leaky ReLUs


def levels(size: int, end: int) -> int:
    """Return the number of halvings from ``size`` to ``end``.

    Raises:
        ValueError: if either is not a power of two, or ``size`` is smaller than ``end``.
    """
    count = size.bit_length() - end.bit_length()
    if end < 1 or count < 0 or end << count != size or end & (end - 1):
        raise ValueError(
            f"expected a size that can be halved down to {end}, found {size}: give powers of two, the larger one first."
        )
    return count


def widths(base: int, largest: int, count: int) -> list[tuple[int, int]]:
    """Return input and output channels of ``count`` blocks that double the channels up to ``largest``."""
    sizes = [base]
    for _ in range(count):
        sizes.append(min(sizes[-1] * 2, largest))
    return list(itertools.pairwise(sizes))


class ResidualBlock(nn.Module):
    """Two convolutions and a shortcut, ``[N, dim_in, R, R]`` to ``[N, dim_out, R, R]``, or half that size.

    Keys: ``conv1.*``, ``conv2.*``; with ``normalize`` ``norm1.*``, ``norm2.*``; ``conv1x1.weight`` where the channels
    differ. The sum is divided by the square root of two, which keeps the variance.
    """

    def __init__(self, dim_in: int, dim_out: int, normalize: bool = False, downsample: bool = False) -> None:
        super().__init__()
        self.downsample = downsample
        self.conv1 = nn.Conv2d(dim_in, dim_in, 3, padding=1)
        self.conv2 = nn.Conv2d(dim_in, dim_out, 3, padding=1)
        self.norm1 = nn.InstanceNorm2d(dim_in, affine=True) if normalize else nn.Identity()
        self.norm2 = nn.InstanceNorm2d(dim_in, affine=True) if normalize else nn.Identity()
        self.conv1x1 = nn.Conv2d(dim_in, dim_out, 1, bias=False) if dim_in != dim_out else nn.Identity()

    def halved(self, x: Tensor) -> Tensor:
        """Return ``x`` averaged over 2x2 pixels, or unchanged if the block keeps the size."""
        return F.avg_pool2d(x, 2) if self.downsample else x

    def forward(self, x: Tensor) -> Tensor:
        """Return the block's output for ``x [N, dim_in, R, R]``."""
        residual: Tensor = self.halved(self.conv1(F.leaky_relu(self.norm1(x), SLOPE)))
        residual = self.conv2(F.leaky_relu(self.norm2(residual), SLOPE))
        shortcut: Tensor = self.halved(self.conv1x1(x))
        return (shortcut + residual) / math.sqrt(2)


class AdaIN(nn.Module):
    """Instance norm whose scale and shift come from a style; key ``fc.*``. The scale is 1 plus the layer's output."""

    def __init__(self, style_dim: int, num_features: int) -> None:
        super().__init__()
        self.fc = nn.Linear(style_dim, num_features * 2)

    def forward(self, x: Tensor, s: Tensor) -> Tensor:
        """Return ``x [N, C, H, W]`` normalised over each image's pixels, with style ``s [N, style_dim]``."""
        scale: Tensor
        shift: Tensor
        scale, shift = self.fc(s)[:, :, None, None].chunk(2, dim=1)
        return (1 + scale) * F.instance_norm(x) + shift


class AdaINBlock(nn.Module):
    """Two convolutions with AdaIN, ``[N, dim_in, R, R]`` to ``[N, dim_out, R, R]`` or double that size.

    Keys: ``conv1.*``, ``conv2.*``, ``norm1.fc.*``, ``norm2.fc.*``; ``conv1x1.weight`` where the channels differ. With
    a high-pass skip (``shortcut`` False) the shortcut is not used, but published weights still include it.
    """

    def __init__(self, dim_in: int, dim_out: int, style_dim: int, shortcut: bool, upsample: bool = False) -> None:
        super().__init__()
        self.shortcut, self.upsample = shortcut, upsample
        self.conv1 = nn.Conv2d(dim_in, dim_out, 3, padding=1)
        self.conv2 = nn.Conv2d(dim_out, dim_out, 3, padding=1)
        self.norm1, self.norm2 = AdaIN(style_dim, dim_in), AdaIN(style_dim, dim_out)
        self.conv1x1 = nn.Conv2d(dim_in, dim_out, 1, bias=False) if dim_in != dim_out else nn.Identity()

    def doubled(self, x: Tensor) -> Tensor:
        """Return ``x`` with every pixel repeated twice along both axes, or unchanged if the block keeps the size."""
        return F.interpolate(x, scale_factor=2, mode="nearest") if self.upsample else x

    def forward(self, x: Tensor, s: Tensor) -> Tensor:
        """Return the block's output for ``x [N, dim_in, R, R]`` and style ``s [N, style_dim]``."""
        residual: Tensor = self.conv1(self.doubled(F.leaky_relu(self.norm1(x, s), SLOPE)))
        residual = self.conv2(F.leaky_relu(self.norm2(residual, s), SLOPE))
        if not self.shortcut:
            return residual
        shortcut: Tensor = self.conv1x1(self.doubled(x))
        return (shortcut + residual) / math.sqrt(2)


class HighPass(nn.Module):
    """Difference between a pixel and its eight neighbours, per channel, with zero padding; key ``filter``."""

    filter: Tensor

    def __init__(self, w_hpf: float) -> None:
        super().__init__()
        kernel = torch.full([3, 3], -1.0)
        kernel[1, 1] = 8
        self.register_buffer("filter", kernel / w_hpf)

    def forward(self, x: Tensor) -> Tensor:
        """Return the high frequencies of ``x [N, C, H, W]``; 0 where it is constant."""
        C = x.shape[1]
        return F.conv2d(x, self.filter.expand(C, 1, 3, 3), padding=1, groups=C)


def downwards(img_channels: int, base: int, largest: int, count: int) -> tuple[list[nn.Module], int]:
    """Return the trunk shared by style encoder and discriminator, from images to ``[N, C, 1, 1]``, and its C."""
    channels = widths(base, largest, count)
    dim = channels[-1][1] if channels else base
    return [
        nn.Conv2d(img_channels, base, 3, padding=1),
        *(ResidualBlock(*pair, downsample=True) for pair in channels),
        nn.LeakyReLU(SLOPE),
        nn.Conv2d(dim, dim, 4),
        nn.LeakyReLU(SLOPE),
    ], dim


def of_domain(outputs: Sequence[Tensor] | Tensor, y: Tensor) -> Tensor:
    """Return for each image the output of the head of its domain ``y [N]`` int64; each output is ``[N, ...]``."""
    stacked = outputs if isinstance(outputs, Tensor) else torch.stack(list(outputs), dim=1)
    return stacked[torch.arange(len(y), device=stacked.device), y]
