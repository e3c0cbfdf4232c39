"""The synthesis layers of StyleGAN3's synthesis network."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from baselines.ops.filtered_lrelu import prepare_filtered_lrelu
from baselines.ops.linear import FullyConnectedLayer
from baselines.ops.modulated_conv import modulation, scaled_conv2d
from baselines.ops.processes import mean_of_all
from baselines.stylegan3.filters import lowpass_filter

__all__ = ["LayerDesign", "SynthesisLayer"]


@dataclass(frozen=True)
class LayerDesign:
    """Specification of a synthesis layer.

    Frequencies are in cycles, and rates in samples, per image width. Sizes are in samples.

    Attributes:
        is_torgb: whether this is the last layer, which is only a modulated 1x1 convolution.
        is_critically_sampled: whether the cutoff is half the sampling rate; such a layer never uses radial filters.
        use_fp16: run in float16, except on a CPU.
        lrelu_upsampling: oversampling factor at the nonlinearity, relative to the higher of the input and output rates.
        filter_size: length of the low-pass filters, in samples at the lower of their two rates.
        conv_clamp: bound on the magnitude of the output, which keeps float16 finite; None for no bound.
        magnitude_ema_beta: decay of the running mean square of the input.
    """

    is_torgb: bool
    is_critically_sampled: bool
    use_fp16: bool
    in_channels: int
    out_channels: int
    in_size: int
    out_size: int
    in_sampling_rate: float
    out_sampling_rate: float
    in_cutoff: float
    out_cutoff: float
    in_half_width: float
    out_half_width: float
    conv_kernel: int = 3
    filter_size: int = 6
    lrelu_upsampling: int = 2
    use_radial_filters: bool = False
    conv_clamp: float | None = 256
    magnitude_ema_beta: float = 0.999

    @property
    def kernel_size(self) -> int:
        """Return the width of the convolution kernel."""
        return 1 if self.is_torgb else self.conv_kernel

    @property
    def tmp_sampling_rate(self) -> float:
        """Return the sampling rate at which the nonlinearity is applied."""
        return max(self.in_sampling_rate, self.out_sampling_rate) * (1 if self.is_torgb else self.lrelu_upsampling)

    @property
    def up_factor(self) -> int:
        """Return the factor from the input's rate to the nonlinearity's."""
        return round(self.tmp_sampling_rate / self.in_sampling_rate)

    @property
    def down_factor(self) -> int:
        """Return the factor from the nonlinearity's rate to the output's."""
        return round(self.tmp_sampling_rate / self.out_sampling_rate)

    @property
    def up_taps(self) -> int:
        """Return the length of the upsampling filter."""
        return self.filter_size * self.up_factor if self.up_factor > 1 and not self.is_torgb else 1

    @property
    def down_taps(self) -> int:
        """Return the length of the downsampling filter."""
        return self.filter_size * self.down_factor if self.down_factor > 1 and not self.is_torgb else 1

    @property
    def down_radial(self) -> bool:
        """Return whether the downsampling filter is circularly symmetric."""
        return self.use_radial_filters and not self.is_critically_sampled

    @property
    def padding(self) -> list[int]:
        """Return the padding ``[left, right, top, bottom]`` of the upsampled image that gives ``out_size``."""
        total = (self.out_size - 1) * self.down_factor + 1
        total -= (self.in_size + self.kernel_size - 1) * self.up_factor
        total += self.up_taps + self.down_taps - 2
        # The extra sample on the left keeps the canvas centred.
        low = (total + self.up_factor) // 2
        return [low, total - low, low, total - low]

    @property
    def num_styles(self) -> int:
        """Return the number of scaled channels: the input's and, except in the last layer, the output's."""
        return self.in_channels + (0 if self.is_torgb else self.out_channels)

    def up_filter(self) -> Tensor | None:
        """Return the upsampling filter, which cuts off at the input's band limit; None without upsampling."""
        return lowpass_filter(self.up_taps, self.in_cutoff, self.in_half_width * 2, self.tmp_sampling_rate)

    def down_filter(self) -> Tensor | None:
        """Return the downsampling filter, which cuts off at the output's band limit; None without downsampling."""
        return lowpass_filter(
            self.down_taps, self.out_cutoff, self.out_half_width * 2, self.tmp_sampling_rate, self.down_radial
        )


