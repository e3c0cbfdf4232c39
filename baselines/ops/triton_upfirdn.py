"""Upsample, filter and downsample as one Triton kernel, which multiplies no inserted zeros and writes no padding.

Its gradient is the same operator with the two factors exchanged and the filter reversed.
"""

from collections.abc import Sequence
from typing import Any

import torch
import triton
import triton.language as tl
from torch import Tensor

__all__ = ["upfirdn2d"]

ROWS, COLUMNS = 4, 128
"""Outputs of one program."""


def out_size(
    size: Sequence[int], taps: Sequence[int], up: Sequence[int], down: Sequence[int], p: Sequence[int]
) -> list[int]:
    """Return the output's height and width.

    Args:
        size: ``(y, x)`` of the input; likewise the length of the filter and the factors.
        p: ``(top, bottom, left, right)``.
    """
    return [(size[i] * up[i] + p[2 * i] + p[2 * i + 1] - taps[i]) // down[i] + 1 for i in (0, 1)]


@torch.library.custom_op("baselines::upfirdn2d", mutates_args=())
def upfirdn2d(
    x: Tensor, f: Tensor, up: Sequence[int], down: Sequence[int], padding: Sequence[int], flip_filter: bool, gain: float
) -> Tensor:
    """Return ``x [N, C, H, W]`` resampled with the filter ``f [taps_y, taps_x]`` in float32.

    Args:
        up: factors ``(y, x)``.
        down: factors ``(y, x)``.
        padding: ``(top, bottom, left, right)``.
        flip_filter: True correlates with the filter, False convolves.
        gain: factor applied to the result.
    """
    x, f = x.contiguous(), f.contiguous()
    size = out_size(x.shape[2:], f.shape, up, down, padding)
    y = x.new_empty([*x.shape[:2], *size])
    tiles = triton.cdiv(size[0], ROWS), triton.cdiv(size[1], COLUMNS)
    if y.numel() > 0:
        resample[tiles[0] * tiles[1] * x.shape[0] * x.shape[1],](
            x, f, y, *tiles, *x.shape[2:], *size, padding[0], padding[2], gain,
            taps_y=f.shape[0], taps_x=f.shape[1], up_y=up[0], up_x=up[1], down_y=down[0], down_x=down[1],
            flip=flip_filter, ROWS=ROWS, COLUMNS=COLUMNS,
        )  # fmt: skip
    return y


@triton.jit(do_not_specialize=["tiles_y", "tiles_x", "height", "width", "out_h", "out_w", "top", "left"])
def resample(
    x_ptr: "Any", f_ptr: "Any", y_ptr: "Any", tiles_y: "Any", tiles_x: "Any", height: "Any", width: "Any",
    out_h: "Any", out_w: "Any", top: "Any", left: "Any", gain: "Any",
    taps_y: tl.constexpr, taps_x: tl.constexpr, up_y: tl.constexpr, up_x: tl.constexpr,
    down_y: tl.constexpr, down_x: tl.constexpr, flip: tl.constexpr, ROWS: tl.constexpr, COLUMNS: tl.constexpr,
) -> None:  # fmt: skip
    """Compute ``[ROWS, COLUMNS]`` outputs of one plane."""
    place = tl.program_id(0)
    plane = tl.cast(place // (tiles_y * tiles_x), tl.int64)
    tile = place % (tiles_y * tiles_x)
    o_y = tile // tiles_x * ROWS + tl.arange(0, ROWS)
    o_x = tile % tiles_x * COLUMNS + tl.arange(0, COLUMNS)
    k_y, tap_y = first_sample(o_y, top, up_y, down_y)
    k_x, tap_x = first_sample(o_x, left, up_x, down_x)
    x_ptr += plane * height * width
    found = tl.zeros([ROWS, COLUMNS], tl.float32)
    for i in tl.static_range((taps_y + up_y - 1) // up_y):
        y, t_y = k_y + i, tap_y + i * up_y
        inside_y = (y >= 0) & (y < height) & (t_y < taps_y)
        f_y = (t_y if flip else taps_y - 1 - t_y) * taps_x
        for j in tl.static_range((taps_x + up_x - 1) // up_x):
            x, t_x = k_x + j, tap_x + j * up_x
            inside = inside_y[:, None] & ((x >= 0) & (x < width) & (t_x < taps_x))[None, :]
            if up_y * up_x == 1:  # one tap for all outputs
                tap = tl.load(f_ptr + (i * taps_x + j if flip else (taps_y - 1 - i) * taps_x + taps_x - 1 - j))
            else:
                f_x = t_x if flip else taps_x - 1 - t_x
                tap = tl.load(f_ptr + f_y[:, None] + f_x[None, :], mask=inside, other=0.0)
            value = tl.load(x_ptr + y[:, None] * width + x[None, :], mask=inside, other=0.0)
            found += value.to(tl.float32) * tap
    inside = (o_y < out_h)[:, None] & (o_x < out_w)[None, :]
    y_offsets = o_y[:, None] * out_w + o_x[None, :]
    tl.store(y_ptr + plane * out_h * out_w + y_offsets, (found * gain).to(y_ptr.dtype.element_ty), mask=inside)


@triton.jit
def first_sample(o: "Any", padding: "Any", up: tl.constexpr, down: tl.constexpr) -> "Any":
    """Return the first input sample that output ``o`` reads, and its tap."""
    # Division rounds towards 0, hence the detour.
    far: tl.constexpr = 65536
    k = (o * down - padding + up - 1 + far * up) // up - far
    return k, k * up + padding - o * down


@upfirdn2d.register_fake
def _(
    x: Tensor, f: Tensor, up: Sequence[int], down: Sequence[int], padding: Sequence[int], flip_filter: bool, gain: float
) -> Tensor:
    return x.new_empty([*x.shape[:2], *out_size(x.shape[2:], f.shape, up, down, padding)])


def remember(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
    """Keep the filter, the factors and the sizes."""
    x, f, up, down, padding, flip_filter, gain = inputs
    ctx.save_for_backward(f)
    ends = [x.shape[2 + i] * up[i] - output.shape[2 + i] * down[i] + padding[2 * i] - up[i] + 1 for i in (0, 1)]
    starts = [f.shape[i] - padding[2 * i] - 1 for i in (0, 1)]
    ctx.arguments = down, up, [starts[0], ends[0], starts[1], ends[1]], not flip_filter, gain


def differentiate(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
    """Return the gradient with respect to ``x``."""
    (f,) = ctx.saved_tensors
    return upfirdn2d(gradient, f, *ctx.arguments), *[None] * 6


upfirdn2d.register_autograd(differentiate, setup_context=remember)
