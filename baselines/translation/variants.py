"""CycleGAN's ResNet generator as other programs have it: with a learned scale and shift, or upsampling by repetition.

Source: Zhu et al. (ICCV 2017), section 7.2, for the layers that all have in common.
"""

from typing import Literal

import torch.nn.functional as F
from torch import Tensor, nn

__all__ = ["VariantResnetGenerator"]

Upsampling = Literal["transposed", "nearest"]
KERNEL = 7  # of the first and the last convolution


class VariantResnetGenerator(nn.Module):
    """Images ``[N, input_nc, H, W]`` to images ``[N, output_nc, H, W]``, both -1..1; H and W multiples of 4.

    Keys: ``convs.0``, ``convs.1``, ... in order, and ``norms.0``, ... for the instance norms after all but the last.

    Args:
        affine: whether instance norms have a learned scale and shift.
        bias: whether convolutions before an instance norm have a bias.
        upsample: transposed convolutions as in the paper, or repeated pixels before a convolution.

    Attributes:
        input_nc: channels of the input.
        multiple: what height and width must be a multiple of.
        smallest: smallest height and width for which reflection padding works in the innermost layers.

    Raises:
        ValueError: unknown upsampling, or sizes that are not positive.
    """

    multiple = 4
    smallest = 8

    def __init__(
        self,
        input_nc: int = 3,
        output_nc: int = 3,
        ngf: int = 64,
        n_blocks: int = 9,
        affine: bool = True,
        bias: bool = True,
        upsample: Upsampling = "transposed",
    ) -> None:
        super().__init__()
        if upsample not in ("transposed", "nearest"):
            raise ValueError(f"unknown upsampling {upsample!r}: choose one of transposed, nearest.")
        if min(input_nc, output_nc, ngf, n_blocks) < 1:
            raise ValueError(f"expected sizes of at least 1, found {min(input_nc, output_nc, ngf, n_blocks)}.")
        self.input_nc, self.n_blocks, self.upsample = input_nc, n_blocks, upsample
        inner = ngf * 4
        convs: list[nn.Module] = [nn.Conv2d(input_nc, ngf, KERNEL, bias=bias)]
        convs += [nn.Conv2d(width, width * 2, 3, stride=2, padding=1, bias=bias) for width in (ngf, ngf * 2)]
        convs += [nn.Conv2d(inner, inner, 3, bias=bias) for _ in range(2 * n_blocks)]
        convs += [_enlarging(width, bias, upsample) for width in (inner, ngf * 2)]
        widths = [ngf, ngf * 2, inner, *[inner] * (2 * n_blocks), ngf * 2, ngf]
        self.convs = nn.ModuleList([*convs, nn.Conv2d(ngf, output_nc, KERNEL)])
        self.norms = nn.ModuleList(nn.InstanceNorm2d(width, affine=affine) for width in widths)

    def forward(self, x: Tensor) -> Tensor:
        """Return the translated images."""
        layers = list(zip(self.convs, self.norms, strict=False))  # the last convolution has no norm
        head, body, tail = layers[:3], layers[3:-2], layers[-2:]
        x = F.pad(x, (3, 3, 3, 3), mode="reflect")
        for conv, norm in head:
            x = norm(conv(x)).relu()
        for first, second in zip(body[::2], body[1::2], strict=True):
            y = first[1](first[0](_reflected(x))).relu()
            x = x + second[1](second[0](_reflected(y)))
        for conv, norm in tail:
            x = F.interpolate(x, scale_factor=2, mode="nearest") if self.upsample == "nearest" else x
            x = norm(conv(x)).relu()
        images: Tensor = self.convs[-1](F.pad(x, (3, 3, 3, 3), mode="reflect")).tanh()
        return images


def _enlarging(width: int, bias: bool, upsample: Upsampling) -> nn.Module:
    if upsample == "nearest":
        return nn.Conv2d(width, width // 2, 3, padding=1, bias=bias)
    return nn.ConvTranspose2d(width, width // 2, 3, stride=2, padding=1, output_padding=1, bias=bias)


def _reflected(x: Tensor) -> Tensor:
    return F.pad(x, (1, 1, 1, 1), mode="reflect")
