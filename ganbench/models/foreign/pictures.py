"""Images that a foreign model returned: checks, their range of values, and conversion to float32 in -1..1."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ganbench.errors import BadInputError
from ganbench.images import resize, to_float
from ganbench.models.foreign.interface import resizing

NOMINAL = (-1.0, 1.0)
BYTES = (0.0, 255.0)
KNOWN = ((0.0, 1.0), NOMINAL, BYTES)  # in the order in which they are suggested
SLACK = 0.25  # fraction of a range's width by which values may exceed it, as those of a last layer without tanh do
OUTSIDE = 0.05  # share of values that may exceed it by more
FARTHEST = 10.0  # half widths from the centre of the range; no trained generator gets there
OUTLIERS = 0.01  # share of values that may be beyond


@dataclass(frozen=True)
class Pictures:
    """Conversion of a model's images to the scale and size that are measured.

    Attributes:
        name: of the model, for messages.
        range: of its values.
        resize: size and filter; None to keep the size.
    """

    name: str
    range: tuple[float, float] = NOMINAL
    resize: str | None = None

    def of(self, returned: Any, count: int) -> Tensor:
        """Return images in -1..1, ``[count, C, H, W]`` float32.

        Values are scaled without rounding; filters see them on the scale 0..255.

        Raises:
            BadInputError: the result is not a tensor of images, or its values are far outside the range.
        """
        images = tensor_of(self.name, returned, count)
        if images.dtype == torch.uint8:
            images = to_float(images)
        else:
            images = images.float()
            self._check_far(images)
            images = scaled(images, *self.range)
        if self.resize is None:
            return images
        size, method = resizing(self.resize)
        return to_float(resize((images + 1) * 127.5, size, method))

    def _check_far(self, images: Tensor) -> None:
        low, high = self.range
        middle, half = (low + high) / 2, (high - low) / 2
        least, most = extremes(images)
        far = max(middle - least, most - middle)
        # A NaN or an infinity is refused elsewhere, with the number of its sample.
        if FARTHEST * half < far < math.inf and _share(images, middle, FARTHEST * half) > OUTLIERS:
            raise BadInputError(f"{_expected(self.name, self.range)}, found {_span(images)}: {_other_range(images)}.")


def tensor_of(name: str, returned: Any, count: int) -> Tensor:
    """Return a model's result after checking that it is a tensor ``[count, 1 or 3, H, W]`` of floats or bytes.

    Raises:
        BadInputError: it is not.
    """
    expected = f"expected {name} to return a tensor [{count}, 1 or 3, H, W] for {count} inputs"
    if not isinstance(returned, Tensor):
        raise BadInputError(f"{expected}, found {_shown(returned)}: return the images alone from the model's code.")
    shape = list(returned.shape)
    if returned.ndim != 4 or returned.shape[1] not in (1, 3) or not returned.numel():
        last = returned.ndim == 4 and returned.shape[3] in (1, 3)
        remedy = "put channels first, as by images.permute(0, 3, 1, 2)" if last else "return greyscale or RGB images"
        raise BadInputError(f"{expected}, found {shape}: {remedy}.")
    if len(returned) != count:
        raise BadInputError(f"{expected}, found {shape}: return one image for each input, for any number of inputs.")
    if not returned.is_floating_point() and returned.dtype != torch.uint8:
        raise BadInputError(f"{expected}, found {returned.dtype}: return floats, or bytes (torch.uint8).")
    return returned


def _shown(value: Any) -> str:
    if value is None:
        return "None"
    if isinstance(value, np.ndarray):
        return f"a numpy array of shape {list(value.shape)}"
    if isinstance(value, list | tuple):
        return f"a {type(value).__name__} of {len(value)}"
    return f"a {type(value).__name__}"


def scaled(images: Tensor, low: float, high: float) -> Tensor:
    """Return images scaled from ``low``..``high`` to -1..1; images in -1..1 are returned unchanged."""
    return images if (low, high) == NOMINAL else (images - low) * (2 / (high - low)) - 1


def range_of(name: str, images: Tensor, said: tuple[float, float] | None) -> tuple[float, float]:
    """Return the range of a model's values, judging by its first images.

    A given range is checked. If none is given, -1..1 is assumed if the images fit it and no other usual range: some
    values are negative, and hardly any exceed it.

    Args:
        name: of the model, for messages.
        images: ``[N, C, H, W]``, as ``tensor_of`` gives them.
        said: the range that the object or the user gives; None if neither does.

    Raises:
        BadInputError: the images do not fit the given range, or -1..1 if none is given; the message says what they are.
    """
    if images.dtype == torch.uint8:
        if said not in (None, BYTES):
            raise BadInputError(f"{_expected(name, said)}, found bytes, 0..255: leave the range out.")
        return BYTES
    images = images.float()
    if not bool(torch.isfinite(images).all()):
        raise BadInputError(f"expected finite values from {name}, found a NaN or an infinity: check its weights.")
    if said is not None:
        if not fits(images, said):
            raise BadInputError(f"{_expected(name, said)}, found {_span(images)}: {_other_range(images)}.")
        return said
    if extremes(images)[0] < -0.02 and fits(images, NOMINAL):
        return NOMINAL
    raise BadInputError(
        f"expected values of -1..1, as nothing says of what range the images of {name} are, found {_span(images)}: "
        f"{_other_range(images)}."
    )


def fits(images: Tensor, range_: tuple[float, float]) -> bool:
    """Return whether images fit a range: few values exceed it, and they span more than one of its 255 steps."""
    low, high = range_
    width, (least, most) = high - low, extremes(images)
    middle, just_outside = (low + high) / 2, _share(images, (low + high) / 2, width * 0.52)
    beyond = _share(images, middle, width * (0.5 + SLACK))
    return beyond <= OUTSIDE and just_outside <= 0.5 and not width > 200 * (most - least) > 0


def suggested(images: Tensor) -> tuple[float, float] | None:
    """Return the first usual range that images fit, or None."""
    least, most = extremes(images)
    inside = [(low, high) for low, high in KNOWN if low - 0.01 * (high - low) <= least and most <= 1.01 * high]
    return next((range_ for range_ in inside if fits(images, range_)), None)


def extremes(images: Tensor) -> tuple[float, float]:
    """Return the smallest and the largest value."""
    low, high = images.detach().aminmax()
    return float(low), float(high)


def _share(images: Tensor, middle: float, most: float) -> float:
    return float(((images.detach() - middle).abs() > most).double().mean())


def _expected(name: str, said: tuple[float, float] | None) -> str:
    low, high = said or NOMINAL
    return f"expected values of {low:g}..{high:g} from {name}, as its range says"


def _span(images: Tensor) -> str:
    least, most = extremes(images)
    return f"{least:.4g}..{most:.4g}"


def _other_range(images: Tensor) -> str:
    likely, (least, most) = suggested(images), extremes(images)
    if likely is not None:
        return f"pass --range {likely[0]:g},{likely[1]:g} if they are of {likely[0]:g}..{likely[1]:g}"
    return f"pass the range that they are of, such as --range {math.floor(least)},{math.ceil(most)}"
