"""Checks of the fields of a record against the types that they are annotated with."""

import json
import types
from collections.abc import Mapping
from dataclasses import MISSING, fields
from typing import TYPE_CHECKING, Any, TypeVar, Union, get_args, get_origin, get_type_hints, is_typeddict

from ganbench.errors import BadInputError
from ganbench.printable import printable_json, quoted
from ganbench.records.strict_json import parse
from ganbench.truncation import Truncation

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

T = TypeVar("T", bound="DataclassInstance")
LARGEST = 2**64  # above all that is counted


def build(cls: type[T], plain: Mapping[str, Any], what: str) -> T:
    """Return ``cls(**plain)``.

    Raises:
        BadInputError: a field is missing or unknown.
    """
    known = {f.name: f.default is MISSING and f.default_factory is MISSING for f in fields(cls)}
    missing = [name for name, required in known.items() if required and name not in plain]
    unknown = [name for name in plain if name not in known]
    if missing:
        raise BadInputError(f"{what} lacks the field {missing[0]!r}")
    if unknown:
        raise BadInputError(f"{what} has the unknown field {quoted(unknown[0])}")
    return cls(**plain)


def check_types(owner: "DataclassInstance", what: str) -> None:
    """Raise ``BadInputError`` if a field is not of its annotated type."""
    for f in fields(owner):
        value = getattr(owner, f.name)
        if not fits(value, f.type):
            hint = getattr(f.type, "__name__", str(f.type)) if not get_args(f.type) else str(f.type)
            raise BadInputError(f"{what} has {f.name!r} = {quoted(value)}, which is not of type {hint}")


def fits(value: Any, hint: Any) -> bool:
    """Return whether a value is of a type, strictly: True is not an int, and "1" is not a number."""
    if hint is Any:
        return True
    if is_typeddict(hint):
        return _fits_typed_dict(value, hint)
    origin, args = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return any(fits(value, arg) for arg in args)
    if origin is dict:
        return isinstance(value, dict) and all(isinstance(k, str) and fits(v, args[1]) for k, v in value.items())
    if origin in (list, tuple):
        return isinstance(value, origin) and all(fits(item, args[0]) for item in value)
    if hint in (int, float):
        bounded = not isinstance(value, int) or abs(value) < LARGEST
        return isinstance(value, int | hint) and not isinstance(value, bool) and bounded
    return value is None if hint is type(None) or hint is None else isinstance(value, hint)


def truncation_of(spec: Mapping[str, Any]) -> Truncation:
    """Return the truncation among the parameters of a metric.

    Raises:
        BadInputError: psi is no number, or the cutoff no whole one.
    """
    psi, cutoff = spec.get("truncation_psi", 1.0), spec.get("truncation_cutoff")
    if not fits(psi, float):
        raise BadInputError(f"expected a number for truncation_psi, found {quoted(psi)}: correct it.")
    if not fits(cutoff, int | None):
        raise BadInputError(f"expected a whole number for truncation_cutoff, found {quoted(cutoff)}: correct it.")
    return Truncation(psi, cutoff)


def plain_json(value: Any, what: str) -> Any:
    """Return a value as JSON would give it back (tuples as lists), so that a record equals its round trip.

    Raises:
        BadInputError: the value cannot be written as JSON.
    """
    try:
        return parse(json.dumps(value, allow_nan=False))
    except (TypeError, ValueError, RecursionError, BadInputError) as error:
        raise BadInputError(f"the {what} cannot be written as JSON ({error})") from error


def make_printable(owner: "DataclassInstance") -> None:
    """Make all text printable in the plain JSON fields of a frozen dataclass."""
    for f in fields(owner):
        if not isinstance(value := getattr(owner, f.name), tuple):
            object.__setattr__(owner, f.name, printable_json(value))


def _fits_typed_dict(value: Any, hint: Any) -> bool:
    types_of = get_type_hints(hint)
    if not isinstance(value, dict) or not hint.__required_keys__ <= value.keys() <= types_of.keys():
        return False
    return all(fits(each, types_of[name]) for name, each in value.items())
