"""The two kinds of layer of StyleGAN3's synthesis network."""

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
    """Fourier features on the canvas, translated and rotated by an affine of w and by a transform from outside.

    Keys: ``weight`` [channels, channels], ``affine.*``, buffers ``transform`` [3, 3], ``freqs`` [channels, 2],
    ``phases`` [channels].

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
        # Frequencies are spread evenly over a disc whose radius is the band limit.
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
        """Set the transform of the canvas: ``matrix`` [3, 3], kept in the ``transform`` buffer, or [N, 3, 3].

        Raises: ValueError for any other shape.
        """
        if matrix.shape[-2:] != (3, 3) or matrix.ndim not in (2, 3):
            raise ValueError(f"A transform must be [3, 3] or [N, 3, 3]; give that instead of {list(matrix.shape)}.")
        if matrix.ndim == 2:
            self.transform.copy_(matrix)
        self.image_transforms = matrix.detach().to(self.transform.device) if matrix.ndim == 3 else None

    def forward(self, w: Tensor, transforms: Tensor | None = None) -> Tensor:
        """Features [N, channels, size, size] in channels-last order, in the dtype of the parameters.

        w: [N, w_dim]. transforms: [N, 3, 3] in place of the ``transform`` buffer.
        """
        return self.prepare()(self.waves(w, transforms))

    def waves(self, w: Tensor, transforms: Tensor | None = None) -> Tensor:
        """Frequency in x, frequency in y, phase and amplitude of every wave, [N, 4, channels]."""
        outer = (self.transform if transforms is None else transforms).to(w.dtype)
        matrix = learned_transform(self.affine(w)) @ outer
        phases = self.phases + (self.freqs @ matrix[:, :2, 2:]).squeeze(2)
        freqs = self.freqs @ matrix[:, :2, :2]
        # Frequencies that a transform pushed beyond the band limit fade out, to none at half of the sampling rate.
        fade = (freqs.norm(dim=2) - self.bandwidth) / (self.sampling_rate / 2 - self.bandwidth)
        amplitudes = (1 - fade).clamp(0, 1)
        return torch.cat([freqs.transpose(1, 2), phases[:, None], amplitudes[:, None]], dim=1)

    def prepare(self) -> Callable[[Tensor], Tensor]:
        """What makes features of waves."""
        canvas, weight = self.canvas(), self.weight.t() / math.sqrt(self.channels)

        def draw(waves: Tensor) -> Tensor:
            n = len(waves)
            freqs, phases, amplitudes = torch.split(waves, [2, 1, 1], dim=1)
            x = torch.baddbmm(phases, canvas.expand(n, -1, -1), freqs)
            x = torch.sin(x * (2 * math.pi)) * amplitudes
            # A product for each image, so that an image does not depend on its place in the batch.
            x = torch.bmm(x, weight.expand(n, -1, -1))
            return x.view(n, self.size, self.size, self.channels).permute(0, 3, 1, 2)

        return draw

    def canvas(self) -> Tensor:
        """Positions (x, y) of the samples row by row, [1, size * size, 2], in image widths from the centre."""
        theta = self.freqs.new_zeros([1, 2, 3])
        theta[0, 0, 0] = theta[0, 1, 1] = 0.5 * self.size / self.sampling_rate
        grid: Tensor = F.affine_grid(theta, [1, 1, self.size, self.size], align_corners=False)
        return grid.flatten(1, 2)


def learned_transform(t: Tensor) -> Tensor:
    """Return [N, 3, 3]: translation by ``-t[:, 2:]``, then rotation by ``t[:, :2]``, over the latter's norm."""
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
    """What a synthesis layer must do; frequencies in cycles, rates in samples, per image width; sizes in samples.

    Attributes:
        is_torgb: the last layer, a modulated 1x1 convolution alone.
        is_critically_sampled: sampled as coarsely as its cutoff allows; such a layer never uses radial filters.
        use_fp16: run in half precision on CUDA.
        lrelu_upsampling: how much finer than its input or output the nonlinearity is sampled.
        filter_size: taps of a low-pass filter, in samples at the lower of its two rates.
        conv_clamp: bound of the output, or None.
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
        """Width of the convolution."""
        return 1 if self.is_torgb else self.conv_kernel

    @cached_property
    def tmp_sampling_rate(self) -> float:
        """Rate at which the nonlinearity is applied."""
        return max(self.in_sampling_rate, self.out_sampling_rate) * (1 if self.is_torgb else self.lrelu_upsampling)

    @cached_property
    def up_factor(self) -> int:
        """From the input's rate to the nonlinearity's."""
        return round(self.tmp_sampling_rate / self.in_sampling_rate)

    @cached_property
    def down_factor(self) -> int:
        """From the nonlinearity's rate to the output's."""
        return round(self.tmp_sampling_rate / self.out_sampling_rate)

    @cached_property
    def up_taps(self) -> int:
        """Length of the upsampling filter."""
        return self.filter_size * self.up_factor if self.up_factor > 1 and not self.is_torgb else 1

    @cached_property
    def down_taps(self) -> int:
        """Length of the downsampling filter."""
        return self.filter_size * self.down_factor if self.down_factor > 1 and not self.is_torgb else 1

    @cached_property
    def down_radial(self) -> bool:
        """Whether the downsampling filter has circular symmetry."""
        return self.use_radial_filters and not self.is_critically_sampled

    @cached_property
    def padding(self) -> list[int]:
        """Return padding [left, right, top, bottom] of the upsampled image that makes the output ``out_size`` wide."""
        total = (self.out_size - 1) * self.down_factor + 1
        total -= (self.in_size + self.kernel_size - 1) * self.up_factor
        total += self.up_taps + self.down_taps - 2
        # The extra sample on the left keeps the canvas centred.
        low = (total + self.up_factor) // 2
        return [low, total - low, low, total - low]

    @cached_property
    def num_styles(self) -> int:
        """How many channels are scaled: those of the input and, but for the last layer, those of the output."""
        return self.in_channels + (0 if self.is_torgb else self.out_channels)

    def up_filter(self) -> Tensor | None:
        """Cuts off at the input's band limit."""
        return lowpass_filter(self.up_taps, self.in_cutoff, self.in_half_width * 2, self.tmp_sampling_rate)

    def down_filter(self) -> Tensor | None:
        """Cuts off at the output's band limit."""
        return lowpass_filter(
            self.down_taps, self.out_cutoff, self.out_half_width * 2, self.tmp_sampling_rate, self.down_radial
        )


