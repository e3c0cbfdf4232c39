"""Untrusted JSON, read strictly and within bounds."""

import json
import math
from typing import Any

from ganbench.errors import BadInputError
from ganbench.printable import quoted

MAX_DEPTH = 32  # of objects and lists within each other
MAX_DIGITS = 20  # of a whole number: above all that is counted


def parse(text: str) -> Any:
    """Return the value of JSON text.

    Raises:
        BadInputError: the text is truncated or otherwise not JSON, repeats a name, nests too deeply, or holds a number
            that is NaN, infinite or too long.
    """
    try:
        value = json.loads(
            text, parse_constant=_constant, parse_int=_integer, parse_float=_float, object_pairs_hook=_object
        )
    except RecursionError as error:
        raise BadInputError("it is not valid JSON: it nests too deeply") from error
    except ValueError as error:
        raise BadInputError(f"it is not complete, valid JSON ({error})") from error
    if _depth(value) > MAX_DEPTH:
        raise BadInputError(f"its objects nest more than {MAX_DEPTH} levels deep")
    return value


def _constant(name: str) -> Any:
    raise ValueError(f"it contains {name}")


def _integer(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise ValueError(f"it contains a number of {len(digits):,} digits")
    return int(digits)


def _float(digits: str) -> float:
    value = float(digits)
    if math.isinf(value):
        raise ValueError(f"it contains the number {digits:.40}, which is too large")
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in value if names.count(name) > 1)
        raise ValueError(f"it has {quoted(twice)} twice")
    return value


def _depth(value: Any) -> int:
    """Return how many objects and lists lie within each other, without recursion."""
    depth, level = 0, [value]
    while level := [each for each in level if isinstance(each, dict | list)]:
        depth += 1
        level = [inner for each in level for inner in (each.values() if isinstance(each, dict) else each)]
    return depth
