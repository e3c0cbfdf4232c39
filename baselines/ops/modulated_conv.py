"""StyleGAN3's modulated convolution."""

import torch
import torch.nn.functional as F
from torch import Tensor

__all__ = ["modulated_conv2d"]

EPSILON = 1e-8


def modulated_conv2d(
    x: Tensor,
    w: Tensor,
    s: Tensor,
    demodulate: bool = True,
    padding: int = 0,
    input_gain: Tensor | None = None,
    bias: Tensor | None = None,
) -> Tensor:
    """`x` convolved with one weight per image: `w` scaled by the image's style, and normalised by it.

    x: [N, C_in, H, W]. w: [C_out, C_in, k, k]. s: [N, C_in] scale of each input channel.
    input_gain: [] (or [C_in], or [N, C_in]) scale of the input that demodulation does not undo. bias: [C_out].

    Scaling the weight of each image is the same as scaling its input channels before and its output channels after
    one convolution shared by all images, and that is how it is done.

    Source: StyleGAN2 (Karras et al. 2019) equations 1 and 3; StyleGAN3 (Karras et al. 2021) section 3.2 for the gain.
    Deviation: styles are normalised per image rather than over the batch, which differs only through the epsilon.
    """
    n, c = s.shape
    if demodulate:
        s = s * s.square().mean(1, keepdim=True).rsqrt()
    scale = s if input_gain is None else s * input_gain
    y = F.conv2d(x * scale.to(x.dtype).view(n, c, 1, 1), w.to(x.dtype), padding=padding)
    if not demodulate:
        return y if bias is None else y + bias.to(x.dtype)[:, None, None]
    factors = demodulation(w, s).to(x.dtype)[:, :, None, None]
    return y * factors if bias is None else torch.addcmul(bias.to(x.dtype)[:, None, None], y, factors)


def demodulation(w: Tensor, s: Tensor) -> Tensor:
    """[N, C_out] factors that give every output channel unit variance for inputs of unit variance.

    They contain the scaling of each output channel's weight to unit mean square, so that no scaled weight is made.
    """
    power = w.square().sum([2, 3])
    mean = power.mean(1) / (w.shape[2] * w.shape[3])
    return torch.addmm(mean, s.square(), power.t(), beta=EPSILON).rsqrt()
