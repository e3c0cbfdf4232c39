"""The modulated convolution of StyleGAN2 and StyleGAN3."""

import torch
import torch.nn.functional as F
from torch import Tensor

from baselines.ops.conv import conv2d_resample
from baselines.ops.linear import linear

__all__ = ["modulated_conv2d", "modulation", "scaled_conv2d"]

EPSILON = 1e-8


def modulated_conv2d(
    x: Tensor,
    w: Tensor,
    s: Tensor,
    demodulate: bool = True,
    padding: int = 0,
    input_gain: Tensor | None = None,
) -> Tensor:
    """Return ``x`` convolved with one weight per image: ``w``, modulated by the image's style and demodulated.

    Args:
        x: ``[N, C_in, H, W]``.
        w: ``[C_out, C_in, k, k]``.
        s: ``[N, C_in]``, scale of each input channel.
        demodulate: whether to normalise each output channel to unit variance.
        padding: in pixels.
        input_gain: ``[]``, ``[C_in]`` or ``[N, C_in]``, scale of the input that demodulation does not undo.

    Source: Karras et al., Analyzing and improving the image quality of StyleGAN (CVPR 2020), equations 1 and 3; Karras
    et al., Alias-free generative adversarial networks (NeurIPS 2021), section 3.2, for the gain.
    """
    scale, factors = modulation(w, s) if demodulate else (s, None)
    return scaled_conv2d(x, w, scale if input_gain is None else scale * input_gain, factors, padding)


def modulation(w: Tensor, s: Tensor, epsilon: float | None = None) -> tuple[Tensor, Tensor]:
    """Return the scales of the input channels ``[N, C_in]`` and of the output channels ``[N, C_out]``.

    Scaling the weight of each image is the same as scaling its input channels before and its output channels after
    one convolution shared by all images. The output scales demodulate: they give every output channel unit variance
    for inputs of unit variance. They also include the scaling of each output channel's weight to unit mean square.

    Args:
        w: ``[C_out, C_in, k, k]``.
        s: ``[N, C_in]``.
        epsilon: added to a scaled weight's sum of squares; None for StyleGAN3's, relative to styles and weight.

    Deviation: styles are normalised per image rather than over the batch, which differs only through the epsilon.
    """
    inverse_size = s.square().mean(1, keepdim=True).rsqrt()
    s = s * inverse_size
    power = w.square().sum([2, 3])
    if epsilon is not None:
        return s, (linear(s.square(), power, None) + epsilon * inverse_size.square()).rsqrt()
    mean_square = power.mean(1) / (w.shape[2] * w.shape[3])
    return s, linear(s.square(), power, mean_square, bias_gain=EPSILON).rsqrt()


def scaled_conv2d(
    x: Tensor,
    w: Tensor,
    scale: Tensor,
    factors: Tensor | None = None,
    padding: int = 0,
    bias: Tensor | None = None,
    up: int = 1,
    f: Tensor | None = None,
) -> Tensor:
    """Return ``x * scale`` upsampled with filter ``f`` and convolved with ``w``, times ``factors``, plus ``bias``.

    Args:
        x: ``[N, C_in, H, W]``; the result has its dtype.
        w: ``[C_out, C_in, k, k]``.
        scale: ``[N, C_in]``.
        factors: ``[N, C_out]``, or None for ones.
        padding: in pixels.
        bias: ``[C_out]``, or None for no bias.
        up: upsampling factor.
        f: from ``setup_filter``.
    """
    if x.dtype == torch.float16 and factors is not None:
        # Sums over many channels could overflow float16, so the weight is scaled down and the sum back up.
        size = w.abs().amax([1, 2, 3]) * w[0].numel() ** 0.5
        w, factors = w / size[:, None, None, None], factors * size
    x, w = x * scale.to(x.dtype)[:, :, None, None], w.to(x.dtype)
    # Published weights of upsampling layers are stored mirrored.
    y = F.conv2d(x, w, padding=padding) if up == 1 else conv2d_resample(x, w, f, up, 1, padding, flip_weight=False)
    bias = None if bias is None else bias.to(x.dtype)[:, None, None]
    if factors is None:
        return y if bias is None else y + bias
    factors = factors.to(x.dtype)[:, :, None, None]
    return y * factors if bias is None else torch.addcmul(bias, y, factors)
