"""StyleGAN3's alias-free nonlinearity: a leaky ReLU at a raised sampling rate."""

import torch
import torch.nn.functional as F
from torch import Tensor

from baselines.ops.upfirdn2d import Pair, upfirdn2d

__all__ = ["filtered_lrelu"]


def filtered_lrelu(
    x: Tensor,
    fu: Tensor | None = None,
    fd: Tensor | None = None,
    b: Tensor | None = None,
    up: int = 1,
    down: int = 1,
    padding: Pair = 0,
    gain: float = 2**0.5,
    slope: float = 0.2,
    clamp: float | None = None,
    flip_filter: bool = False,
) -> Tensor:
    """`x + b` upsampled, through a leaky ReLU, downsampled.

    x: [N, C, H, W]. fu, fd: up- and downsampling filters of `setup_filter`'s shapes. b: [C].
    padding: pixels of the upsampled image. gain, clamp: applied after the leaky ReLU.

    Source: StyleGAN3 (Karras et al. 2021) section 3.2 and figure 4a.
    """
    if b is not None:
        x = x + b.to(x.dtype)[None, :, None, None]
    # A leaky ReLU commutes with a positive gain, so its gain goes into the upsampling filter.
    y = upfirdn2d(x, fu, up=up, padding=padding, gain=up**2 * gain, flip_filter=flip_filter)
    y = bounded_lrelu(y, slope, clamp, inplace=y is not x)
    return upfirdn2d(y, fd, down=down, flip_filter=flip_filter)


def bounded_lrelu(x: Tensor, slope: float, clamp: float | None, inplace: bool) -> Tensor:
    """`x` through a leaky ReLU, then clamped; in its own memory where allowed, for cache's sake."""
    if slope != 1:
        x = F.leaky_relu(x, slope, inplace=inplace)
    if clamp is None:
        return x
    # The gradient of the leaky ReLU needs its output, so only without gradients may the clamp overwrite it.
    return F.hardtanh(x, -clamp, clamp, inplace=inplace and not torch.is_grad_enabled())
