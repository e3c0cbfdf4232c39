"""The networks of pix2pix and CycleGAN: U-Net and ResNet generators, PatchGAN and pixel discriminators.

Layers stand in plain sequences at the places where the official networks have them, for these are the names of the
tensors in official files (``model.1.weight``).

Source: Isola et al., Image-to-Image Translation with Conditional Adversarial Networks (CVPR 2017), section 6.1, for the
U-Net and the patch discriminator; Zhu et al., Unpaired Image-to-Image Translation using Cycle-Consistent Adversarial
Networks (ICCV 2017), section 7.2, for the ResNet generator.
"""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any, Literal, TypeVar

import torch
from torch import Tensor, nn

T = TypeVar("T")
Norm = Literal["instance", "batch", "none"]
Padding = Literal["reflect", "replicate", "zero"]

NORMS: Mapping[str, Callable[[int], nn.Module]] = {
    "instance": nn.InstanceNorm2d,  # neither weights nor running statistics, in training and after it
    "batch": nn.BatchNorm2d,
    "none": lambda channels: nn.Identity(),
}
PADS: Mapping[str, Callable[[int], nn.Module]] = {"reflect": nn.ReflectionPad2d, "replicate": nn.ReplicationPad2d}
DROPOUT = 0.5
SLOPE = 0.2  # of the leaky ReLUs


