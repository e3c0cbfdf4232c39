"""The networks of StarGAN: one generator for all domains, and a discriminator that also classifies.

Layers stand in plain sequences at the places where the official networks have them, for these are the names of the
tensors in official files (``main.0.weight``).

Source: Choi et al., StarGAN: Unified Generative Adversarial Networks for Multi-Domain Image-to-Image Translation
(CVPR 2018), appendix 7.2, tables 4 and 5.
"""

import torch
from torch import Tensor, nn

SLOPE = 0.01  # of the leaky ReLUs


class Generator(nn.Module):
    """Images ``[N, C, H, W]`` and labels ``[N, c_dim]`` to images of the same shape, both -1..1.

    Instance norm has weights and takes mean and variance from the image itself, in training and after it. The official
    network also keeps running statistics, which nothing uses: its test program never leaves training mode.

    Attributes:
        c_dim: numbers in a label.
        img_channels: of input and output.
        multiple: what height and width must be a multiple of.
        smallest: smallest height and width for which the innermost instance norm has more than one value.

    Raises:
        ValueError: for sizes that are not positive.
    """

    multiple = 4
    smallest = 8

    def __init__(self, c_dim: int = 5, img_channels: int = 3, conv_dim: int = 64, repeat_num: int = 6) -> None:
        super().__init__()
        _check(c_dim=c_dim, img_channels=img_channels, conv_dim=conv_dim, repeat_num=repeat_num + 1)
        self.c_dim, self.img_channels = c_dim, img_channels
        first = nn.Conv2d(img_channels + c_dim, conv_dim, 7, padding=3, bias=False)
        layers: list[nn.Module] = [first, *_activated(conv_dim)]
        for width in (conv_dim, conv_dim * 2):
            down = nn.Conv2d(width, width * 2, 4, stride=2, padding=1, bias=False)
            layers += [down, *_activated(width * 2)]
        layers += [ResidualBlock(conv_dim * 4) for _ in range(repeat_num)]
        for width in (conv_dim * 4, conv_dim * 2):
            up = nn.ConvTranspose2d(width, width // 2, 4, stride=2, padding=1, bias=False)
            layers += [up, *_activated(width // 2)]
        last = nn.Conv2d(conv_dim, img_channels, 7, padding=3, bias=False)
        self.main = nn.Sequential(*layers, last, nn.Tanh())

    def forward(self, x: Tensor, c: Tensor) -> Tensor:
        """Return the images translated to labels; a label is a constant map beside the channels of its image."""
        maps = c[:, :, None, None].to(x).expand(-1, -1, *x.shape[2:])
        images: Tensor = self.main(torch.cat([x, maps], 1))
        return images


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions with a skip connection, ``[N, channels, H, W]`` to the same shape."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        first, second = (nn.Conv2d(channels, channels, 3, padding=1, bias=False) for _ in range(2))
        self.main = nn.Sequential(first, *_activated(channels), second, nn.InstanceNorm2d(channels, affine=True))

    def forward(self, x: Tensor) -> Tensor:
        """Return ``x`` plus the output of the convolutions."""
        out: Tensor = x + self.main(x)
        return out


class Discriminator(nn.Module):
    """PatchGAN with a second head: how real each patch of an image looks, and what its label is.

    Images ``[N, C, R, R]`` are halved ``repeat_num`` times, to feature maps of R over ``2**repeat_num`` pixels.

    Attributes:
        img_size: R.

    Raises:
        ValueError: for sizes that are not positive, or images too small to be halved that often.
    """

    def __init__(
        self, img_size: int = 128, c_dim: int = 5, img_channels: int = 3, conv_dim: int = 64, repeat_num: int = 6
    ) -> None:
        super().__init__()
        _check(img_size=img_size, c_dim=c_dim, img_channels=img_channels, conv_dim=conv_dim, repeat_num=repeat_num)
        size = img_size >> repeat_num
        if not size:
            raise ValueError(
                f"expected images that can be halved {repeat_num} times, found {img_size} pixels: lower repeat_num."
            )
        self.img_size = img_size
        widths = [img_channels, *(conv_dim << level for level in range(repeat_num))]
        layers: list[nn.Module] = []
        for level in range(repeat_num):
            layers += [nn.Conv2d(widths[level], widths[level + 1], 4, stride=2, padding=1), nn.LeakyReLU(SLOPE)]
        self.main = nn.Sequential(*layers)
        self.conv1 = nn.Conv2d(widths[-1], 1, 3, padding=1, bias=False)
        self.conv2 = nn.Conv2d(widths[-1], c_dim, size, bias=False)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return the map of patches ``[N, 1, h, w]`` (higher is more real) and the logits ``[N, c_dim]``."""
        h = self.main(x)
        return self.conv1(h), self.conv2(h).flatten(1)


def _activated(channels: int) -> list[nn.Module]:
    return [nn.InstanceNorm2d(channels, affine=True), nn.ReLU()]


def _check(**sizes: int) -> None:
    for name, size in sizes.items():
        if size < 1:
            raise ValueError(f"expected {name} of at least 1, found {size}: raise it.")
