"""Conversion of the arguments of functions that compare images with images."""

import math

import torch
from torch import Tensor

from ganbench.errors import BadInputError, NonFiniteError
from ganbench.functional.rows import ArrayLike, as_tensor


def as_image_pair(x: ArrayLike, y: ArrayLike, data_range: float) -> tuple[Tensor, Tensor]:
    """Return two batches of images ``[N, C, H, W]`` in float64.

    Args:
        x: images ``[N, C, H, W]``, as tensor or array.
        y: images of the same shape.
        data_range: largest difference that two pixels may have.

    Raises:
        BadInputError: if shapes do not fit, or ``data_range`` is not above 0.
        NonFiniteError: if an image is not finite.
    """
    if not 0 < data_range < math.inf:
        raise BadInputError(
            f"expected a number above 0 for data_range, found {data_range}: it is 255 for 8-bit images."
        )
    first, second = (as_tensor(given, name).to(torch.float64) for given, name in ((x, "x"), (y, "y")))
    if first.ndim != 4 or first.shape != second.shape or not first.numel():
        raise BadInputError(
            f"expected images of one shape [N, C, H, W] for x and y, found {list(first.shape)} and "
            f"{list(second.shape)}: resize or convert one of them."
        )
    for images, name in ((first, "x"), (second, "y")):
        finite = images.flatten(1).isfinite().all(1)
        if not bool(finite.all()):
            raise NonFiniteError(
                f"expected finite images for {name}, found one that is not, number {int(finite.long().argmin())}: "
                "check what made it."
            )
    return first, second