def at_least_float32(x: Tensor) -> Tensor:
    """Return ``x`` in float32 if its dtype is narrower, else unchanged."""
    return x.float() if x.dtype in (torch.float16, torch.bfloat16) else x


class SynthesisLayer(nn.Module):
    """A modulated convolution followed by the filtered leaky ReLU.

    The layer takes its input from one band limit and sampling rate to the next.

    Keys: ``weight [out_channels, in_channels, k, k]``, ``bias [out_channels]``, ``affine.*``, buffers
    ``magnitude_ema []``, ``up_filter``, ``down_filter``.

    Source: StyleGAN3 (Karras et al. 2021) figure 4 and section 3.2; appendix D.1 for the magnitude EMA.
    """

    magnitude_ema: Tensor
    up_filter: Tensor | None
    down_filter: Tensor | None

    def __init__(self, w_dim: int, design: LayerDesign) -> None:
        super().__init__()
        self.design = design
        k = design.kernel_size
        self.affine = FullyConnectedLayer(w_dim, design.in_channels, bias_init=1)
        self.weight = nn.Parameter(torch.randn([design.out_channels, design.in_channels, k, k]))
        self.bias = nn.Parameter(torch.zeros([design.out_channels]))
        self.register_buffer("magnitude_ema", torch.ones([]))
        self.register_buffer("up_filter", design.up_filter())
        self.register_buffer("down_filter", design.down_filter())

    def forward(self, x: Tensor, w: Tensor, *, force_fp32: bool = False, update_emas: bool = False) -> Tensor:
        """Return the layer's output ``[N, out_channels, out_size, out_size]``.

        It is float16 if the design has ``use_fp16``, except on a CPU, and otherwise has the parameters' dtype.

        Args:
            x: ``[N, in_channels, in_size, in_size]``.
            w: ``[N, w_dim]``.
            force_fp32: never use float16.
            update_emas: update the running mean square of the input.
        """
        d = self.design
        if update_emas:
            self.observe([x])
        half = d.use_fp16 and not force_fp32 and not x.is_cpu
        return self.prepare(torch.float16 if half else self.weight.dtype)(x, self.styles(w))

    def observe(self, parts: Sequence[Tensor]) -> None:
        """Update the running mean square of the input with a batch in equal parts, ``[N, in_channels, H, W]`` each."""
        squares = torch.stack([at_least_float32(x.detach()).square().mean() for x in parts])
        magnitude = mean_of_all(squares.mean()).to(self.magnitude_ema.dtype)
        self.magnitude_ema.copy_(magnitude.lerp(self.magnitude_ema, self.design.magnitude_ema_beta))

    def styles(self, w: Tensor) -> Tensor:
        """Return the scales of the input channels and, except in the last layer, the output channels.

        The two are concatenated to ``[N, num_styles]``.

        Args:
            w: ``[N, w_dim]``.
        """
        d = self.design
        s: Tensor = self.affine(w)
        # A running mean, unlike the batch's own, lets an image be generated without looking at the others.
        gain = self.magnitude_ema.rsqrt()
        if d.is_torgb:
            return s * (gain / math.sqrt(d.in_channels * d.kernel_size**2))
        scale, factors = modulation(self.weight, s)
        return torch.cat([scale * gain, factors], dim=1)

    def prepare(self, dtype: torch.dtype) -> Callable[[Tensor, Tensor], Tensor]:
        """Return a function from the layer's input and styles to its output, computed in ``dtype``."""
        d = self.design
        size = d.in_size + d.kernel_size - 1
        activate = prepare_filtered_lrelu(
            self.up_filter,
            self.down_filter,
            (d.out_channels, size, size),
            up=d.up_factor,
            down=d.down_factor,
            padding=d.padding,
            gain=1 if d.is_torgb else 2**0.5,
            slope=1 if d.is_torgb else 0.2,
            clamp=d.conv_clamp,
            dtype=dtype,
        )

        def apply(x: Tensor, styles: Tensor) -> Tensor:
            scale, factors = styles[:, : d.in_channels], None if d.is_torgb else styles[:, d.in_channels :]
            y = scaled_conv2d(x.to(dtype), self.weight, scale, factors, padding=d.kernel_size - 1, bias=self.bias)
            return activate(y)

        return apply
