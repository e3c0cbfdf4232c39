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
        BadInputError: if ``x`` is no ``[N, C, H, W]`` of floats, or a parameter is neither a finite number nor one for
            each image.
    """
    if x.ndim != 4 or not x.is_floating_point():
        raise BadInputError(f"images are {x.dtype} of shape {list(x.shape)}; give [N, C, H, W] floating point.")
    values = [torch.as_tensor(p, dtype=torch.float64, device="cpu").detach() for p in parameters]
    if not all(bool(value.isfinite().all()) for value in values):
        raise BadInputError(f"the parameters {[value.tolist() for value in values]} are not all finite; give numbers.")
    if all(value.ndim == 0 for value in values):
        return operator(x, *map(float, values), **settings)
    if any(value.shape not in ((), (len(x),)) for value in values):
        raise BadInputError(
            f"{len(x)} images came with parameters of shape {[list(value.shape) for value in values]}; "
            "give one number, or one an image."
        )
    columns = [value.expand(len(x)).tolist() for value in values]
    results = [operator(x[i : i + 1], *row, **settings) for i, row in enumerate(zip(*columns, strict=True))]
    return torch.cat([image for image, _ in results]), torch.cat([mask for _, mask in results])
