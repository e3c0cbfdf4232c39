"""The operators and StyleGAN3's synthesis written out step by step, as the published CPU formulation computes them.

Zeros are inserted, padded and convolved; every filter is a depthwise convolution at the full rate whose output is then
thinned; every image of a batch has a convolution weight of its own. It is slow, and the reference for the fast form.
"""

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from baselines.ops.fourier_features import SynthesisInput
from baselines.stylegan3.layers import SynthesisLayer
from baselines.stylegan3.networks import SynthesisNetwork


def upfirdn2d(
    x: Tensor,
    f: Tensor | None,
    up: tuple[int, int] = (1, 1),
    down: tuple[int, int] = (1, 1),
    padding: Sequence[int] = (0, 0, 0, 0),
    flip_filter: bool = False,
    gain: float = 1.0,
) -> Tensor:
    """Zero-stuff, pad or crop, convolve, thin; factors are (x, y), padding is (left, right, top, bottom)."""
    n, c, h, w = x.shape
    f = torch.ones([1, 1], dtype=x.dtype) if f is None else f.to(x.dtype)
    stuffed = x.new_zeros([n, c, h * up[1], w * up[0]])
    stuffed[:, :, :: up[1], :: up[0]] = x
    left, right, top, bottom = padding
    stuffed = F.pad(stuffed, [max(left, 0), max(right, 0), max(top, 0), max(bottom, 0)])
    stuffed = stuffed[:, :, max(-top, 0) : stuffed.shape[2] - max(-bottom, 0)]
    stuffed = stuffed[:, :, :, max(-left, 0) : stuffed.shape[3] - max(-right, 0)]
    f = f * gain ** (f.ndim / 2)
    f = f if flip_filter else f.flip(list(range(f.ndim)))
    if f.ndim == 2:
        y = F.conv2d(stuffed, f[None, None].repeat(c, 1, 1, 1), groups=c)
    else:
        y = F.conv2d(stuffed, f[None, None, None, :].repeat(c, 1, 1, 1), groups=c)
        y = F.conv2d(y, f[None, None, :, None].repeat(c, 1, 1, 1), groups=c)
    return y[:, :, :: down[1], :: down[0]]


def modulated_conv2d(x: Tensor, w: Tensor, s: Tensor, demodulate: bool, padding: int, input_gain: Tensor) -> Tensor:
    """One weight per image, all of them in one grouped convolution."""
    n, c = x.shape[:2]
    out, _, kh, kw = w.shape
    if demodulate:
        w = w * w.square().mean([1, 2, 3], keepdim=True).rsqrt()
        s = s * s.square().mean().rsqrt()
    weights = w[None] * s[:, None, :, None, None]
    if demodulate:
        weights = weights * (weights.square().sum([2, 3, 4], keepdim=True) + 1e-8).rsqrt()
    weights = weights * input_gain
    y = F.conv2d(x.reshape(1, n * c, *x.shape[2:]), weights.reshape(n * out, c, kh, kw), padding=padding, groups=n)
    return y.reshape(n, out, *y.shape[2:])


def filtered_lrelu(
    x: Tensor,
    fu: Tensor | None,
    fd: Tensor | None,
    b: Tensor,
    up: int,
    down: int,
    padding: Sequence[int],
    gain: float,
    slope: float,
    clamp: float | None,
) -> Tensor:
    """Bias, upsample, leaky ReLU, gain, clamp, downsample."""
    x = x + b[None, :, None, None]
    x = upfirdn2d(x, fu, up=(up, up), padding=padding, gain=up**2)
    x = F.leaky_relu(x, slope) * gain
    x = x if clamp is None else x.clamp(-clamp, clamp)
    return upfirdn2d(x, fd, down=(down, down))


def fourier_features(layer: SynthesisInput, w: Tensor) -> Tensor:
    """The input layer, one image at a time, with sines of explicit coordinates."""
    images = []
    for t in layer.affine(w):
        t = t / math.hypot(float(t[0]), float(t[1]))
        rotation = torch.tensor([[t[0], -t[1], 0], [t[1], t[0], 0], [0, 0, 1]], dtype=w.dtype)
        translation = torch.tensor([[1, 0, -t[2]], [0, 1, -t[3]], [0, 0, 1]], dtype=w.dtype)
        matrix = rotation @ translation @ layer.transform
        freqs = layer.freqs @ matrix[:2, :2]
        phases = layer.phases + layer.freqs @ matrix[:2, 2]
        fade = (freqs.norm(dim=1) - layer.bandwidth) / (layer.sampling_rate / 2 - layer.bandwidth)
        x = (torch.arange(layer.size, dtype=w.dtype) + 0.5 - layer.size / 2) / layer.sampling_rate
        angle = x[None, :, None] * freqs[:, 0] + x[:, None, None] * freqs[:, 1] + phases
        waves = torch.sin(2 * math.pi * angle) * (1 - fade).clamp(0, 1)
        images.append((waves @ (layer.weight / math.sqrt(layer.channels)).t()).permute(2, 0, 1))
    return torch.stack(images)


def synthesis_layer(layer: SynthesisLayer, x: Tensor, w: Tensor) -> Tensor:
    """One layer with the weights of `layer`."""
    d = layer.design
    styles = layer.affine(w)
    if d.is_torgb:
        styles = styles / math.sqrt(d.in_channels)
    gain = layer.magnitude_ema.rsqrt()
    x = modulated_conv2d(x, layer.weight, styles, not d.is_torgb, d.kernel_size - 1, gain)
    slope, gain = (1.0, 1.0) if d.is_torgb else (0.2, math.sqrt(2))
    filters = layer.up_filter, layer.down_filter
    return filtered_lrelu(x, *filters, layer.bias, d.up_factor, d.down_factor, d.padding, gain, slope, d.conv_clamp)


def synthesis(network: SynthesisNetwork, ws: Tensor) -> Tensor:
    """Images of `ws` with the weights of `network`."""
    x = fourier_features(network.input, ws[:, 0]).contiguous()
    for i, name in enumerate(network.layer_names):
        layer = network.get_submodule(name)
        assert isinstance(layer, SynthesisLayer)
        x = synthesis_layer(layer, x, ws[:, i + 1])
    return x * network.output_scale
