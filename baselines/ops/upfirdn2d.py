"""Upsample, filter and downsample: the resampling operator under every StyleGAN layer."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

__all__ = ["downsample2d", "filter2d", "prepare_upfirdn2d", "setup_filter", "upfirdn2d", "upsample2d"]

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
    if f is None and not pair(up) == pair(down) == (1, 1):
        f = x.new_ones([1, 1])
    f = None if f is None else f.to(x.device, x.dtype)
    return prepare_upfirdn2d(f, x.shape[1:], up, down, padding, flip_filter, gain)(x)


def prepare_upfirdn2d(
    f: Tensor | None,
    shape: Sequence[int],
    up: Pair = 1,
    down: Pair = 1,
    padding: Pair = 0,
    flip_filter: bool = False,
    gain: float = 1.0,
) -> Callable[[Tensor], Tensor]:
    """`upfirdn2d` for images of one shape, with all that does not depend on the image done beforehand.

    f: in the dtype and on the device of the images; None if nothing is resampled. shape: [C, H, W] of the images.
    """
    (up_x, up_y), (down_x, down_y), (channels, height, width) = pair(up), pair(down), shape
    left, right, top, bottom = sides(padding)
    if f is None:
        return lambda x: pad_or_crop(x if gain == 1 else x * gain, [left, right, top, bottom])
    f = f if gain == 1 else f * float(gain ** (f.ndim / 2))
    f = f.flip(list(range(f.ndim))) if flip_filter else f
    if f.ndim == 2:
        return Pass.prepare(f, shape, (up_y, up_x), (down_y, down_x), (top, bottom, left, right))
    rows = Pass.prepare(f[None, :], shape, (1, up_x), (1, down_x), (0, 0, left, right))
    between = (channels, height, (width * up_x + left + right - len(f)) // down_x + 1)
    columns = Pass.prepare(f[:, None], between, (up_y, 1), (down_y, 1), (top, bottom, 0, 0))
    return lambda x: columns(rows(x))


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


@dataclass(frozen=True)
class Pass:
    """One filter for images of one shape, as one depthwise convolution.

    Attributes:
        weight: [C, 1, taps_y, taps_x].
        up, down: factors (y, x).
        symmetric: padding (y, x) of the convolution, or what the transposed convolution crops.
        rest: [left, right, top, bottom] to pad or crop before the convolution, or after the transposed one.
    """

    weight: Tensor
    up: tuple[int, int]
    down: tuple[int, int]
    symmetric: tuple[int, int]
    rest: list[int]

    @classmethod
    def prepare(
        cls,
        f: Tensor,
        shape: Sequence[int],
        up: tuple[int, int],
        down: tuple[int, int],
        padding: tuple[int, int, int, int],
    ) -> "Pass":
        """The pass through `f` [taps_y, taps_x]; factors are (y, x), padding is (top, bottom, left, right)."""
        top, bottom, left, right = padding
        if up != (1, 1):
            # A transposed convolution is the full one without the zeros; what the padding lacks of that is cropped.
            top, bottom = crop_of_full(shape[1], f.shape[0], up[0], (top, bottom))
            left, right = crop_of_full(shape[2], f.shape[1], up[1], (left, right))
        symmetric = max(min(top, bottom), 0), max(min(left, right), 0)
        rest = [left - symmetric[1], right - symmetric[1], top - symmetric[0], bottom - symmetric[0]]
        if up == (1, 1):
            f = f.flip([0, 1])  # what is called a convolution in networks does not flip
        else:
            rest = [-p for p in rest]
        return cls(f.expand(shape[0], 1, *f.shape).contiguous(), up, down, symmetric, rest)

    def __call__(self, x: Tensor) -> Tensor:
        """`x` [N, C, H, W] resampled."""
        channels = len(self.weight)
        if self.up == (1, 1):
            x = pad_or_crop(x, self.rest)
            return F.conv2d(x, self.weight, stride=self.down, padding=self.symmetric, groups=channels)
        x = F.conv_transpose2d(x, self.weight, stride=self.up, padding=self.symmetric, groups=channels)
        x = pad_or_crop(x, self.rest)
        return x[:, :, :: self.down[0], :: self.down[1]] if self.down != (1, 1) else x


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
