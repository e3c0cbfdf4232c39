"""Kinds and ranges of the arguments that a network was made with, as a file states them."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from ganbench.errors import BadInputError

Fields = Mapping[str, "Field | Fields"]


class Field(Protocol):
    """What a value must be."""

    @property
    def expected(self) -> str:
        """The kind and the range, in words that follow "expected"."""
        ...

    def holds(self, value: Any) -> bool:
        """Return whether a value is of this kind and in this range."""
        ...


@dataclass(frozen=True)
class Number:
    """A finite number from ``low`` to ``high``.

    Attributes:
        low, high: the range; the ends belong to it.
        whole: whether only integers are meant.
        optional: whether None is, too.
    """

    low: float = -math.inf
    high: float = math.inf
    whole: bool = False
    optional: bool = False

    @property
    def expected(self) -> str:
        """The range in words."""
        kind = "a whole number" if self.whole else "a number"
        low = "" if self.low == -math.inf else f" from {self.low:g}"
        high = "" if self.high == math.inf else f" to {self.high:g}" if low else f" up to {self.high:g}"
        return f"{kind}{low}{high}{' or null' if self.optional else ''}"

    def holds(self, value: Any) -> bool:
        """Return whether a value is such a number."""
        if value is None:
            return self.optional
        if isinstance(value, bool) or not isinstance(value, int if self.whole else (int, float)):
            return False
        return math.isfinite(value) and self.low <= value <= self.high


@dataclass(frozen=True)
class Flag:
    """True or false."""

    expected: str = "true or false"

    def holds(self, value: Any) -> bool:
        """Return whether a value is a truth value."""
        return isinstance(value, bool)


@dataclass(frozen=True)
class Choice:
    """One of a few values."""

    values: tuple[Any, ...]

    @property
    def expected(self) -> str:
        """The values."""
        return "one of " + ", ".join("null" if value is None else str(value) for value in self.values)

    def holds(self, value: Any) -> bool:
        """Return whether a value is one of them, and of the same kind."""
        return any(type(value) is type(known) and value == known for known in self.values)


@dataclass(frozen=True)
class Filter:
    """Taps of a filter, which are divided by their sum; or None."""

    expected: str = "a list of numbers whose sum is not 0, or null"

    def holds(self, value: Any) -> bool:
        """Return whether a value is a list of finite numbers whose sum is not 0, or None."""
        if value is None:
            return True
        return isinstance(value, list | tuple) and all(map(Number().holds, value)) and sum(value) != 0


def check_fields(config: Mapping[str, Any], fields: Fields, title: str) -> None:
    """Check the arguments that a network was made with; those without a field are left to its constructor.

    Raises:
        BadInputError: an argument is of another kind or out of range; names it, says what it is and what is expected.
    """
    for name, value, expected in _wrong(config, fields):
        shown = value if isinstance(value, int | float) and not isinstance(value, bool) else repr(value)
        raise BadInputError(
            f"has arguments that do not make a {title}: {name} is {str(shown)[:40]}, expected {expected}"
        )


def _wrong(config: Mapping[str, Any], fields: Fields) -> Iterator[tuple[str, Any, str]]:
    for name, known in fields.items():
        if name not in config:
            continue
        value = config[name]
        if not isinstance(known, Mapping):
            if not known.holds(value):
                yield name, value, known.expected
        elif isinstance(value, Mapping):
            yield from _wrong(value, known)
        elif value is not None:
            yield name, value, "a dictionary of arguments"


def whole(low: int, names: str, optional: bool = False) -> dict[str, Number]:
    """Return a field for each name: a whole number from ``low``."""
    return {name: Number(low, whole=True, optional=optional) for name in names.split()}


def flags(names: Sequence[str] | str) -> dict[str, Flag]:
    """Return a field for each name: true or false."""
    return {name: Flag() for name in (names.split() if isinstance(names, str) else names)}