class ResnetGenerator(nn.Module):
    """Images ``[N, input_nc, H, W]`` to images ``[N, output_nc, H, W]``, both -1..1; H and W multiples of 4.

    Attributes:
        input_nc: channels of the input.
        multiple: what height and width must be a multiple of.
        smallest: smallest height and width for which reflection padding works in the innermost layers.

    Raises:
        ValueError: for an unknown norm or padding, or sizes that are not positive.
    """

    multiple = 4
    smallest = 8

    def __init__(
        self,
        input_nc: int = 3,
        output_nc: int = 3,
        ngf: int = 64,
        n_blocks: int = 9,
        norm: Norm = "instance",
        use_dropout: bool = False,
        padding_type: Padding = "reflect",
    ) -> None:
        super().__init__()
        _check(input_nc=input_nc, output_nc=output_nc, ngf=ngf, n_blocks=n_blocks + 1)
        self.input_nc = input_nc
        bias = _has_bias(norm)
        layers = [nn.ReflectionPad2d(3), nn.Conv2d(input_nc, ngf, 7, bias=bias), *_activated(ngf, norm)]
        for width in (ngf, ngf * 2):
            down = nn.Conv2d(width, width * 2, 3, stride=2, padding=1, bias=bias)
            layers += [down, *_activated(width * 2, norm)]
        layers += [ResnetBlock(ngf * 4, norm, use_dropout, padding_type) for _ in range(n_blocks)]
        for width in (ngf * 4, ngf * 2):
            up = nn.ConvTranspose2d(width, width // 2, 3, stride=2, padding=1, output_padding=1, bias=bias)
            layers += [up, *_activated(width // 2, norm)]
        self.model = nn.Sequential(*layers, nn.ReflectionPad2d(3), nn.Conv2d(ngf, output_nc, 7), nn.Tanh())

    def forward(self, x: Tensor) -> Tensor:
        """Return the translated images."""
        images: Tensor = self.model(x)
        return images


class ResnetBlock(nn.Module):
    """Two convolutions with a skip connection, ``[N, channels, H, W]`` to the same shape."""

    def __init__(self, channels: int, norm: Norm, use_dropout: bool, padding_type: Padding) -> None:
        super().__init__()
        if padding_type not in (*PADS, "zero"):
            raise ValueError(f"unknown padding {padding_type!r}: choose one of {', '.join(PADS)}, zero.")
        dropout = [nn.Dropout(DROPOUT)] if use_dropout else []
        first, second = (_padded_conv(channels, _has_bias(norm), padding_type) for _ in range(2))
        self.conv_block = nn.Sequential(*first, *_activated(channels, norm), *dropout, *second, NORMS[norm](channels))

    def forward(self, x: Tensor) -> Tensor:
        """Return ``x`` plus the output of the convolutions."""
        out: Tensor = x + self.conv_block(x)
        return out


class UnetGenerator(nn.Module):
    """Images ``[N, input_nc, H, W]`` to images ``[N, output_nc, H, W]``, both -1..1.

    H and W are multiples of ``2**num_downs``: 7 for "U-Net 128", 8 for "U-Net 256".

    Attributes:
        input_nc: channels of the input.
        multiple: what height and width must be a multiple of.
        smallest: smallest allowed height and width.

    Raises:
        ValueError: for an unknown norm, sizes that are not positive, or fewer than five halvings.
    """

    def __init__(
        self,
        input_nc: int = 3,
        output_nc: int = 3,
        num_downs: int = 8,
        ngf: int = 64,
        norm: Norm = "instance",
        use_dropout: bool = False,
    ) -> None:
        super().__init__()
        _check(input_nc=input_nc, output_nc=output_nc, ngf=ngf)
        if num_downs < 5:
            raise ValueError(
                f"expected a U-Net that halves its input at least 5 times, found num_downs={num_downs}: raise it."
            )
        self.input_nc = input_nc
        self.multiple = self.smallest = 2**num_downs
        widths = [ngf * min(2**level, 8) for level in range(num_downs)]
        block: nn.Module = UnetSkipConnectionBlock(widths[-2], widths[-1], None, norm)
        for level in reversed(range(1, num_downs - 1)):
            # Dropout is used only in the inner layers, which all have the full width.
            block = UnetSkipConnectionBlock(widths[level - 1], widths[level], block, norm, use_dropout and level > 3)
        down = nn.Conv2d(input_nc, ngf, 4, stride=2, padding=1, bias=_has_bias(norm))
        up = nn.ConvTranspose2d(ngf * 2, output_nc, 4, stride=2, padding=1)
        self.model = nn.Sequential(OrderedDict(model=nn.Sequential(down, block, nn.ReLU(), up, nn.Tanh())))

    def forward(self, x: Tensor) -> Tensor:
        """Return the translated images."""
        images: Tensor = self.model(x)
        return images


class UnetSkipConnectionBlock(nn.Module):
    """Downsampling, an inner block (None at the innermost level) and upsampling, with a skip connection.

    The output concatenates input and result: ``[N, outer_nc, H, W]`` to ``[N, 2 * outer_nc, H, W]``.
    """

    def __init__(
        self, outer_nc: int, inner_nc: int, inside: nn.Module | None, norm: Norm, use_dropout: bool = False
    ) -> None:
        super().__init__()
        bias, wide = _has_bias(norm), inner_nc if inside is None else inner_nc * 2
        down = [nn.LeakyReLU(SLOPE), nn.Conv2d(outer_nc, inner_nc, 4, stride=2, padding=1, bias=bias)]
        up = [
            nn.ReLU(),
            nn.ConvTranspose2d(wide, outer_nc, 4, stride=2, padding=1, bias=bias),
            NORMS[norm](outer_nc),
        ]
        middle = [] if inside is None else [NORMS[norm](inner_nc), inside]
        self.model = nn.Sequential(*down, *middle, *up, *([nn.Dropout(DROPOUT)] if use_dropout else []))

    def forward(self, x: Tensor) -> Tensor:
        """Return the input concatenated with the result, ``[N, 2 * outer_nc, H, W]``."""
        return torch.cat([x, self.model(x)], 1)


class NLayerDiscriminator(nn.Module):
    """PatchGAN: images ``[N, input_nc, H, W]`` to a map ``[N, 1, h, w]`` of how real each overlapping patch looks.

    The receptive field is 16, 34, 70, 142 ... pixels for 1, 2, 3, 4 ... layers.

    Attributes:
        smallest: smallest height and width of the images.

    Raises:
        ValueError: unknown norm, or sizes that are not positive.
    """

    def __init__(self, input_nc: int = 3, ndf: int = 64, n_layers: int = 3, norm: Norm = "instance") -> None:
        super().__init__()
        _check(input_nc=input_nc, ndf=ndf, n_layers=n_layers)
        layers: list[nn.Module] = [nn.Conv2d(input_nc, ndf, 4, stride=2, padding=1), nn.LeakyReLU(SLOPE)]
        self.smallest = 3 * 2**n_layers  # the last two layers need maps of three and two pixels a side
        widths = [ndf * min(2**level, 8) for level in range(n_layers + 1)]
        for level in range(1, n_layers + 1):
            stride = 2 if level < n_layers else 1
            conv = nn.Conv2d(widths[level - 1], widths[level], 4, stride=stride, padding=1, bias=_has_bias(norm))
            layers += [conv, NORMS[norm](widths[level]), nn.LeakyReLU(SLOPE)]
        self.model = nn.Sequential(*layers, nn.Conv2d(widths[-1], 1, 4, padding=1))

    def forward(self, x: Tensor) -> Tensor:
        """Return the map."""
        patches: Tensor = self.model(x)
        return patches


class PixelDiscriminator(nn.Module):
    """Images ``[N, input_nc, H, W]`` to a map ``[N, 1, H, W]`` of how real each pixel's colour looks.

    Attributes:
        smallest: smallest height and width of the images.

    Raises:
        ValueError: unknown norm, or sizes that are not positive.
    """

    def __init__(self, input_nc: int = 3, ndf: int = 64, norm: Norm = "instance") -> None:
        super().__init__()
        _check(input_nc=input_nc, ndf=ndf)
        bias = _has_bias(norm)
        self.smallest = 2  # as instance norm would make 0 of one pixel
        self.net = nn.Sequential(
            nn.Conv2d(input_nc, ndf, 1),
            nn.LeakyReLU(SLOPE),
            nn.Conv2d(ndf, ndf * 2, 1, bias=bias),
            NORMS[norm](ndf * 2),
            nn.LeakyReLU(SLOPE),
            nn.Conv2d(ndf * 2, 1, 1, bias=bias),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return the map."""
        pixels: Tensor = self.net(x)
        return pixels


Generator = ResnetGenerator | UnetGenerator
GENERATORS: Mapping[str, Callable[..., Generator]] = {"resnet": ResnetGenerator, "unet": UnetGenerator}
DISCRIMINATORS: Mapping[str, Callable[..., nn.Module]] = {"n_layers": NLayerDiscriminator, "pixel": PixelDiscriminator}


def generator(netG: str = "resnet", **config: Any) -> Generator:
    """Return a new generator, ``resnet`` or ``unet``.

    Raises:
        ValueError: an unknown kind, or arguments that it does not take.
    """
    return _known(GENERATORS, "generator", netG)(**config)


def discriminator(netD: str = "n_layers", **config: Any) -> nn.Module:
    """Return a new discriminator, ``n_layers`` or ``pixel``.

    Raises:
        ValueError: an unknown kind, or arguments that it does not take.
    """
    return _known(DISCRIMINATORS, "discriminator", netD)(**config)


def _known(table: Mapping[str, Callable[..., T]], what: str, name: str) -> Callable[..., T]:
    if name not in table:
        raise ValueError(f"unknown {what} {name!r}: choose one of {', '.join(table)}.")
    return table[name]


def _activated(channels: int, norm: Norm) -> list[nn.Module]:
    return [NORMS[norm](channels), nn.ReLU()]


def _padded_conv(channels: int, bias: bool, padding_type: Padding) -> list[nn.Module]:
    """Return a 3x3 convolution that keeps the size, preceded by a padding layer unless it pads with zeros."""
    if padding_type == "zero":
        return [nn.Conv2d(channels, channels, 3, padding=1, bias=bias)]
    return [PADS[padding_type](1), nn.Conv2d(channels, channels, 3, bias=bias)]


def _has_bias(norm: Norm) -> bool:
    """Return whether convolutions have a bias; as in the official code, only before instance norm."""
    if norm not in NORMS:
        raise ValueError(f"unknown norm {norm!r}: choose one of {', '.join(NORMS)}.")
    return norm == "instance"


def _check(**sizes: int) -> None:
    for name, size in sizes.items():
        if size < 1:
            raise ValueError(f"expected {name} of at least 1, found {size}: raise it.")
