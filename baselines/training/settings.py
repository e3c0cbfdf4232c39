"""Checking of settings, before anything is built, against the types and ranges in a recipe's annotations.

A wrong setting is the user's mistake and gives a one-sentence error that names it; any other exception is a bug.
"""

import difflib
import inspect
import math
import types
import typing
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from typing import Annotated, Any, Literal, TypeVar, Union

from baselines.errors import SettingsError, TrainingError

R = TypeVar("R")


@dataclass(frozen=True)
class Range:
    """Numbers from ``low`` to ``high``; ``above`` excludes ``low``, and ``below`` excludes ``high``."""

    low: float
    high: float
    above: bool = False
    below: bool = False

    def __contains__(self, value: float) -> bool:
        high_enough = value > self.low if self.above else value >= self.low
        return high_enough and (value < self.high if self.below else value <= self.high)

    def __str__(self) -> str:
        low, high = (f"{bound:,}" if isinstance(bound, int) else f"{bound:g}" for bound in (self.low, self.high))
        return f"{'above' if self.above else 'from'} {low} {'and below' if self.below else 'to'} {high}"


ADJUSTABLE = "may change when a run resumes after its loss became infinite or NaN"

Count = Annotated[int, Range(1, 2**31)]
Whole = Annotated[int, Range(0, 2**31)]
BatchSize = Annotated[int, Range(1, 2**16)]
Features = Annotated[int, Range(1, 2**16)]
Pixels = Annotated[int, Range(0, 2**14)]
Number = Annotated[float, Range(0, 1e12)]
Seed = Annotated[int, Range(0, 2**63 - 1)]
Kimg = Annotated[float, Range(0, 1e9, above=True)]  # 1e9 kimg are a trillion images
Probability = Annotated[float, Range(0, 1)]
LearningRate = Annotated[
    float, Range(0, 1e38), ADJUSTABLE
]  # up to float32's range: a rate that is too high diverges, and that is reported then
LossWeight = Annotated[float, Range(0, 1e12), ADJUSTABLE]
Norm = Annotated[float, Range(1e-6, 1e12), ADJUSTABLE]  # losses are divided by its square
Betas = Annotated[tuple[float, float], Range(0, 1, below=True), ADJUSTABLE]


def recipe_of(recipe_class: type[R], settings: Mapping[str, Any]) -> R:
    """Return a recipe with some settings given and the others at their defaults.

    Raises:
        SettingsError: a setting is unknown, of the wrong kind or out of range.
    """
    hints = typing.get_type_hints(recipe_class, include_extras=True)
    for name in settings:
        if name not in hints:
            raise unknown(name, hints)
    pairs = {name for name, hint in hints.items() if _is_tuple(hint)}
    known = {
        name: tuple(value) if name in pairs and isinstance(value, list) else value for name, value in settings.items()
    }
    return check(recipe_class(**known))


def check(recipe: R) -> R:
    """Return the recipe, after checking that its settings are of the right kind and in range.

    Whole numbers where the annotations want others become floats: torch takes pairs of one kind only.

    Raises:
        SettingsError: a setting is of the wrong kind or out of range.
    """
    kind = type(recipe)
    if not is_dataclass(kind):
        raise SettingsError(f"expected a recipe, found {_shown(recipe)}: give one such as RECIPES['digits32'].")
    hints = typing.get_type_hints(kind, include_extras=True)
    values = {each.name: getattr(recipe, each.name) for each in fields(kind)}
    for name, value in values.items():
        check_value(name, value, hints[name])
    return kind(**{name: _as_floats(value, hints[name]) for name, value in values.items()})


def adjustable(recipe: Any) -> tuple[str, ...]:
    """Return the names of the settings that may change when a run resumes after its loss became infinite or NaN."""
    hints = typing.get_type_hints(type(recipe), include_extras=True)
    return tuple(name for name, hint in hints.items() if ADJUSTABLE in getattr(hint, "__metadata__", ()))


def defaults(recipe: Any) -> dict[str, Any]:
    """Return the default value of each setting that has one: what runs had that are older than the setting."""
    return {each.name: each.default for each in fields(recipe) if each.default is not MISSING}


