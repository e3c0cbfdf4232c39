"""One operator over a batch, whether its parameters are shared or each image has its own."""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor

from ganbench.errors import BadInputError, NonFiniteError
from ganbench.functional.rows import ArrayLike, as_tensor

Operator = Callable[..., tuple[Tensor, Tensor]]


def per_image(
    operator: Operator, x: ArrayLike, parameters: Mapping[str, Tensor | float], **settings: Any
) -> tuple[Tensor, Tensor]:
    """Return ``operator(x, **parameters)``, once for all images or once for each where a parameter is ``[N]``.

    Args:
        operator: takes images and a number for each parameter, and returns image and mask.
        x: ``[N, C, H, W]`` floating point.
        parameters: by name, a number for all images or ``[N]``.
        settings: passed on as they are.

    Raises:
        BadInputError: if ``x`` is not ``[N, C, H, W]`` of floats, or a parameter is neither a finite number nor one for
            each image.
        NonFiniteError: if an image is not finite.
    """
    images = as_images(x, "x")
    values = {name: as_tensor(p, name).detach().to("cpu", torch.float64) for name, p in parameters.items()}
    for name, value in values.items():
        if not bool(value.isfinite().all()):
            raise BadInputError(
                f"expected finite numbers for {name}, found {value.tolist()}: check where they come from."
            )
        if value.shape not in ((), (len(images),)):
            raise BadInputError(
                f"expected one number for {name}, or one for each of {len(images)} images, found shape "
                f"{list(value.shape)}: give one of the two."
            )
    if all(value.ndim == 0 for value in values.values()):
        return operator(images, **{name: float(value) for name, value in values.items()}, **settings)
    columns = [value.expand(len(images)).tolist() for value in values.values()]
    rows = [dict(zip(values, row, strict=True)) for row in zip(*columns, strict=True)]
    results = [operator(images[i : i + 1], **row, **settings) for i, row in enumerate(rows)]
    return torch.cat([image for image, _ in results]), torch.cat([mask for _, mask in results])


def within_range(image: Tensor) -> Tensor:
    """Return the result of an operator on finite images, after checking that its dtype can hold it.

    Raises:
        NonFiniteError: if a value is not finite.
    """
    if not bool(torch.isfinite(image.sum())) and not bool(torch.isfinite(image).all()):
        raise NonFiniteError(
            f"expected images whose filtered values {image.dtype} can hold, found larger ones: scale the images down."
        )
    return image


def as_images(x: ArrayLike, name: str) -> Tensor:
    """Return images ``[N, C, H, W]`` in float32 or float64; half precision, too short for sums, becomes float32.

    Raises:
        BadInputError: if ``x`` is not ``[N, C, H, W]`` of floats, or empty.
        NonFiniteError: naming the first image with a NaN or an infinity.
    """
    images = as_tensor(x, name)
    if images.ndim != 4 or not images.is_floating_point() or not images.numel():
        raise BadInputError(
            f"expected floating-point images [N, C, H, W] for {name}, found {images.dtype} of shape "
            f"{list(images.shape)}: convert them."
        )
    images = images.to(torch.promote_types(images.dtype, torch.float32))
    # A sum is finite only if every term is, so the common case takes one pass and no mask of the batch's size.
    if not bool(torch.isfinite(images.sum())):
        bad = ~torch.isfinite(images.flatten(1)).all(dim=1)
        if bool(bad.any()):
            raise NonFiniteError(
                f"expected finite images, found a NaN or an infinity in image {int(bad.nonzero()[0])} of {name}: check "
                "the model."
            )
    return images
