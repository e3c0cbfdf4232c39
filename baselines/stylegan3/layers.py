"""The input layer and the synthesis layers of StyleGAN3's synthesis network."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from baselines.ops.filtered_lrelu import prepare_filtered_lrelu
from baselines.ops.linear import FullyConnectedLayer
from baselines.ops.modulated_conv import modulation, scaled_conv2d
from baselines.ops.processes import mean_of_all
from baselines.stylegan3.filters import lowpass_filter

__all__ = ["LayerDesign", "SynthesisInput", "SynthesisLayer"]


class SynthesisInput(nn.Module):
    """Fourier features that a learned function of ``w`` and a user-supplied transform translate and rotate.

    Keys: ``weight [channels, channels]``, ``affine.*``, buffers ``transform [3, 3]``, ``freqs [channels, 2]``,
    ``phases [channels]``.

    Args:
        w_dim: width of ``w``.
        channels: number of waves, and of output channels.
        size: width and height of the output, in samples.
        sampling_rate: samples per image width.
        bandwidth: highest frequency, in cycles per image width.

    Source: StyleGAN3 (Karras et al. 2021) section 3.1 and appendix F "Fourier features".
    """

    transform: Tensor
    image_transforms: Tensor | None
    freqs: Tensor
    phases: Tensor

    def __init__(self, w_dim: int, channels: int, size: int, sampling_rate: float, bandwidth: float) -> None:
        super().__init__()
        self.channels = channels
        self.size = size
        self.sampling_rate = sampling_rate
        self.bandwidth = bandwidth
        # A normal 2D draw of radius r, moved to radius exp(-r^2 / 4), is uniform over the unit disc.
        freqs = torch.randn([channels, 2])
        radii = freqs.square().sum(dim=1, keepdim=True).sqrt()
        freqs = freqs / (radii * radii.square().exp().pow(0.25)) * bandwidth
        self.weight = nn.Parameter(torch.randn([channels, channels]))
        self.affine = FullyConnectedLayer(w_dim, 4, weight_init=0, bias_init=[1, 0, 0, 0])
        self.register_buffer("transform", torch.eye(3))
        self.register_buffer("image_transforms", None, persistent=False)
        self.register_buffer("freqs", freqs)
        self.register_buffer("phases", torch.rand([channels]) - 0.5)

    def set_transform(self, matrix: Tensor) -> None:
        """Set the transform of the sampling positions.

        Args:
            matrix: ``[3, 3]``, stored in the ``transform`` buffer, or ``[N, 3, 3]``, one per image and not saved.

        Raises:
            ValueError: if the shape is different.
        """
        if matrix.shape[-2:] != (3, 3) or matrix.ndim not in (2, 3):
            raise ValueError(
                f"expected a transform [3, 3] or [N, 3, 3], found {list(matrix.shape)}: give one of the two."
            )
        if matrix.ndim == 2:
            self.transform.copy_(matrix)
        self.image_transforms = matrix.detach().to(self.transform.device) if matrix.ndim == 3 else None

    def forward(self, w: Tensor, transforms: Tensor | None = None) -> Tensor:
        """Return features ``[N, channels, size, size]`` in channels-last order and the parameters' dtype.

        Args:
            w: ``[N, w_dim]``.
            transforms: ``[N, 3, 3]``, used instead of the ``transform`` buffer.
        """
        return self.prepare()(self.waves(w, transforms))

    def waves(self, w: Tensor, transforms: Tensor | None = None) -> Tensor:
        """Return the x frequency, y frequency, phase and amplitude of every wave, ``[N, 4, channels]``."""
        outer = (self.transform if transforms is None else transforms).to(w.dtype)
        matrix = learned_transform(self.affine(w)) @ outer
        phases = self.phases + (self.freqs @ matrix[:, :2, 2:]).squeeze(2)
        freqs = self.freqs @ matrix[:, :2, :2]
        # A transform can push frequencies beyond the band limit. They fade to zero at Nyquist instead of aliasing.
        fade = (freqs.norm(dim=2) - self.bandwidth) / (self.sampling_rate / 2 - self.bandwidth)
        amplitudes = (1 - fade).clamp(0, 1)
        return torch.cat([freqs.transpose(1, 2), phases[:, None], amplitudes[:, None]], dim=1)

    def prepare(self) -> Callable[[Tensor], Tensor]:
        """Return a function from waves ``[N, 4, channels]`` to features ``[N, channels, size, size]``."""
        canvas, weight = self.canvas(), self.weight.t() / math.sqrt(self.channels)

        def draw(waves: Tensor) -> Tensor:
            n = len(waves)
            freqs, phases, amplitudes = torch.split(waves, [2, 1, 1], dim=1)
            x = torch.baddbmm(phases, canvas.expand(n, -1, -1), freqs)
            x = torch.sin(x * (2 * math.pi)) * amplitudes
            # One product per image: the sums' order, and so the rounding, must not depend on the batch.
            x = torch.bmm(x, weight.expand(n, -1, -1))
            return x.view(n, self.size, self.size, self.channels).permute(0, 3, 1, 2)

        return draw

    def canvas(self) -> Tensor:
        """Return the (x, y) positions of the samples, row by row, in image widths from the centre.

        The shape is ``[1, size * size, 2]``.
        """
        theta = self.freqs.new_zeros([1, 2, 3])
        theta[0, 0, 0] = theta[0, 1, 1] = 0.5 * self.size / self.sampling_rate
        grid: Tensor = F.affine_grid(theta, [1, 1, self.size, self.size], align_corners=False)
        return grid.flatten(1, 2)


def learned_transform(t: Tensor) -> Tensor:
    """Return ``[N, 3, 3]``: a translation followed by a rotation.

    Args:
        t: ``[N, 4]``: cosine and sine of the rotation, then x and y of the negated translation, all four scaled by an
            arbitrary factor that is divided out.
    """
    t = t / t[:, :2].norm(dim=1, keepdim=True)
    rotation = torch.eye(3, dtype=t.dtype, device=t.device).repeat(t.shape[0], 1, 1)
    translation = rotation.clone()
    rotation[:, 0, 0] = rotation[:, 1, 1] = t[:, 0]
    rotation[:, 0, 1] = -t[:, 1]
    rotation[:, 1, 0] = t[:, 1]
    translation[:, :2, 2] = -t[:, 2:]
    return rotation @ translation


@dataclass(frozen=True)
class LayerDesign:
    """Specification of a synthesis layer.

    Frequencies are in cycles, and rates in samples, per image width. Sizes are in samples.

    Attributes:
        is_torgb: whether this is the last layer, which is only a modulated 1x1 convolution.
        is_critically_sampled: whether the cutoff is half the sampling rate; such a layer never uses radial filters.
        use_fp16: run in float16 on CUDA.
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

    @cached_property
    def kernel_size(self) -> int:
        """Return the width of the convolution kernel."""
        return 1 if self.is_torgb else self.conv_kernel

    @cached_property
    def tmp_sampling_rate(self) -> float:
        """Return the sampling rate at which the nonlinearity is applied."""
        return max(self.in_sampling_rate, self.out_sampling_rate) * (1 if self.is_torgb else self.lrelu_upsampling)

    @cached_property
    def up_factor(self) -> int:
        """Return the factor from the input's rate to the nonlinearity's."""
        return round(self.tmp_sampling_rate / self.in_sampling_rate)

    @cached_property
    def down_factor(self) -> int:
        """Return the factor from the nonlinearity's rate to the output's."""
        return round(self.tmp_sampling_rate / self.out_sampling_rate)

    @cached_property
    def up_taps(self) -> int:
        """Return the length of the upsampling filter."""
        return self.filter_size * self.up_factor if self.up_factor > 1 and not self.is_torgb else 1

    @cached_property
    def down_taps(self) -> int:
        """Return the length of the downsampling filter."""
        return self.filter_size * self.down_factor if self.down_factor > 1 and not self.is_torgb else 1

    @cached_property
    def down_radial(self) -> bool:
        """Return whether the downsampling filter is circularly symmetric."""
        return self.use_radial_filters and not self.is_critically_sampled

    @cached_property
    def padding(self) -> list[int]:
        """Return the padding ``[left, right, top, bottom]`` of the upsampled image that gives ``out_size``."""
        total = (self.out_size - 1) * self.down_factor + 1
        total -= (self.in_size + self.kernel_size - 1) * self.up_factor
        total += self.up_taps + self.down_taps - 2
        # The extra sample on the left keeps the canvas centred.
        low = (total + self.up_factor) // 2
        return [low, total - low, low, total - low]

    @cached_property
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

        It is float16 on CUDA if the design has ``use_fp16``, and otherwise has the parameters' dtype.

        Args:
            x: ``[N, in_channels, in_size, in_size]``.
            w: ``[N, w_dim]``.
            force_fp32: never use float16.
            update_emas: update the running mean square of the input.
        """
        d = self.design
        if update_emas:
            magnitude = mean_of_all(x.detach().float().square().mean()).to(self.magnitude_ema.dtype)
            self.magnitude_ema.copy_(magnitude.lerp(self.magnitude_ema, d.magnitude_ema_beta))
        half = d.use_fp16 and not force_fp32 and x.is_cuda
        return self.prepare(torch.float16 if half else self.weight.dtype)(x, self.styles(w))

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
            None if self.up_filter is None else self.up_filter.to(dtype),
            None if self.down_filter is None else self.down_filter.to(dtype),
            (d.out_channels, size, size),
            up=d.up_factor,
            down=d.down_factor,
            padding=d.padding,
            gain=1 if d.is_torgb else 2**0.5,
            slope=1 if d.is_torgb else 0.2,
            clamp=d.conv_clamp,
        )

        def apply(x: Tensor, styles: Tensor) -> Tensor:
            scale, factors = styles[:, : d.in_channels], None if d.is_torgb else styles[:, d.in_channels :]
            y = scaled_conv2d(x.to(dtype), self.weight, scale, factors, padding=d.kernel_size - 1, bias=self.bias)
            return activate(y)

        return apply
