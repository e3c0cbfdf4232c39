"""Building blocks of Progressive GAN that StyleGAN kept: equalised weights, pixel norm, minibatch deviation.

Source: Karras et al., Progressive Growing of GANs (ICLR 2018), sections 3 and 4; Karras et al., A Style-Based Generator
Architecture for Generative Adversarial Networks (CVPR 2019), appendix C, for learning rates of single layers.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from baselines.ops.levels import downscale2d, upscale2d

Scaling = Literal["same", "up", "down"]
Fused = bool | Literal["auto"]

SQRT2 = math.sqrt(2)  # the gain with which a (leaky) ReLU preserves variance
FUSED_FROM = 128  # from this resolution (the finer of the two) on, "auto" fuses scaling and convolution
EPSILON = 1e-8

Activation = Callable[[Tensor], Tensor]
ACTIVATIONS: Mapping[str, Activation] = {"lrelu": partial(F.leaky_relu, negative_slope=0.2), "relu": F.relu}


def activation(name: str) -> Activation:
    """Return the function called ``"lrelu"`` (slope 0.2) or ``"relu"``.

    Raises:
        ValueError: for an unknown nonlinearity.
    """
    if name not in ACTIVATIONS:
        raise ValueError(f"unknown nonlinearity {name!r}: choose one of lrelu, relu.")
    return ACTIVATIONS[name]


def pixel_norm(x: Tensor, epsilon: float = EPSILON) -> Tensor:
    """Return ``x`` scaled to unit mean square over its features, dimension 1."""
    return x * (x.square().mean(1, keepdim=True) + epsilon).rsqrt()


def check_divides(channels: int, **parts: int) -> None:
    """Check that channels can be divided into equal parts for the minibatch deviation; into 0 is into none.

    Raises:
        ValueError: if not.
    """
    for name, count in parts.items():
        if count and channels % count:
            raise ValueError(f"expected {name} to divide the {channels} channels, found {count}: choose a divisor.")


def minibatch_deviation(x: Tensor, group_size: int, num_features: int = 1) -> Tensor:
    """Return the standard deviation within groups of images, ``[N, num_features, H, W]``.

    It is averaged over channels and pixels, and lets the discriminator see whether the images vary.

    Args:
        x: ``[N, C, H, W]``. Images ``N / group_size`` apart share a group.
        group_size: images per group; a smaller batch is a single group.
        num_features: number of parts that the channels are divided into, each averaged separately.

    Raises:
        ValueError: if N is larger than the group size and not a multiple of it.

    Source: Karras et al. (ICLR 2018), section 3.
    """
    N, C, H, W = x.shape
    group = min(group_size, N)
    if N % group:
        raise ValueError(
            f"expected a batch that divides into groups of {group}, found {N} images: use a multiple of {group}."
        )
    y = x.reshape(group, N // group, num_features, C // num_features, H, W)
    deviation = ((y - y.mean(0)).square().mean(0) + EPSILON).sqrt().mean([2, 3, 4])
    return deviation[:, :, None, None].repeat(group, 1, H, W)


class Equalized(nn.Module):
    """A weight that is stored with unit variance and scaled at run time.

    Adam's steps do not depend on the scale of the gradient, so this gives all layers the same learning rate relative to
    the size of their weights.

    Keys: ``weight`` and, with ``bias``, ``bias``.

    Args:
        shape: shape of the weight; all dimensions but the first are summed over.
        gain: standard deviation of the output for inputs of unit variance.
        bias: whether to add a bias.
        use_wscale: False scales the weight once, at initialisation.
        lr_multiplier: learning rate relative to other layers'.

    Source: Karras et al. (ICLR 2018), section 4.1.
    """

    def __init__(
        self,
        shape: Sequence[int],
        gain: float = SQRT2,
        bias: bool = False,
        use_wscale: bool = True,
        lr_multiplier: float = 1.0,
    ) -> None:
        super().__init__()
        he_std = gain / math.sqrt(math.prod(shape[1:]))
        self.lr_multiplier = lr_multiplier
        self.weight_gain = he_std * lr_multiplier if use_wscale else lr_multiplier
        self.weight = nn.Parameter(torch.randn(*shape) * ((1.0 if use_wscale else he_std) / lr_multiplier))
        self.bias = nn.Parameter(torch.zeros(shape[0])) if bias else None

    def scaled(self) -> Tensor:
        """Return the scaled weight."""
        return self.weight * self.weight_gain

    def biased(self, x: Tensor) -> Tensor:
        """Return ``x`` plus the bias along dimension 1."""
        if self.bias is None:
            return x
        return x + (self.bias * self.lr_multiplier).reshape(-1, *[1] * (x.ndim - 2))


class Dense(Equalized):
    """A fully connected layer; ``weight [out, in]``, ``bias [out]``."""

    def __init__(
        self,
        in_features: int,
        out_features: int,
        gain: float = SQRT2,
        use_wscale: bool = True,
        lr_multiplier: float = 1.0,
        bias: bool = True,
    ) -> None:
        super().__init__([out_features, in_features], gain, bias, use_wscale, lr_multiplier)

    def forward(self, x: Tensor) -> Tensor:
        """Return ``[N, out]`` for ``x [N, ...]``, which is flattened."""
        return self.biased(x.flatten(1) @ self.scaled().t())


class Conv(Equalized):
    """A convolution that may double or halve the resolution; ``weight [out, in, k, k]``, ``bias [out]``.

    Upsampling is nearest-neighbour, and downsampling averages 2x2 pixels. The fused form does scaling and convolution
    in one strided convolution with a kernel one pixel wider. When upsampling it mirrors the kernel, so weights trained
    with one setting of ``fused_scale`` do not work with the other.

    Args:
        in_channels: channels of the input.
        out_channels: channels of the output.
        kernel_size: odd.
        scaling: ``"same"``, ``"up"`` or ``"down"``.
        fused_scale: True, False, or ``"auto"``, which fuses from 128x128 on.
        gain: as for ``Equalized``.
        use_wscale: as for ``Equalized``.
        bias: whether to add one.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        scaling: Scaling = "same",
        fused_scale: Fused = "auto",
        gain: float = SQRT2,
        use_wscale: bool = True,
        bias: bool = False,
    ) -> None:
        super().__init__([out_channels, in_channels, kernel_size, kernel_size], gain, bias, use_wscale)
        self.scaling, self.fused_scale = scaling, fused_scale

    def forward(self, x: Tensor) -> Tensor:
        """Return ``[N, out, H', W']`` for ``x [N, in, H, W]``."""
        return self.biased(self.convolved(x, self.scaled()))

    def convolved(self, x: Tensor, weight: Tensor) -> Tensor:
        """Return ``x`` convolved with ``weight`` and scaled."""
        padding = weight.shape[2] // 2
        if self.scaling == "same":
            return F.conv2d(x, weight, padding=padding)
        if self.fuses(x):
            wide = spread(weight)
            if self.scaling == "up":
                return F.conv_transpose2d(x, wide.transpose(0, 1), stride=2, padding=padding)
            return F.conv2d(x, wide / 4, stride=2, padding=padding)
        if self.scaling == "up":
            return F.conv2d(upscale2d(x), weight, padding=padding)
        return downscale2d(F.conv2d(x, weight, padding=padding))

    def fuses(self, x: Tensor) -> bool:
        """Return whether scaling and convolution are fused for this input."""
        if self.fused_scale != "auto":
            return bool(self.fused_scale)
        finer = min(x.shape[2:]) * (2 if self.scaling == "up" else 1)
        return finer >= FUSED_FROM


def spread(weight: Tensor) -> Tensor:
    """Return a kernel ``[..., k + 1, k + 1]``: ``weight [..., k, k]`` summed over its four positions in it."""
    padded = F.pad(weight, [1, 1, 1, 1])
    return padded[..., 1:, 1:] + padded[..., 1:, :-1] + padded[..., :-1, 1:] + padded[..., :-1, :-1]
