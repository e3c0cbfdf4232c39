"""Upsample, filter and downsample: the resampling operator under every StyleGAN layer."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

__all__ = ["downsample2d", "filter2d", "setup_filter", "upfirdn2d", "upsample2d"]

Pair = int | Sequence[int]


def setup_filter(
    f: Tensor | Sequence[float] | Sequence[Sequence[float]] | float | None,
    device: torch.device | str | None = None,
    *,
    normalize: bool = True,
    flip_filter: bool = False,
    gain: float = 1.0,
    separable: bool | None = None,
) -> Tensor:
    """A float32 filter ready for `upfirdn2d`: [taps] if it is to be applied separably, [taps_y, taps_x] if not.

    f: [], [taps] or [taps_y, taps_x]; None is the identity. `separable` defaults to true for 1-D filters of eight taps
    or more; shorter ones become their outer product, which one small 2-D convolution applies faster.
    `gain` is the gain of the whole 2-D filter.

    Raises: ValueError for an empty filter or one of more than two dimensions.
    """
    f = torch.as_tensor(1.0 if f is None else f, dtype=torch.float32, device=device)
    if f.ndim > 2 or f.numel() == 0:
        raise ValueError(f"A filter must be [taps] or [taps_y, taps_x]; give that instead of {list(f.shape)}.")
    f = f.reshape(1) if f.ndim == 0 else f
    if separable is None:
        separable = f.ndim == 1 and f.numel() >= 8
    if f.ndim == 1 and not separable:
        f = f.outer(f)
    if normalize:
        f = f / f.sum()
    if flip_filter:
        f = f.flip(list(range(f.ndim)))
    return f * float(gain ** (f.ndim / 2))


def upfirdn2d(
    x: Tensor,
    f: Tensor | None,
    up: Pair = 1,
    down: Pair = 1,
    padding: Pair = 0,
    flip_filter: bool = False,
    gain: float = 1.0,
) -> Tensor:
    """`x` upsampled by inserting zeros, padded, filtered, and downsampled by keeping every `down`-th pixel.

    x: [N, C, H, W] floating point. f: from `setup_filter`; None is the identity.
    up, down: factor, or (x, y). padding: pixels after upsampling, as one number, (x, y) or (left, right, top, bottom);
    negative numbers crop. The filter is convolved, or correlated with `flip_filter`. `gain` scales the result.

    Source: StyleGAN (Karras et al. 2018) section 4.2 and StyleGAN2 (Karras et al. 2019) for the filtered resampling.
    """
    up_x, up_y = pair(up)
    down_x, down_y = pair(down)
    left, right, top, bottom = sides(padding)
    x = F.pad(stuff_zeros(x, up_x, up_y), [left, right, top, bottom])
    row, column = filter_pair(f, x, flip_filter, gain)
    if column is None:
        return depthwise(x, row, (down_y, down_x))
    return depthwise(depthwise(x, row[None, :], (1, down_x)), column[:, None], (down_y, 1))


def filter2d(x: Tensor, f: Tensor | None, padding: Pair = 0, flip_filter: bool = False, gain: float = 1.0) -> Tensor:
    """`x` filtered to the same size, plus `padding`."""
    width, height = filter_size(f)
    left, right, top, bottom = sides(padding)
    p = [left + width // 2, right + (width - 1) // 2, top + height // 2, bottom + (height - 1) // 2]
    return upfirdn2d(x, f, padding=p, flip_filter=flip_filter, gain=gain)


def upsample2d(
    x: Tensor, f: Tensor | None, up: Pair = 2, padding: Pair = 0, flip_filter: bool = False, gain: float = 1.0
) -> Tensor:
    """`x` enlarged `up` times, plus `padding` in output pixels; brightness is kept."""
    (up_x, up_y), (width, height) = pair(up), filter_size(f)
    left, right, top, bottom = sides(padding)
    p = [
        left + (width + up_x - 1) // 2,
        right + (width - up_x) // 2,
        top + (height + up_y - 1) // 2,
        bottom + (height - up_y) // 2,
    ]
    return upfirdn2d(x, f, up=up, padding=p, flip_filter=flip_filter, gain=gain * up_x * up_y)


def downsample2d(
    x: Tensor, f: Tensor | None, down: Pair = 2, padding: Pair = 0, flip_filter: bool = False, gain: float = 1.0
) -> Tensor:
    """`x` reduced `down` times; `padding` is in input pixels."""
    (down_x, down_y), (width, height) = pair(down), filter_size(f)
    left, right, top, bottom = sides(padding)
    p = [
        left + (width - down_x + 1) // 2,
        right + (width - down_x) // 2,
        top + (height - down_y + 1) // 2,
        bottom + (height - down_y) // 2,
    ]
    return upfirdn2d(x, f, down=down, padding=p, flip_filter=flip_filter, gain=gain)


def pair(factor: Pair) -> tuple[int, int]:
    """(x, y) factors, both at least 1."""
    x, y = (factor, factor) if isinstance(factor, int) else factor
    if x < 1 or y < 1:
        raise ValueError(f"A resampling factor must be at least 1; give one instead of {factor}.")
    return x, y


def sides(padding: Pair) -> tuple[int, int, int, int]:
    """(left, right, top, bottom) from one number, (x, y), or all four."""
    values = (padding, padding) if isinstance(padding, int) else tuple(padding)
    if len(values) == 2:
        values = (values[0], values[0], values[1], values[1])
    if len(values) != 4:
        raise ValueError(f"Padding must be 1, 2 or 4 numbers; give that many instead of {len(values)}.")
    left, right, top, bottom = values
    return left, right, top, bottom


def filter_size(f: Tensor | None) -> tuple[int, int]:
    """(width, height) of the filter in taps."""
    return (1, 1) if f is None else (f.shape[-1], f.shape[0])


def stuff_zeros(x: Tensor, up_x: int, up_y: int) -> Tensor:
    """`x` with `up - 1` zeros after every pixel, in both directions."""
    if up_x == up_y == 1:
        return x
    n, c, h, w = x.shape
    return F.pad(x.reshape(n, c, h, 1, w, 1), [0, up_x - 1, 0, 0, 0, up_y - 1]).reshape(n, c, h * up_y, w * up_x)


def filter_pair(f: Tensor | None, like: Tensor, flip_filter: bool, gain: float) -> tuple[Tensor, Tensor | None]:
    """(row, column) of a separable filter, or (2-D filter, None), as correlation kernels in the dtype of `like`."""
    f = like.new_ones([1, 1]) if f is None else f.to(like.device, like.dtype)
    f = f * float(gain ** (f.ndim / 2))
    f = f if flip_filter else f.flip(list(range(f.ndim)))
    return (f, f) if f.ndim == 1 else (f, None)


def depthwise(x: Tensor, kernel: Tensor, stride: tuple[int, int]) -> Tensor:
    """Every channel of `x` correlated with the same 2-D kernel."""
    channels = x.shape[1]
    return F.conv2d(x, kernel.expand(channels, 1, *kernel.shape), stride=stride, groups=channels)
