"""The Triton kernel that takes images to a fine grid, kept on the chip, and back; see ``baselines.ops.bands``."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
import triton
import triton.language as tl
from torch import Tensor

from baselines.ops.bands import gather_bands, kept, spread_bands, terms

__all__ = ["Side", "fits", "launch"]

COARSE, FINE = 32, 64
"""Samples of a tile along each axis: of the coarse grids that are read and written, and of the fine one between."""

PLANES = 32
"""For how many images times channels one program computes the same tile, at most."""

PROGRAMS = 4096
"""How many programs keep a GPU busy; with more tiles than that, programs compute several."""

WARPS, STAGES = 4, 2
"""Groups of 32 threads of a program, and float16 tiles in flight.

Triton 3.6 compiles wrong programs for some other values, see ``results/performance.md``: check a change on a GPU.
"""

Bands = tuple[Tensor, Tensor, int]


@dataclass(frozen=True)
class Side:
    """A filter between the fine grid and the grid of the input, or that of the output.

    Attributes:
        f: ``[taps]`` or ``[taps, taps]``.
        flip: whether the taps run against the fine grid.
        factor: fine samples to a coarse one.
        offsets: fine index ``(y, x)`` of the first tap for coarse sample 0.
    """

    f: Tensor
    flip: bool
    factor: int
    offsets: tuple[int, int] = (0, 0)

    @property
    def taps(self) -> int:
        """Return the length of the filter."""
        return self.f.shape[0]

    @property
    def reach(self) -> int:
        """Return how many fine samples a tile of ``COARSE`` samples determines wherever it starts."""
        return min(FINE, COARSE * self.factor - self.taps + 1)

    def bands(self, make: Any, dtype: torch.dtype) -> Bands:
        """Return the matrices of ``spread_bands`` or ``gather_bands`` for tiles, and their number of terms."""

        def made() -> Bands:
            separable = terms(self.f, self.flip)
            y, x = (m.contiguous().to(self.f.device, dtype) for m in make(separable, self.factor, FINE, COARSE))
            return y, x, len(separable)

        return kept(self.f, (make, self.flip, self.factor, FINE, COARSE, dtype), made)


def step(spreads: Sequence[Side], gather: Side) -> int:
    """Return how many output samples along each axis a tile gives; below 1, the filters are too long for it."""
    reach = min(side.reach for side in spreads)
    return min(COARSE, (reach - gather.taps) // gather.factor + 1)


def fits(fu: Tensor, fd: Tensor, up: int, down: int) -> bool:
    """Return whether tiles are large enough for the filters, in both directions."""
    if any(f.ndim == 2 and f.shape[0] != f.shape[1] for f in (fu, fd)):
        return False
    spread, gather = Side(fu, False, up), Side(fd, False, down)
    return step([spread], gather) > 0 and step([spread, gather], spread) > 0


def launch(
    v: Tensor,
    x: Tensor,
    spread: Side,
    up: Side,
    gather: Side,
    size: Sequence[int],
    gain: float,
    slope: float,
    clamp: float,
    masked: bool,
) -> Tensor:
    """Return ``v`` on the fine grid, through the nonlinearity or times its derivative at ``x``, on the output's grid.

    Args:
        v: ``[N, C, H, W]``.
        x: ``[N, C, H, W]``, at whose upsampling the derivative is taken.
        spread: from the grid of ``v`` to the fine one.
        up: from the grid of ``x`` to the fine one.
        gather: from the fine grid to the output's.
        size: ``(height, width)`` of the output.
        gain, slope, clamp: of the nonlinearity.
        masked: whether to multiply by the derivative at ``x``, instead of applying the nonlinearity.
    """
    v, x = v.contiguous(), x.contiguous()
    n, c = v.shape[:2]
    y = v.new_empty([n, c, *size])
    if y.numel() == 0:
        return y
    half = v.dtype == torch.float16
    tile = step([spread, up] if masked else [spread], gather)
    rows, columns = (triton.cdiv(s, tile) for s in size)
    planes = max(1, min(PLANES, rows * columns * n * c // PROGRAMS))
    v_y, v_x, v_terms = spread.bands(spread_bands, v.dtype)
    x_y, x_x, x_terms = up.bands(spread_bands, v.dtype)
    g_y, g_x, g_terms = gather.bands(gather_bands, v.dtype)
    resample[rows * columns, triton.cdiv(n * c, planes)](
        v, x, y, v_y, v_x, x_y, x_x, g_y, g_x,
        n * c, planes, columns, tile, *v.shape[2:], *x.shape[2:], *size,
        *spread.offsets, *up.offsets, *gather.offsets,
        float(up.factor**2), gain, slope, clamp,
        v_factor=spread.factor, v_taps=spread.taps, v_terms=v_terms,
        x_factor=up.factor, x_taps=up.taps, x_terms=x_terms,
        g_factor=gather.factor, g_terms=g_terms,
        stacked=half, masked=masked, COARSE=COARSE, FINE=FINE, precision="ieee" if half else "tf32x3",
        num_warps=WARPS, num_stages=STAGES if half else 1,
    )  # fmt: skip
    return y


SIZES = ["planes", "planes_each", "columns", "tile", "v_h", "v_w", "x_h", "x_w", "y_h", "y_w"]
OFFSETS = ["v_oy", "v_ox", "x_oy", "x_ox", "g_oy", "g_ox"]


@triton.jit(do_not_specialize=[*SIZES, *OFFSETS])
def resample(
    v_ptr: "Any", x_ptr: "Any", y_ptr: "Any",
    v_by: "Any", v_bx: "Any", x_by: "Any", x_bx: "Any", g_by: "Any", g_bx: "Any",
    planes: "Any", planes_each: "Any", columns: "Any", tile: "Any",
    v_h: "Any", v_w: "Any", x_h: "Any", x_w: "Any", y_h: "Any", y_w: "Any",
    v_oy: "Any", v_ox: "Any", x_oy: "Any", x_ox: "Any", g_oy: "Any", g_ox: "Any",
    scale: "Any", gain: "Any", slope: "Any", clamp: "Any",
    v_factor: tl.constexpr, v_taps: tl.constexpr, v_terms: tl.constexpr,
    x_factor: tl.constexpr, x_taps: tl.constexpr, x_terms: tl.constexpr,
    g_factor: tl.constexpr, g_terms: tl.constexpr,
    stacked: tl.constexpr, masked: tl.constexpr, COARSE: tl.constexpr, FINE: tl.constexpr, precision: tl.constexpr,
) -> None:  # fmt: skip
    """Compute one tile of some planes: spread to the fine grid, the nonlinearity or its derivative, gather."""
    place = tl.program_id(0)
    o_y, o_x = place // columns * tile, place % columns * tile
    j_y, j_x = o_y * g_factor + g_oy, o_x * g_factor + g_ox
    v_offsets, v_inside, v_py, v_px = coarse_tile(j_y - v_oy, j_x - v_ox, v_h, v_w, v_taps, v_factor, COARSE)
    x_offsets, x_inside, x_py, x_px = coarse_tile(j_y - x_oy, j_x - x_ox, x_h, x_w, x_taps, x_factor, COARSE)
    v_by, v_bx = v_by + v_py * FINE * COARSE, v_bx + v_px * FINE * COARSE
    x_by, x_bx = x_by + x_py * FINE * COARSE, x_bx + x_px * FINE * COARSE
    stored: tl.constexpr = triton.next_power_of_2(g_terms)
    if stacked:  # what all planes share stays on the chip
        up_y, up_x = matrix(v_by, FINE, COARSE, COARSE), matrix(v_bx, COARSE, FINE, FINE)
        down_y, down_x = stack(g_by, COARSE, FINE, stored), stack(g_bx, FINE, COARSE, stored)
    out_y, out_x = o_y + tl.arange(0, COARSE), o_x + tl.arange(0, COARSE)
    inside_y, inside_x = (out_y < o_y + tile) & (out_y < y_h), (out_x < o_x + tile) & (out_x < y_w)
    first = tl.program_id(1) * planes_each
    for plane in range(first, min(first + planes_each, planes)):
        at = tl.cast(plane, tl.int64)
        v = tl.load(v_ptr + at * v_h * v_w + v_offsets, mask=v_inside, other=0.0)
        if stacked:
            fine = product(product(up_y, v, precision).to(v.dtype), up_x, precision)
            if v_terms > 1:
                fine += spread(v, v_by, v_bx, 1, v_terms, v_factor, COARSE, FINE, precision)
        else:
            fine = spread(v, v_by, v_bx, 0, v_terms, v_factor, COARSE, FINE, precision)
        fine *= scale
        if masked:
            x = tl.load(x_ptr + at * x_h * x_w + x_offsets, mask=x_inside, other=0.0)
            s = spread(x, x_by, x_bx, 0, x_terms, x_factor, COARSE, FINE, precision) * scale
            derivative = tl.where(s > 0, gain, gain * slope)
            fine *= tl.where(tl.abs(s * derivative) < clamp, derivative, 0.0)
        else:
            fine *= tl.where(fine > 0, gain, gain * slope)
            fine = tl.minimum(tl.maximum(fine, -clamp), clamp)
        if stacked:
            y = gather_stacked(fine.to(v.dtype), down_y, down_x, stored, COARSE, FINE, precision)
        else:
            y = gather(fine.to(v.dtype), g_by, g_bx, g_terms, stored, COARSE, FINE, precision)
        at_y = y_ptr + at * y_h * y_w + out_y[:, None] * y_w + out_x[None, :]
        tl.store(at_y, y.to(v.dtype), mask=inside_y[:, None] & inside_x[None, :])


@triton.jit
def spread(
    v: "Any", b_y: "Any", b_x: "Any", first: tl.constexpr, terms: tl.constexpr, factor: tl.constexpr,
    COARSE: tl.constexpr, FINE: tl.constexpr, precision: tl.constexpr,
) -> "Any":  # fmt: skip
    """Return the sum of the products of the coarse tile ``v`` with the matrices of some terms."""
    fine = tl.zeros([FINE, FINE], tl.float32)
    for term in tl.static_range(first, terms):
        start = term * factor * FINE * COARSE
        rows = product(matrix(b_y + start, FINE, COARSE, COARSE), v, precision).to(v.dtype)
        fine += product(rows, matrix(b_x + start, COARSE, FINE, FINE), precision)
    return fine


@triton.jit
def gather_stacked(
    fine: "Any", down_y: "Any", down_x: "Any", terms: tl.constexpr,
    COARSE: tl.constexpr, FINE: tl.constexpr, precision: tl.constexpr,
) -> "Any":  # fmt: skip
    """Return the sum of the products of the fine tile with the matrices of all terms, which are stacked."""
    if terms == 1:
        return product(down_y, product(fine, down_x, precision).to(fine.dtype), precision)
    # A stack is as well multiplied from the left: its product then takes fewer registers.
    rows = product(down_y, fine, precision).to(fine.dtype)
    rows = tl.reshape(tl.permute(tl.reshape(rows, [terms, COARSE, FINE]), [1, 0, 2]), [COARSE, terms * FINE])
    return product(rows, down_x, precision)


@triton.jit
def gather(
    fine: "Any", b_y: "Any", b_x: "Any", terms: tl.constexpr, stride: tl.constexpr,
    COARSE: tl.constexpr, FINE: tl.constexpr, precision: tl.constexpr,
) -> "Any":  # fmt: skip
    """Return the sum of the products of the fine tile with the matrices of all terms, one after the other."""
    y = tl.zeros([COARSE, COARSE], tl.float32)
    for term in range(terms):
        columns = product(fine, matrix(b_x + term * COARSE, FINE, COARSE, stride * COARSE), precision).to(fine.dtype)
        y += product(matrix(b_y + term * FINE, COARSE, FINE, stride * FINE), columns, precision)
    return y


@triton.jit
def matrix(start: "Any", height: tl.constexpr, width: tl.constexpr, stride: tl.constexpr) -> "Any":
    """Return the matrix stored from ``start`` in rows ``stride`` apart."""
    return tl.load(start + tl.arange(0, height)[:, None] * stride + tl.arange(0, width)[None, :])


@triton.jit
def stack(start: "Any", height: tl.constexpr, width: tl.constexpr, terms: tl.constexpr) -> "Any":
    """Return matrices stored side by side from ``start``, one below the other."""
    row = tl.arange(0, terms * height)
    return tl.load(
        start + ((row % height) * (terms * width) + (row // height) * width)[:, None] + tl.arange(0, width)[None, :]
    )


@triton.jit
def coarse_tile(
    j_y: "Any", j_x: "Any", height: "Any", width: "Any",
    taps: tl.constexpr, factor: tl.constexpr, COARSE: tl.constexpr,
) -> "Any":  # fmt: skip
    """Return offsets and mask of the coarse tile that reaches the fine tile from ``(j_y, j_x)``, and its phases."""
    k_y, k_x = first_coarse(j_y, taps, factor), first_coarse(j_x, taps, factor)
    y, x = k_y + tl.arange(0, COARSE), k_x + tl.arange(0, COARSE)
    inside = ((y >= 0) & (y < height))[:, None] & ((x >= 0) & (x < width))[None, :]
    return y[:, None] * width + x[None, :], inside, k_y * factor - j_y + taps - 1, k_x * factor - j_x + taps - 1


@triton.jit
def first_coarse(j: "Any", taps: tl.constexpr, factor: tl.constexpr) -> "Any":
    """Return the first coarse sample whose taps reach fine sample ``j``."""
    # Division rounds towards 0, hence the detour.
    far: tl.constexpr = 65536
    return (j - taps + factor + far * factor) // factor - far


@triton.jit
def product(a: "Any", b: "Any", precision: tl.constexpr) -> "Any":
    """Return the matrix product ``a @ b`` in float32."""
    return tl.dot(a, b, input_precision=precision, out_dtype=tl.float32)