def as_json(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings as read back from a JSON file, with lists for tuples, so that the two can be compared."""
    return {name: list(value) if isinstance(value, tuple) else value for name, value in settings.items()}


def check_value(name: str, value: Any, hint: Any) -> None:
    """Check a value against a type annotation, and the numbers in it against the annotation's range.

    Raises:
        SettingsError: the value is of the wrong kind, or a number in it is out of range or not finite.
    """
    numbers = _range_in(hint)
    if not _fits(value, hint):
        raise SettingsError(f"expected the setting {name} to be {_kind(hint, numbers)}, found {_shown(value)}.")
    for part, number in _numbers(name, value):
        if not _is_finite(number) or (numbers is not None and number not in numbers):
            wanted = f"a number {numbers}" if numbers else "a finite number"
            raise SettingsError(f"expected the setting {part} to be {wanted}, found {_shown(number)}.")


def _is_finite(number: float) -> bool:
    """Return whether a number is finite, and not too large for a float."""
    try:
        return math.isfinite(number)
    except OverflowError:
        return False


def _range_in(hint: Any) -> Range | None:
    """Return the range in a type annotation, or the first in its parts; None if there is none."""
    own = [note for note in getattr(hint, "__metadata__", ()) if isinstance(note, Range)]
    return next((found for found in (*own, *map(_range_in, typing.get_args(hint))) if found), None)


def _fits(value: Any, hint: Any) -> bool:
    """Return whether a value matches a type annotation."""
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin is Annotated:
        return _fits(value, args[0])
    if origin in (Union, types.UnionType):
        return any(_fits(value, each) for each in args)
    if origin is Literal:
        return any(value == each and type(value) is type(each) for each in args)
    # bool is a subclass of int, but True is a slip where a number is expected.
    if hint is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if hint is int:
        return isinstance(value, int) and not isinstance(value, bool)
    if hint in (bool, str, types.NoneType):  # before Sequence, which str is as well
        return isinstance(value, hint)
    if origin is tuple and Ellipsis not in args:
        whole = isinstance(value, list | tuple) and len(value) == len(args)
        return whole and all(map(_fits, value, args))
    if _is_kind(origin or hint, Mapping):
        texts = isinstance(value, Mapping) and all(isinstance(key, str) for key in value)
        return texts and all(_fits(each, args[1]) for each in value.values() if args)
    if _is_kind(origin or hint, Sequence):
        return isinstance(value, list | tuple) and all(_fits(each, args[0]) for each in value if args)
    return hint is Any or not isinstance(hint, type) or isinstance(value, hint)


def _as_floats(value: Any, hint: Any) -> Any:
    """Return a value that matches a type annotation with floats for whole numbers where the annotation has floats."""
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin is Annotated:
        return _as_floats(value, args[0])
    if origin in (Union, types.UnionType):
        return _as_floats(value, next(each for each in args if _fits(value, each)))
    if hint is float:
        return float(value)
    if _is_kind(origin or hint, Mapping) and args:
        return {name: _as_floats(each, args[1]) for name, each in value.items()}
    if isinstance(value, list | tuple) and args:
        kinds = [args[0]] * len(value) if origin is not tuple or Ellipsis in args else args
        return type(value)(map(_as_floats, value, kinds))
    return value


def is_table(hint: Any) -> bool:
    """Return whether a type annotation is that of a table, such as of a network's arguments."""
    return hint is not Any and _fits({}, hint)


def _is_tuple(hint: Any) -> bool:
    return any(typing.get_origin(each) is tuple for each in (hint, *typing.get_args(hint)[:1]))


def _is_kind(hint: Any, kind: type) -> bool:
    return isinstance(hint, type) and issubclass(hint, kind)


def _numbers(name: str, value: Any) -> Iterator[tuple[str, float]]:
    """Yield all numbers in a value, each with its dotted name."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        yield name, value
    elif isinstance(value, Mapping):
        for key, each in value.items():
            yield from _numbers(f"{name}.{key}", each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _numbers(name, each)


def _kind(hint: Any, numbers: Range | None) -> str:
    """Return a type annotation in words."""
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin is Annotated:
        return _kind(args[0], numbers)
    span = f" {numbers}" if numbers else ""
    if origin in (Union, types.UnionType):
        return " or ".join(_kind(each, numbers) for each in args)
    if origin is Literal:
        return f"one of {', '.join(map(str, args))}"
    if origin is tuple:
        return f"{len(args)} numbers{span}"
    words = {int: f"a whole number{span}", float: f"a number{span}", bool: "true or false", str: "a text"}
    if _is_kind(origin or hint, Mapping):
        return "a table of values by name"
    if hint is types.NoneType:
        return "nothing"
    return words.get(hint) or ("a list" if _is_kind(origin or hint, Sequence) else f"a {hint.__name__}")


def _shown(value: Any) -> str:
    try:
        text = repr(value)
    except ValueError:  # Python does not write a number of so many digits
        return "a number of thousands of digits"
    return text if len(text) <= 60 else f"{text[:57]}..."


def unknown(name: str, names: Iterable[str], of: str = "") -> SettingsError:
    """Return the error for an unknown setting, with the nearest known name or else all of them."""
    names = sorted(names)
    near = difflib.get_close_matches(name, names, n=1)
    hint = f"did you mean {near[0]}?" if near else f"choose among {', '.join(names)}."
    return SettingsError(f"unknown setting {of}{name}: {hint}")


NUMBERS = Range(0, 2**24)  # arguments of networks: a larger number is a slip that would exhaust the memory
ENDINGS: tuple[tuple[tuple[str, ...], Range], ...] = (  # of the names of parameters, and their ranges
    (("_dim", "_base", "_max", "_features"), Range(1, 2**24)),
    (("_layers",), Range(1, 256)),
    (("kernel", "kernel_size", "filter_size", "_upsampling"), Range(1, 64)),
    (("_blocks", "margin_size"), Range(0, 1024)),
)


@dataclass(frozen=True)
class Arguments:
    """The arguments of a network: parameters of nested constructors, each passing on those it does not take itself.

    Attributes:
        of: the constructors, outermost first.
        hidden: parameters that a constructor sets for the next one, so that they cannot be given.
        parts: for parameters that are tables of arguments, the arguments they may hold.
        choices: for parameters that are names, the known names.
    """

    of: tuple[Callable[..., Any], ...]
    hidden: frozenset[str] = frozenset()
    parts: Mapping[str, "Arguments"] = field(default_factory=dict)
    choices: Mapping[str, Collection[str]] = field(default_factory=dict)

    def hints(self) -> dict[str, Any]:
        """Return the type annotation of every parameter that may be given."""
        found: dict[str, Any] = {}
        for depth, function in enumerate(self.of):
            annotated: Any = function.__init__ if inspect.isclass(function) else function
            annotations = typing.get_type_hints(annotated)
            for name, parameter in inspect.signature(function).parameters.items():
                named = parameter.kind is not inspect.Parameter.VAR_KEYWORD and name not in self.hidden
                if named and (depth == 0 or parameter.default is not inspect.Parameter.empty):
                    found.setdefault(name, annotations.get(name, Any))
        return found

    def required(self) -> list[str]:
        """Return the names of the outermost constructor's parameters without default."""
        return [
            name
            for name, parameter in inspect.signature(self.of[0]).parameters.items()
            if parameter.default is inspect.Parameter.empty and parameter.kind is not inspect.Parameter.VAR_KEYWORD
        ]

    def check(self, given: Mapping[str, Any], of: str, from_data: Iterable[str] = ()) -> None:
        """Check the arguments of a network.

        Args:
            given: arguments by name.
            of: name of the setting that holds them, such as ``generator``.
            from_data: parameters that the data determine, which therefore cannot be given.

        Raises:
            SettingsError: an argument is unknown, of the wrong kind, out of range or missing.
        """
        hints = {name: hint for name, hint in self.hints().items() if name not in from_data}
        for name, value in given.items():
            if name not in hints:
                raise unknown(name, hints, f"{of}.")
            check_value(f"{of}.{name}", value, self._annotated(name, hints[name]))
            if name in self.parts and value is not None:
                self.parts[name].check(value, f"{of}.{name}", self.parts[name].required())
        for name in self.required():
            if name in hints and name not in given:
                raise SettingsError(f"expected {name} in the setting {of}, found none: add it.")

    def _annotated(self, name: str, hint: Any) -> Any:
        """Return a parameter's type annotation, narrowed to its known names or its range of numbers."""
        if name in self.choices:
            return Literal[tuple(self.choices[name])]
        return Annotated[hint, next((numbers for endings, numbers in ENDINGS if name.endswith(endings)), NUMBERS)]


@contextmanager
def building(what: str) -> Iterator[None]:
    """Convert a constructor's errors in the body into an error about the settings.

    Raises:
        SettingsError: the body raised a ``ValueError``, or divided by a size that came out as 0; other exceptions pass.
    """
    try:
        yield
    except TrainingError:
        raise
    except ArithmeticError as problem:
        raise SettingsError(
            f"{what} cannot be built with these settings: a size comes out as 0 or without bound ({problem})."
        ) from problem
    except ValueError as problem:
        raise SettingsError(f"{what} cannot be built with these settings: {problem}") from problem
