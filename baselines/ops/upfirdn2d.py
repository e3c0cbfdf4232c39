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
    if f is None and up_x == up_y == down_x == down_y == 1:
        return pad_or_crop(x if gain == 1 else x * gain, [left, right, top, bottom])
    f = x.new_ones([1, 1]) if f is None else f.to(x.device, x.dtype)
    f = f if gain == 1 else f * float(gain ** (f.ndim / 2))
    f = f.flip(list(range(f.ndim))) if flip_filter else f
    if f.ndim == 2:
        return resample(x, f, (up_y, up_x), (down_y, down_x), (top, bottom, left, right))
    if x.dtype == torch.float64 and x.is_cpu:
        across = axis_matrix(x.shape[3], f, up_x, down_x, (left, right))
        down_the_page = axis_matrix(x.shape[2], f, up_y, down_y, (top, bottom))
        return down_the_page.mT @ (x @ across)
    x = resample(x, f[None, :], (1, up_x), (1, down_x), (0, 0, left, right))
    return resample(x, f[:, None], (up_y, 1), (down_y, 1), (top, bottom, 0, 0))


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


def resample(
    x: Tensor, f: Tensor, up: tuple[int, int], down: tuple[int, int], padding: tuple[int, int, int, int]
) -> Tensor:
    """`x` through the 2-D filter `f`; factors are (y, x), padding is (top, bottom, left, right)."""
    channels = x.shape[1]
    if up == (1, 1):
        x, symmetric = padded(x, padding)
        weight = f.flip([0, 1]).expand(channels, 1, *f.shape)
        return F.conv2d(x, weight, stride=down, padding=symmetric, groups=channels)
    # A transposed convolution is the full one without the zeros; what the padding falls short of that is cropped.
    top, bottom = crop_of_full(x.shape[2], f.shape[0], up[0], padding[:2])
    left, right = crop_of_full(x.shape[3], f.shape[1], up[1], padding[2:])
    symmetric = max(min(top, bottom), 0), max(min(left, right), 0)
    weight = f.expand(channels, 1, *f.shape)
    x = F.conv_transpose2d(x, weight, stride=up, padding=symmetric, groups=channels)
    rest = [symmetric[1] - left, symmetric[1] - right, symmetric[0] - top, symmetric[0] - bottom]
    x = pad_or_crop(x, rest)
    return x[:, :, :: down[0], :: down[1]] if down != (1, 1) else x


def axis_matrix(size: int, f: Tensor, up: int, down: int, padding: tuple[int, int]) -> Tensor:
    """[size, new_size] that resamples rows of `size` pixels; PyTorch's float64 convolutions on a CPU are far slower."""
    rows = torch.eye(size, dtype=f.dtype, device=f.device)[:, None, None]
    return resample(rows, f[None, :], (1, up), (1, down), (0, 0, *padding))[:, 0, 0]


def padded(x: Tensor, padding: tuple[int, int, int, int]) -> tuple[Tensor, tuple[int, int]]:
    """`x` padded as far as a convolution cannot do it by itself, and what it can: the same on both sides."""
    top, bottom, left, right = padding
    symmetric = max(min(top, bottom), 0), max(min(left, right), 0)
    rest = [left - symmetric[1], right - symmetric[1], top - symmetric[0], bottom - symmetric[0]]
    return pad_or_crop(x, rest), symmetric


def pad_or_crop(x: Tensor, padding: list[int]) -> Tensor:
    """`x` with zeros around it, then cropped where `padding` [left, right, top, bottom] is negative."""
    for part in ([max(p, 0) for p in padding], [min(p, 0) for p in padding]):
        x = F.pad(x, part) if any(part) else x
    return x


def crop_of_full(size: int, taps: int, up: int, padding: tuple[int, int]) -> tuple[int, int]:
    """How much to crop from the start and the end of the full convolution of `size` samples `up` apart."""
    start = taps - 1 - padding[0]
    end = (size - 1) * up + taps - start - (size * up + sum(padding) - taps + 1)
    return start, end
