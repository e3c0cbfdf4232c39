"""Upsample, filter and downsample: the resampling operator under every StyleGAN layer."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from baselines.ops.fused import fusable

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
    """Return a float32 filter for ``upfirdn2d``: ``[taps]`` if it is applied separably, else ``[taps_y, taps_x]``.

    Args:
        f: ``[]``, ``[taps]`` or ``[taps_y, taps_x]``; None is the identity.
        device: device of the result.
        normalize: whether to scale the taps to a sum of 1.
        flip_filter: whether to reverse the taps.
        gain: gain of the whole 2-D filter.
        separable: whether to apply a 1-D filter along each axis; None for 1-D filters with at least eight taps. For
            shorter ones, a single small 2-D convolution is faster than two passes.

    Raises:
        ValueError: for an empty filter or one of more than two dimensions.
    """
    f = torch.as_tensor(1.0 if f is None else f, dtype=torch.float32, device=device)
    if f.ndim > 2 or f.numel() == 0:
        raise ValueError(
            f"expected a filter [taps] or [taps_y, taps_x], found shape {list(f.shape)}: give one of the two."
        )
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
    """Return ``x`` upsampled by inserting zeros, padded, filtered, and downsampled by keeping every ``down``-th pixel.

    Args:
        x: ``[N, C, H, W]`` floating point.
        f: from ``setup_filter``; None is the identity.
        up: factor, or ``(x, y)``.
        down: factor, or ``(x, y)``.
        padding: pixels after upsampling, as one number, ``(x, y)`` or ``(left, right, top, bottom)``; negative numbers
            crop.
        flip_filter: True correlates with the filter, False convolves.
        gain: factor applied to the result.

    Source: Karras et al., A style-based generator architecture (CVPR 2019) and Analyzing and improving the image
    quality of StyleGAN (CVPR 2020), for the filtered resampling.
    """
    if f is None and not pair(up) == pair(down) == (1, 1):
        f = x.new_ones([1, 1])
    if f is not None and fusable(x.device, x.dtype, f):
        return fused_upfirdn2d(x, f, pair(up), pair(down), sides(padding), flip_filter, gain)
    f = None if f is None else f.to(x.device, x.dtype)
    return prepare_upfirdn2d(f, x.shape[1:], up, down, padding, flip_filter, gain)(x)


def fused_upfirdn2d(
    x: Tensor,
    f: Tensor,
    up: tuple[int, int],
    down: tuple[int, int],
    padding: tuple[int, int, int, int],
    flip_filter: bool,
    gain: float,
) -> Tensor:
    """Return ``upfirdn2d`` computed by the Triton kernel, which takes the filter in float32 whatever ``x`` is."""
    from baselines.ops.triton_upfirdn import upfirdn2d as resample

    f = f.to(x.device, torch.float32)
    (up_x, up_y), (down_x, down_y), (left, right, top, bottom) = up, down, padding
    if f.ndim == 2:
        y: Tensor = resample(x, f, [up_y, up_x], [down_y, down_x], [top, bottom, left, right], flip_filter, gain)
    else:
        rows = resample(x, f[None, :], [1, up_x], [1, down_x], [0, 0, left, right], flip_filter, gain)
        y = resample(rows, f[:, None], [up_y, 1], [down_y, 1], [top, bottom, 0, 0], flip_filter, 1.0)
    return y


def prepare_upfirdn2d(
    f: Tensor | None,
    shape: Sequence[int],
    up: Pair = 1,
    down: Pair = 1,
    padding: Pair = 0,
    flip_filter: bool = False,
    gain: float = 1.0,
) -> Callable[[Tensor], Tensor]:
    """Return ``upfirdn2d`` as a function of ``x``, with everything that does not depend on pixels precomputed.

    Args:
        f: in the dtype and on the device of the images; None if nothing is resampled.
        shape: ``[C, H, W]`` of the images.

    The other arguments are those of ``upfirdn2d``.
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
    """Return ``x`` filtered, of the same size plus ``padding``."""
    width, height = filter_size(f)
    left, right, top, bottom = sides(padding)
    p = [left + width // 2, right + (width - 1) // 2, top + height // 2, bottom + (height - 1) // 2]
    return upfirdn2d(x, f, padding=p, flip_filter=flip_filter, gain=gain)


def upsample2d(
    x: Tensor, f: Tensor | None, up: Pair = 2, padding: Pair = 0, flip_filter: bool = False, gain: float = 1.0
) -> Tensor:
    """Return ``x`` enlarged by ``up``, plus ``padding`` in output pixels; brightness is kept."""
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
    """Return ``x`` reduced by ``down``; ``padding`` is in input pixels."""
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
    """Return the factors ``(x, y)``, both at least 1."""
    x, y = (factor, factor) if isinstance(factor, int) else factor
    if x < 1 or y < 1:
        raise ValueError(f"expected resampling factors of at least 1, found {factor}: 1 leaves the size as it is.")
    return x, y


def sides(padding: Pair) -> tuple[int, int, int, int]:
    """Return ``(left, right, top, bottom)`` from one number, ``(x, y)``, or all four."""
    values = (padding, padding) if isinstance(padding, int) else tuple(padding)
    if len(values) == 2:
        values = (values[0], values[0], values[1], values[1])
    if len(values) != 4:
        raise ValueError(
            f"expected 1, 2 or 4 numbers for the padding, found {len(values)}: give one, x and y, or all four sides."
        )
    left, right, top, bottom = values
    return left, right, top, bottom


def filter_size(f: Tensor | None) -> tuple[int, int]:
    """Return ``(width, height)`` of the filter in taps."""
    return (1, 1) if f is None else (f.shape[-1], f.shape[0])


@dataclass  # not frozen: Dynamo of PyTorch 2.11 cannot make a frozen one inside a compiled network
class Pass:
    """One filter for images of one shape, as one depthwise convolution.

    Attributes:
        weight: ``[C, 1, taps_y, taps_x]``.
        up, down: factors ``(y, x)``.
        symmetric: padding ``(y, x)`` of the convolution, or cropping of the transposed convolution.
        rest: ``[left, right, top, bottom]`` to pad or crop before the convolution, or after the transposed one.
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
        """Return the pass of a filter.

        Args:
            f: ``[taps_y, taps_x]``.
            shape: ``[C, H, W]`` of the images.
            up: factors ``(y, x)``.
            down: factors ``(y, x)``.
            padding: ``(top, bottom, left, right)``.
        """
        top, bottom, left, right = padding
        if up != (1, 1):
            # A transposed convolution gives the full convolution without multiplying inserted zeros. It is larger than
            # the padded one, so the difference is cropped.
            top, bottom = crop_of_full(shape[1], f.shape[0], up[0], (top, bottom))
            left, right = crop_of_full(shape[2], f.shape[1], up[1], (left, right))
        symmetric = max(min(top, bottom), 0), max(min(left, right), 0)
        rest = [left - symmetric[1], right - symmetric[1], top - symmetric[0], bottom - symmetric[0]]
        if up == (1, 1):
            f = f.flip([0, 1])  # torch's convolution is a correlation
        else:
            rest = [-p for p in rest]
        return cls(f.expand(shape[0], 1, *f.shape).contiguous(), up, down, symmetric, rest)

    def __call__(self, x: Tensor) -> Tensor:
        """Return ``x [N, C, H, W]`` resampled."""
        channels = len(self.weight)
        if self.up == (1, 1):
            x = pad_or_crop(x, self.rest)
            return F.conv2d(x, self.weight, stride=self.down, padding=self.symmetric, groups=channels)
        x = F.conv_transpose2d(x, self.weight, stride=self.up, padding=self.symmetric, groups=channels)
        x = pad_or_crop(x, self.rest)
        return x[:, :, :: self.down[0], :: self.down[1]] if self.down != (1, 1) else x


def pad_or_crop(x: Tensor, padding: list[int]) -> Tensor:
    """Return ``x`` with zeros around it, then cropped where ``padding [left, right, top, bottom]`` is negative."""
    for part in ([max(p, 0) for p in padding], [min(p, 0) for p in padding]):
        x = F.pad(x, part) if any(part) else x
    return x


def crop_of_full(size: int, taps: int, up: int, padding: tuple[int, int]) -> tuple[int, int]:
    """Return how much to crop from start and end of the full convolution of ``size`` samples, ``up`` apart."""
    start = taps - 1 - padding[0]
    end = (size - 1) * up + taps - start - (size * up + sum(padding) - taps + 1)
    return start, end
