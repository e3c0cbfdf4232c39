"""One operator over a batch, whether its parameters are shared or each image has its own."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from ganbench.errors import BadInputError

Operator = Callable[..., tuple[Tensor, Tensor]]


def per_image(operator: Operator, x: Tensor, *parameters: Tensor | float, **settings: Any) -> tuple[Tensor, Tensor]:
    """Return ``operator(x, *parameters)``, once for all images or once an image where a parameter is ``[N]``.

    Raises:
        BadInputError: if ``x`` is no ``[N, C, H, W]`` of floats or the parameters are not one number or one an image.
    """
    if x.ndim != 4 or not x.is_floating_point():
        raise BadInputError(f"images are {x.dtype} of shape {list(x.shape)}; give [N, C, H, W] floating point.")
    values = torch.broadcast_tensors(*(torch.as_tensor(p, dtype=torch.float64, device="cpu") for p in parameters))
    if values[0].ndim == 0:
        return operator(x, *(float(value) for value in values), **settings)
    if values[0].shape != (len(x),):
        raise BadInputError(
            f"{len(x)} images came with parameters of shape {list(values[0].shape)}; give one number or one an image."
        )
    columns = zip(*(value.tolist() for value in values), strict=True)
    results = [operator(image, *column, **settings) for image, column in zip(x.split(1), columns, strict=True)]
    return torch.cat([image for image, _ in results]), torch.cat([mask for _, mask in results])
