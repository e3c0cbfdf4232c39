"""Layers of StyleGAN2: plain and modulated convolutions with equalised learning rate."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from baselines.ops.bias_act import ACTIVATIONS, bias_act
from baselines.ops.conv import conv2d_resample
from baselines.ops.linear import FullyConnectedLayer
from baselines.ops.modulated_conv import EPSILON, modulation, scaled_conv2d
from baselines.ops.upfirdn2d import setup_filter

__all__ = ["BINOMIAL", "Conv2dLayer", "SynthesisLayer", "ToRGBLayer"]

BINOMIAL = (1, 3, 3, 1)  # the resampling filter of the paper


class Conv2dLayer(nn.Module):
    """A convolution with equalised learning rate, optional resampling, bias, activation and clamp.

    Args:
        up: 1, or 2 to double the image's size through the resampling filter.
        down: 1, or 2 to halve the image's size through the resampling filter.
        conv_clamp: bound on the magnitude of the activations, which keeps float16 finite; None for no bound.
        trainable: False keeps weight and bias as buffers (Freeze-D).
    """

    weight: Tensor
    bias: Tensor | None
    resample_filter: Tensor

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        bias: bool = True,
        activation: str = "linear",
        up: int = 1,
        down: int = 1,
        resample_filter: Sequence[int] = BINOMIAL,
        conv_clamp: float | None = None,
        trainable: bool = True,
    ) -> None:
        super().__init__()
        self.activation, self.up, self.down, self.conv_clamp = activation, up, down, conv_clamp
        self.padding = kernel_size // 2
        # Scaling at run time, not at initialisation, gives all layers the same effective learning rate under Adam.
        self.weight_gain = 1 / math.sqrt(in_channels * kernel_size**2)
        self.act_gain = ACTIVATIONS[activation].gain
        self.register_buffer("resample_filter", setup_filter(resample_filter))
        self._add("weight", torch.randn(out_channels, in_channels, kernel_size, kernel_size), trainable)
        self._add("bias", torch.zeros(out_channels) if bias else None, trainable)

    def _add(self, name: str, value: Tensor | None, trainable: bool) -> None:
        if value is None:
            self.register_parameter(name, None)
        elif trainable:
            self.register_parameter(name, nn.Parameter(value))
        else:
            self.register_buffer(name, value)

    def forward(self, x: Tensor, gain: float = 1.0) -> Tensor:
        """Return ``[N, out_channels, H * up / down, W * up / down]`` for ``[N, in_channels, H, W]``."""
        x = conv2d_resample(
            x,
            self.weight.to(x.dtype) * self.weight_gain,
            self.resample_filter,
            up=self.up,
            down=self.down,
            padding=self.padding,
            flip_weight=self.up == 1,  # published weights of upsampling layers are stored mirrored
        )
        clamp = None if self.conv_clamp is None else self.conv_clamp * gain
        bias = None if self.bias is None else self.bias.to(x.dtype)
        return bias_act(x, bias, act=self.activation, gain=self.act_gain * gain, clamp=clamp)


class SynthesisLayer(nn.Module):
    """Modulated convolution, noise, bias and activation.

    Keys: ``affine.*``, ``weight [out_channels, in_channels, k, k]``, ``bias [out_channels]``, ``noise_strength []``,
    buffers ``noise_const [resolution, resolution]`` and ``resample_filter``.

    Source: Karras et al. (CVPR 2020), figure 2d.
    """

    noise_const: Tensor
    resample_filter: Tensor

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        w_dim: int,
        resolution: int,
        kernel_size: int = 3,
        up: int = 1,
        use_noise: bool = True,
        activation: str = "lrelu",
        resample_filter: Sequence[int] = BINOMIAL,
        conv_clamp: float | None = None,
        tensorflow: bool = False,
    ) -> None:
        super().__init__()
        if kernel_size % 2 == 0:
            raise ValueError(f"expected an odd kernel_size, which keeps the size of images, found {kernel_size}.")
        self.resolution, self.up, self.use_noise = resolution, up, use_noise
        self.num_styles = in_channels + out_channels
        self.activation, self.conv_clamp, self.padding = activation, conv_clamp, kernel_size // 2
        self.act_gain = ACTIVATIONS[activation].gain
        # TensorFlow adds its epsilon after the equalised scaling, so it is larger for our unscaled weights.
        self.epsilon = EPSILON * in_channels * kernel_size**2 if tensorflow else None
        self.register_buffer("resample_filter", setup_filter(resample_filter))
        self.affine = FullyConnectedLayer(w_dim, in_channels, bias_init=1 - tensorflow, bias_offset=tensorflow)
        self.weight = nn.Parameter(torch.randn(out_channels, in_channels, kernel_size, kernel_size))
        if use_noise:
            self.register_buffer("noise_const", torch.randn(resolution, resolution))
            self.noise_strength = nn.Parameter(torch.zeros([]))
        self.bias = nn.Parameter(torch.zeros(out_channels))

    def styles(self, w: Tensor) -> Tensor:
        """Return the scales of the input and the output channels, concatenated to ``[N, in_channels + out_channels]``.

        Args:
            w: ``[N, w_dim]``.
        """
        return torch.cat(modulation(self.weight, self.affine(w), self.epsilon), dim=1)

    def forward(self, x: Tensor, styles: Tensor, noise: Tensor | None = None, gain: float = 1.0) -> Tensor:
        """Return ``[N, out_channels, resolution, resolution]`` in the dtype of ``x``.

        Args:
            x: ``[N, in_channels, resolution / up, resolution / up]``.
            styles: from ``styles``.
            noise: ``[N, resolution, resolution]``, or None for no noise.
            gain: factor of the output.
        """
        x = scaled_conv2d(
            x,
            self.weight,
            styles[:, : x.shape[1]],
            styles[:, x.shape[1] :],
            padding=self.padding,
            bias=self.bias,
            up=self.up,
            f=self.resample_filter,
        )
        if noise is not None and self.use_noise:
            x = x + (noise * self.noise_strength).to(x.dtype)[:, None]
        clamp = None if self.conv_clamp is None else self.conv_clamp * gain
        return bias_act(x, act=self.activation, gain=self.act_gain * gain, clamp=clamp)


class ToRGBLayer(nn.Module):
    """Features to RGB: a modulated convolution without demodulation, and a bias.

    Source: Karras et al. (CVPR 2020), figure 7b and appendix B.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        w_dim: int,
        kernel_size: int = 1,
        conv_clamp: float | None = None,
        tensorflow: bool = False,
    ) -> None:
        super().__init__()
        self.conv_clamp, self.padding, self.num_styles = conv_clamp, kernel_size // 2, in_channels
        self.weight_gain = 1 / math.sqrt(in_channels * kernel_size**2)
        self.affine = FullyConnectedLayer(w_dim, in_channels, bias_init=1 - tensorflow, bias_offset=tensorflow)
        self.weight = nn.Parameter(torch.randn(out_channels, in_channels, kernel_size, kernel_size))
        self.bias = nn.Parameter(torch.zeros(out_channels))

    def styles(self, w: Tensor) -> Tensor:
        """Return the scales of the input channels ``[N, in_channels]`` for ``w [N, w_dim]``."""
        scales: Tensor = self.affine(w) * self.weight_gain
        return scales

    def forward(self, x: Tensor, styles: Tensor) -> Tensor:
        """Return ``[N, out_channels, H, W]`` for ``x [N, in_channels, H, W]`` and the result of ``styles``."""
        x = scaled_conv2d(x, self.weight, styles, padding=self.padding, bias=self.bias)
        return bias_act(x, clamp=self.conv_clamp)
