"""2-D convolution combined with filtered up- or downsampling."""

import torch.nn.functional as F
from torch import Tensor

from baselines.ops.upfirdn2d import Pair, filter_size, sides, upfirdn2d

__all__ = ["conv2d_resample"]


def conv2d_resample(
    x: Tensor,
    w: Tensor,
    f: Tensor | None = None,
    up: int = 1,
    down: int = 1,
    padding: Pair = 0,
    groups: int = 1,
    flip_weight: bool = True,
    flip_filter: bool = False,
) -> Tensor:
    """Return ``x`` upsampled by ``up``, convolved with ``w`` and downsampled by ``down``, using filter ``f``.

    All steps are linear, so they are reordered to run each convolution at the lowest possible resolution.

    Args:
        x: ``[N, C_in, H, W]``.
        w: ``[C_out, C_in // groups, k, k]``.
        f: from ``setup_filter``.
        up: upsampling factor.
        down: downsampling factor.
        padding: in pixels of the upsampled image, in addition to the padding that keeps the image centred.
        groups: groups of the convolution.
        flip_weight: True correlates (as ``torch.nn.functional.conv2d`` does), False convolves.
        flip_filter: the same for ``f``.

    Source: StyleGAN2 (Karras et al. 2019), the resampling convolutions of figure 7.
    """
    w = w if flip_weight else w.flip([2, 3])
    p = resampled_padding(f, up, down, padding)
    if up == down == 1 and p[0] == p[1] and p[2] == p[3] and min(p) >= 0:
        return F.conv2d(x, w, padding=(p[2], p[0]), groups=groups)
    if down > 1 and up == 1:
        if w.shape[2] == w.shape[3] == 1:
            return F.conv2d(upfirdn2d(x, f, down=down, padding=p, flip_filter=flip_filter), w, groups=groups)
        return F.conv2d(upfirdn2d(x, f, padding=p, flip_filter=flip_filter), w, stride=down, groups=groups)
    if up > 1:
        x = upsample_and_convolve(x, w, f, up, p, groups, flip_filter)
    else:
        x = F.conv2d(upfirdn2d(x, None, padding=p), w, groups=groups)
    return upfirdn2d(x, f, down=down, flip_filter=flip_filter) if down > 1 else x


def resampled_padding(f: Tensor | None, up: int, down: int, padding: Pair) -> list[int]:
    """Return the padding ``[left, right, top, bottom]`` that keeps the image centred through the filters."""
    p = list(sides(padding))
    for i, taps in enumerate(filter_size(f)):
        if up > 1:
            p[2 * i] += (taps + up - 1) // 2
            p[2 * i + 1] += (taps - up) // 2
        if down > 1:
            p[2 * i] += (taps - down + 1) // 2
            p[2 * i + 1] += (taps - down) // 2
    return p


def upsample_and_convolve(
    x: Tensor, w: Tensor, f: Tensor | None, up: int, p: list[int], groups: int, flip_filter: bool
) -> Tensor:
    """Return ``x`` upsampled, convolved and filtered; a transposed convolution skips the inserted zeros."""
    kernel_h, kernel_w = w.shape[2:]
    if kernel_h == kernel_w == 1:
        x = F.conv2d(x, w, groups=groups)
        return upfirdn2d(x, f, up=up, padding=p, gain=up**2, flip_filter=flip_filter)
    x = F.conv_transpose2d(x, transposed_weight(w, groups), stride=up, groups=groups)
    # The transposed convolution computes the full one: it pads k - 1 on each side, and ends at the last pixel rather
    # than at the zeros after it.
    left, right, top, bottom = p
    p = [
        left - (kernel_w - 1),
        right - (kernel_w - up),
        top - (kernel_h - 1),
        bottom - (kernel_h - up),
    ]
    return upfirdn2d(x, f, padding=p, gain=up**2, flip_filter=flip_filter)


def transposed_weight(w: Tensor, groups: int) -> Tensor:
    """Return the weight with which ``conv_transpose2d`` correlates as ``conv2d`` does with ``w``."""
    out, cin, kernel_h, kernel_w = w.shape
    w = w.reshape(groups, out // groups, cin, kernel_h, kernel_w).transpose(1, 2)
    return w.reshape(groups * cin, out // groups, kernel_h, kernel_w).flip([2, 3])
