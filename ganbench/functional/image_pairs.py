"""Conversion of the arguments of functions that compare images with images."""

from typing import Any

import torch
from torch import Tensor

from ganbench.errors import BadInputError, NonFiniteError
from ganbench.functional.rows import ArrayLike, as_number, as_tensor


def as_image_pair(x: ArrayLike, y: ArrayLike, data_range: Any) -> tuple[Tensor, Tensor, float]:
    """Return two batches of images ``[N, C, H, W]`` in float64, and the range of their values.

    Args:
        x: images ``[N, C, H, W]``, as tensor or array.
        y: images of the same shape.
        data_range: largest difference that two pixels may have.

    Raises:
        BadInputError: if shapes do not fit, or ``data_range`` is not above 0.
        NonFiniteError: if an image is not finite.
    """
    spread = as_number(data_range, "data_range", above=0)
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
    return first, second, spread
