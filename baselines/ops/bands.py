"""FIR resampling written as products with banded matrices, which tensor cores multiply.

Along one axis, a filter ``h`` relates coarse samples ``k`` to fine samples ``j``, ``factor`` to a coarse one, by the
matrix ``B[j, k] = h[j - k * factor - offset]``, whose taps lie around a diagonal. ``B @ x`` inserts zeros and filters;
``B.T @ y`` filters and keeps every ``factor``-th sample. So the gradient of either is the other with the same taps. A
filter of two dimensions is a sum of outer products, and so of few such pairs of matrices.
"""

from collections.abc import Callable, MutableMapping
from typing import Any, TypeVar

import torch
from torch import Tensor
from torch.utils.weak import WeakIdKeyDictionary

__all__ = ["gather_bands", "kept", "spread_bands", "terms"]

T = TypeVar("T")

# Smaller singular values, relative to the largest, are below the rounding of float32.
NEGLIGIBLE = 2.0**-24


def terms(f: Tensor, flip: bool) -> Tensor:
    """Return separable filters ``[R, 2, taps]`` (y, x) whose outer products sum to ``f``, in float64 on the CPU.

    Args:
        f: ``[taps]`` for both axes, or ``[taps, taps]``. StyleGAN3's symmetric filters have two to four terms.
        flip: whether to reverse the taps.
    """
    f = f.detach().double().cpu()
    f = f.flip(list(range(f.ndim))) if flip else f
    if f.ndim == 1:
        return torch.stack([f, f])[None]
    u, s, v = torch.linalg.svd(f)
    rank = max(int((s > s[0] * NEGLIGIBLE).sum()), 1)
    root = s[:rank, None].sqrt()
    return torch.stack([u.t()[:rank] * root, v[:rank] * root], dim=1)


def spread_bands(h: Tensor, factor: int, fine: int, coarse: int) -> tuple[Tensor, Tensor]:
    """Return the matrices that upsample a tile: ``[R, factor, fine, coarse]`` for columns of it, and their transposes.

    The second index is the phase: by how much the tile's first coarse sample, the first to reach its first fine sample,
    fails to reach the sample after its last tap.

    Args:
        h: ``[R, 2, taps]``, from ``terms``.
        factor: fine samples to a coarse one.
        fine: fine samples of a tile.
        coarse: coarse samples of a tile.
    """
    j, k, phase = torch.arange(fine), torch.arange(coarse), torch.arange(factor)
    found = band(h, h.shape[-1] - 1 - phase[:, None, None] + j[None, :, None] - k[None, None, :] * factor)
    return found[:, 0], found[:, 1].transpose(-1, -2)


def gather_bands(h: Tensor, factor: int, fine: int, coarse: int) -> tuple[Tensor, Tensor]:
    """Return the matrices that downsample a tile: ``[coarse, R * fine]`` for columns, ``[fine, R * coarse]`` for rows.

    R is padded to a power of two with zeros. Arguments are those of ``spread_bands``.
    """
    found = band(h, torch.arange(fine) - torch.arange(coarse)[:, None] * factor)
    missing = (1 << (len(h) - 1).bit_length()) - len(h)
    found = torch.cat([found, found.new_zeros([missing, *found.shape[1:]])])
    return found[:, 0].movedim(0, 1).flatten(1), found[:, 1].permute(2, 0, 1).flatten(1)


def band(h: Tensor, tap: Tensor) -> Tensor:
    """Return ``h[..., tap]``, with zeros where ``tap`` is outside the filter."""
    inside = (tap >= 0) & (tap < h.shape[-1])
    return h[..., tap.clamp(0, h.shape[-1] - 1)] * inside


_kept: MutableMapping[Tensor, dict[tuple[object, ...], Any]] = WeakIdKeyDictionary()


def kept(f: Tensor, key: tuple[object, ...], make: Callable[[], T]) -> T:
    """Return ``make()``, computed once for ``key`` and the tensor ``f`` with its present values."""
    key = (0 if f.is_inference() else f._version, *key)
    found = _kept.setdefault(f, {})
    if key not in found:
        found[key] = make()
    value: T = found[key]
    return value