class SynthesisLayer(nn.Module):
    """Modulated convolution, then the filtered leaky ReLU, from one band limit and sampling rate to the next.

    Keys: ``weight`` [out_channels, in_channels, k, k], ``bias`` [out_channels], ``affine.*``, buffers
    ``magnitude_ema`` [], ``up_filter``, ``down_filter``.

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
        """Return the layer's output, [N, out_channels, out_size, out_size].

        x: [N, in_channels, in_size, in_size]. w: [N, w_dim]. Runs in float16 only on CUDA, only if the design asks
        for it, and never with ``force_fp32``; otherwise in the dtype of the parameters.
        """
        d = self.design
        if update_emas:
            magnitude = mean_of_all(x.detach().float().square().mean()).to(self.magnitude_ema.dtype)
            self.magnitude_ema.copy_(magnitude.lerp(self.magnitude_ema, d.magnitude_ema_beta))
        half = d.use_fp16 and not force_fp32 and x.is_cuda
        return self.prepare(torch.float16 if half else self.weight.dtype)(x, self.styles(w))

    def styles(self, w: Tensor) -> Tensor:
        """Scales of the input channels and, unless this is the last layer, of the output channels, side by side.

        w: [N, w_dim]. Returns [N, num_styles].
        """
        d = self.design
        s: Tensor = self.affine(w)
        gain = self.magnitude_ema.rsqrt()
        if d.is_torgb:
            return s * (gain / math.sqrt(d.in_channels * d.kernel_size**2))
        scale, factors = modulation(self.weight, s)
        return torch.cat([scale * gain, factors], dim=1)

    def prepare(self, dtype: torch.dtype) -> Callable[[Tensor, Tensor], Tensor]:
        """Return the layer's output for its input and styles, computed in ``dtype``."""
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
