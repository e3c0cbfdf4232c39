"""StyleGAN3's alias-free nonlinearity: a leaky ReLU applied at a higher sampling rate."""

import math
from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from baselines.ops.fused import fusable
from baselines.ops.upfirdn2d import Pair, filter_size, prepare_upfirdn2d, sides

__all__ = ["filtered_lrelu", "prepare_filtered_lrelu"]


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
    """Return ``x + b`` upsampled, passed through a leaky ReLU, and downsampled.

    Args:
        x: ``[N, C, H, W]``.
        fu: upsampling filter, from ``setup_filter``.
        fd: downsampling filter, likewise.
        b: ``[C]``, or None for no bias.
        up: upsampling factor.
        down: downsampling factor.
        padding: in pixels of the upsampled image.
        gain: applied after the leaky ReLU.
        slope: slope of the leaky ReLU for negative values.
        clamp: bound on the magnitude after the gain; None for no clamping.
        flip_filter: True correlates with the filters, False convolves.

    Source: Karras et al., Alias-free generative adversarial networks (NeurIPS 2021), section 3.2 and figure 4a.
    """
    if b is not None:
        x = x + b.to(x.dtype)[None, :, None, None]
    fu, fd = (None if f is None else f.to(x.device) for f in (fu, fd))
    return prepare_filtered_lrelu(fu, fd, x.shape[1:], up, down, padding, gain, slope, clamp, flip_filter, x.dtype)(x)


def prepare_filtered_lrelu(
    fu: Tensor | None,
    fd: Tensor | None,
    shape: Sequence[int],
    up: int = 1,
    down: int = 1,
    padding: Pair = 0,
    gain: float = 2**0.5,
    slope: float = 0.2,
    clamp: float | None = None,
    flip_filter: bool = False,
    dtype: torch.dtype = torch.float32,
) -> Callable[[Tensor], Tensor]:
    """Return ``filtered_lrelu`` as a function of ``x``, with everything that does not depend on pixels precomputed.

    Args:
        fu: upsampling filter, on the device of the images.
        fd: downsampling filter, likewise.
        shape: ``[C, H, W]`` of the images.
        dtype: of the images.

    The other arguments are those of ``filtered_lrelu``.
    """
    if fu is not None and fd is not None and fusable(fu.device, dtype, fu, fd):
        from baselines.ops import triton_filtered_lrelu as fused

        if fused.fits(fu, fd, up, down):
            bound = math.inf if clamp is None else clamp
            return lambda x: fused.filtered_lrelu(x, fu, fd, up, down, sides(padding), gain, slope, bound, flip_filter)
    fu, fd = (None if f is None else f.to(dtype) for f in (fu, fd))
    # A leaky ReLU commutes with a positive gain, so its gain goes into the upsampling filter.
    upsample = prepare_upfirdn2d(fu, shape, up, 1, padding, flip_filter, up**2 * gain)
    taps_x, taps_y = filter_size(fu)
    left, right, top, bottom = sides(padding)
    fine = (shape[0], shape[1] * up + top + bottom - taps_y + 1, shape[2] * up + left + right - taps_x + 1)
    downsample = prepare_upfirdn2d(fd, fine, 1, down, 0, flip_filter)

    def apply(x: Tensor) -> Tensor:
        y = upsample(x)
        return downsample(bounded_lrelu(y, slope, clamp, inplace=y is not x))

    return apply


def bounded_lrelu(x: Tensor, slope: float, clamp: float | None, inplace: bool) -> Tensor:
    """Return ``x`` after a leaky ReLU and a clamp, in place where allowed so that it stays in the cache."""
    if slope != 1:
        x = F.leaky_relu(x, slope, inplace=inplace)
    if clamp is None:
        return x
    # The leaky ReLU's gradient is computed from its output, so the clamp may overwrite that only without gradients.
    return F.hardtanh(x, -clamp, clamp, inplace=inplace and not torch.is_grad_enabled())
