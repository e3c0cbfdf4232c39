"""Shifts of images by whole pixels and by fractions of one, with the mask of what is known of the result."""

import math
from typing import SupportsIndex

import numpy as np
import torch
from torch import Tensor

from ganbench.functional.per_image import per_image, within_range
from ganbench.functional.rows import ArrayLike, as_integer

WIDEST = 64  # pixels on either side that a Lanczos window may reach


def translate_integer(x: ArrayLike, tx: Tensor | float, ty: Tensor | float) -> tuple[Tensor, Tensor]:
    """Return ``(image, mask)``: images shifted by the nearest whole number of pixels, with zeros coming in.

    Args:
        x: ``[N, C, H, W]`` floating point; half precision is computed and returned in float32.
        tx: to the right, in image widths; a number for all images or ``[N]``.
        ty: downwards, in image heights.

    The mask is 1 where the result is known and 0 elsewhere, shaped like ``x`` (a view; do not write into it).

    Raises:
        BadInputError: if ``x`` is not images, or a shift is neither a finite number nor one for each image.
        NonFiniteError: naming the first image with a NaN or an infinity.

    Source: Karras et al., Alias-free generative adversarial networks (NeurIPS 2021), appendix E.1.
    """
    return per_image(_translate_integer, x, {"tx": tx, "ty": ty})


def translate_fractional(
    x: ArrayLike, tx: Tensor | float, ty: Tensor | float, a: SupportsIndex = 3
) -> tuple[Tensor, Tensor]:
    """Return ``(image, mask)``: images shifted by a fraction of a pixel with a Lanczos filter of ``2 a`` taps.

    The image counts as zero outside; the mask is 1 where no tap reached there. ``a`` is 1 to 64. Everything else is as
    for ``translate_integer``.

    Source: Karras et al., Alias-free generative adversarial networks (NeurIPS 2021), appendix E.2.
    """
    taps = as_integer(a, "a", minimum=1, maximum=WIDEST)
    return per_image(_translate_fractional, x, {"tx": tx, "ty": ty}, a=taps)


def _translate_integer(x: Tensor, tx: float, ty: float) -> tuple[Tensor, Tensor]:
    height, width = x.shape[2:]
    dx, dy = round(_pixels(tx, width)), round(_pixels(ty, height))  # halves to even, as torch.round
    return _shifted(_shifted(x, dy, dim=2), dx, dim=3), _mask(x, (dy, height + dy), (dx, width + dx))


def _translate_fractional(x: Tensor, tx: float, ty: float, a: int) -> tuple[Tensor, Tensor]:
    height, width = x.shape[2:]
    dx, dy = _pixels(tx, width), _pixels(ty, height)
    known = [(math.floor(d) + a, math.floor(d) - (a - 1) + size) for d, size in ((dy, height), (dx, width))]
    return within_range(_resampled(_resampled(x, dx, a, dim=3), dy, a, dim=2)), _mask(x, *known)


def _pixels(t: float, size: int) -> float:
    """Return a shift in pixels, rounded to float32 so that ``k / size`` is ``k`` whole pixels for every size.

    Beyond the image and the reach of every filter a shift leaves nothing, however far it goes.
    """
    furthest = float(size + 2 * WIDEST)
    return float(np.float32(min(max(t * size, -furthest), furthest)))


def _resampled(x: Tensor, shift: float, a: int, dim: int) -> Tensor:
    """Return ``x`` shifted by ``shift`` pixels along one axis; output ``n`` is the Lanczos sum around ``n - shift``."""
    whole = math.floor(shift)
    taps = np.arange(1 - a, a + 1)
    weights = np.sinc(taps - (shift - whole)) * np.sinc((taps - (shift - whole)) / a)
    weights /= weights.sum()
    total = torch.zeros_like(x)
    for tap, weight in zip(taps.tolist(), weights.tolist(), strict=True):
        if weight:
            total.add_(_shifted(x, whole + tap, dim), alpha=weight)
    return total


def _shifted(x: Tensor, shift: int, dim: int) -> Tensor:
    """Return ``x`` shifted by whole pixels along one axis, with zeros coming in."""
    size = x.shape[dim]
    shifted = torch.zeros_like(x)
    if abs(shift) < size:
        kept = x.narrow(dim, max(-shift, 0), size - abs(shift))
        shifted.narrow(dim, max(shift, 0), size - abs(shift)).copy_(kept)
    return shifted


def _mask(x: Tensor, rows: tuple[int, int], columns: tuple[int, int]) -> Tensor:
    """Return 1 in the rectangle of the given first and last-but-one row and column, as far as it lies in the image."""
    mask = x.new_zeros(x.shape[2:])
    mask[max(rows[0], 0) : max(rows[1], 0), max(columns[0], 0) : max(columns[1], 0)] = 1
    return mask.expand(x.shape)
