"""Checks of generated images: their number, size, dtype and range."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganbench.errors import BadInputError
from ganbench.functional.rows import FLOATS
from ganbench.inputs.accumulators import State
from ganbench.inputs.batch import BaseView, Batch
from ganbench.inputs.context import Context
from ganbench.types import ImageSize

FARTHEST = (
    10.0  # largest plausible magnitude: images nominally lie in -1..1, and no trained generator exceeds that tenfold
)
OUTLIERS = 0.01  # share of values that may exceed it all the same, as some do in an untrained network
FIRST = 1024  # samples by which the range is judged: one shard


def checked_images(image: Any, count: int, context: Context) -> Tensor:
    """Return generated images after checking that they are ``[count, C, H, W]`` floats of the model's declared size.

    Raises:
        BadInputError: type, dtype or shape are different, or more than 1 % of the values are outside -10..10.
    """
    return checked(image, count, context.img_channels, context.img_size)


def checked(image: Any, count: int, channels: int | None = None, size: ImageSize | None = None) -> Tensor:
    """Return images after checking that they are ``[count, C, H, W]`` floats; None allows any channels or size.

    Half precision becomes float32: on the way to 0..255 its values would be rounded once more.

    Raises:
        BadInputError: as for ``checked_images``.
    """
    height, width = size if isinstance(size, tuple) else (size, size)
    shape = f"[{count}, {channels or 'C'}, {height or 'H'}, {width or 'H'}]"
    expected = f"expected the model to return a tensor {shape} of floats in -1..1"
    if not isinstance(image, Tensor):
        raise BadInputError(f"{expected}, found {_shown(image)}: return the images alone, as one tensor.")
    if image.layout != torch.strided or image.is_nested or image.is_meta:
        found = "a nested one" if image.is_nested else f"{image.layout} on {image.device}"
        raise BadInputError(f"{expected}, found {found}: return a dense tensor that holds the images.")
    if image.dtype not in FLOATS:
        raise BadInputError(f"{expected}, found {image.dtype}: return floats, (x / 127.5 - 1) of 8-bit images.")
    wanted = (count, channels, height, width)
    fits = image.ndim == 4 and all(want in (None, have) for want, have in zip(wanted, image.shape, strict=True))
    if not fits:
        remedy = "return one image for each input, channels first, of the size that the model declares"
        raise BadInputError(f"{expected}, found {list(image.shape)}: {remedy}.")
    _check_range(image, expected)
    return image.to(torch.promote_types(image.dtype, torch.float32))


def _shown(value: Any) -> str:
    shape = f" of shape {list(value.shape)}" if isinstance(value, np.ndarray) else ""
    return f"a {type(value).__name__}{shape}"


def _check_range(image: Tensor, expected: str) -> None:
    low, high = (float(end) for end in image.detach().aminmax())
    # A NaN or an infinity is refused elsewhere, with the number of its sample.
    if FARTHEST < max(-low, high) < float("inf") and _share_beyond(image) > OUTLIERS:
        raise BadInputError(f"{expected}, found values from {low:.4g} to {high:.4g}: scale them to -1..1.")


def _share_beyond(image: Tensor) -> float:
    return float((image.detach().abs() > FARTHEST).double().mean())


@dataclass(frozen=True)
class ImageRange(BaseView):
    """Smallest and largest value of each image, ``[N, 2]`` float32."""

    extractor = None

    def compute(self, batch: Batch) -> Tensor:
        """Return the extremes."""
        flat = batch.drawn["image"].flatten(1)
        return torch.stack([flat.amin(1), flat.amax(1)], 1).float()


class Extremes:
    """Smallest and largest value over all rows ``[N, 2]`` of ``ImageRange``."""

    version: ClassVar[int] = 1

    def __init__(self) -> None:
        self.count = 0
        self.low, self.high = float("inf"), float("-inf")

    def update(self, rows: Tensor) -> None:
        """Add rows, ``[N, 2]``."""
        self._add(len(rows), float(rows[:, 0].min()), float(rows[:, 1].max()))

    def merge(self, other: Self) -> None:
        """Add the rows of another accumulator."""
        self._add(other.count, other.low, other.high)

    def _add(self, count: int, low: float, high: float) -> None:
        self.count += count
        self.low, self.high = min(self.low, low), max(self.high, high)

    def state(self) -> State:
        """Return count and extremes."""
        return {"count": np.array(self.count), "range": np.array([self.low, self.high])}

    @classmethod
    def from_state(cls, state: Mapping[str, NDArray[np.generic]]) -> Self:
        """Return the accumulator of a state."""
        made = cls()
        made._add(int(state["count"]), *(float(end) for end in state["range"]))
        return made


@dataclass(frozen=True)
class RangeCheck:
    """Check that generated images use the scale -1..1: then some value in a thousand images is below 0."""

    view: ImageRange = ImageRange()
    into: type[Extremes] = Extremes
    count: int = FIRST

    def warning(self, seen: Extremes) -> str:
        """Return a sentence if the images seem to use another scale, such as 0..1; "" if they do not."""
        if seen.low < 0:
            return ""
        return (
            f"no value of the first {seen.count:,} images is below 0 ({seen.low:.4g}..{seen.high:.4g}), and "
            "images are expected in -1..1: if these are 0..1, return 2 * x - 1."
        )
