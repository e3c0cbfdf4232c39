"""Parse the options that describe a foreign model."""

import math
import operator
import re
from collections.abc import Callable, Sequence
from typing import Any, get_args

from ganbench.errors import BadInputError
from ganbench.images import ResizeMethod
from ganbench.printable import quoted
from ganbench.types.interface import NAMES, Interface, Kind, LabelFormat

MOST_CLASSES = 2**16
MOST_PIXELS = 2**14  # of width and height
MOST_LATENTS = 2**20
FILTER = "pil-lanczos"


def interface_of(**given: Any) -> Interface:
    """Return the interface of loosely typed options; options that are None are not given.

    Raises:
        BadInputError: an option that does not exist, or a value of another kind or out of range.
    """
    for name in given:
        if name not in CHECKS:
            raise BadInputError(f"unknown option {name!r} of a model: choose one of {', '.join(NAMES)}.")
    checked = {name: CHECKS[name](value) for name, value in given.items() if value is not None}
    return Interface(**checked)


def latent_shape(given: Any) -> tuple[int, ...]:
    """Return the shape of one latent from ``128``, ``"128"``, ``"100x1x1"`` or a sequence of sizes."""
    parts = given.split("x") if isinstance(given, str) else given if isinstance(given, Sequence) else [given]
    sizes = tuple(_whole(part) or 0 for part in parts)
    if not sizes or min(sizes) < 1 or math.prod(sizes) > MOST_LATENTS:
        raise _unfit("z_dim", "the size of a latent", given, "128, or 100x1x1 for a generator of convolutions alone")
    return sizes


def number_of_classes(given: Any) -> int:
    """Return a number of classes, 1 to 65,536."""
    count = _whole(given)
    if count is None or not 1 <= count <= MOST_CLASSES:
        raise _unfit("classes", "a number of classes", given, "10")
    return count


def value_range(given: Any) -> tuple[float, float]:
    """Return the lowest and the highest value of images from ``"0,1"`` or two numbers."""
    parts = given.split(",") if isinstance(given, str) else given
    try:
        low, high = (float(part) for part in parts)
    except (TypeError, ValueError):
        low = high = math.nan
    if not (low < high and math.isfinite(high - low)):
        raise _unfit("range", "the lowest and the highest value of images", given, "0,1 or -1,1 or 0,255")
    return low, high


def size_and_filter(given: Any) -> str:
    """Return ``SIZE:FILTER`` from ``256``, ``"256"`` or ``"256:box"``; see ``resizing``."""
    size, colon, method = str(given).partition(":")
    number = _whole(size)
    if isinstance(given, bool) or number is None or not 1 <= number <= MOST_PIXELS:
        raise _unfit("resize", "a size in pixels and a filter", given, "256:box")
    if colon and method not in get_args(ResizeMethod):
        known = ", ".join(get_args(ResizeMethod))
        raise BadInputError(f"expected a filter for resize, found {quoted(method)}: choose one of {known}.")
    return f"{number}:{method}" if colon else str(number)


def resizing(text: str) -> tuple[int, ResizeMethod]:
    """Return size and filter of a checked ``SIZE`` or ``SIZE:FILTER``; Pillow's Lanczos filter where none is named."""
    size, _, method = text.partition(":")
    return int(size), method or FILTER  # type: ignore[return-value]  # checked


def domain_names(given: Any) -> tuple[str, ...]:
    """Return the names of two or more domains from ``"photo,map"`` or a sequence."""
    parts = given.split(",") if isinstance(given, str) else given
    named = isinstance(parts, Sequence) and all(isinstance(part, str) for part in parts)
    names = tuple(part.strip() for part in parts) if named else ()
    if len(names) < 2 or len(set(names)) < len(names) or not all(names):
        raise _unfit("domains", "names of two domains or more", given, "photo,map")
    return names


def _choice(name: str, choices: Sequence[str]) -> Callable[[Any], str]:
    def checked(given: Any) -> str:
        if given not in choices:
            raise BadInputError(f"expected one of {', '.join(choices)} for {name}, found {quoted(given)}: choose one.")
        return str(given)

    return checked


CHECKS: dict[str, Callable[[Any], Any]] = {
    "kind": _choice("kind", get_args(Kind)),
    "z_dim": latent_shape,
    "classes": number_of_classes,
    "label_format": _choice("label_format", get_args(LabelFormat)),
    "domains": domain_names,
    "range": value_range,
    "resize": size_and_filter,
}


def _whole(given: Any) -> int | None:
    if isinstance(given, str):
        return int(given) if re.fullmatch(r"\s*[0-9]{1,9}\s*", given) else None
    try:
        return None if isinstance(given, bool) else operator.index(given)
    except TypeError:
        return None


def _unfit(name: str, expected: str, given: Any, example: str) -> BadInputError:
    return BadInputError(f"expected {expected} for {name}, found {quoted(given)}: write for example {example}.")
