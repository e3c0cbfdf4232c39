"""Changing a recipe by names: its settings, nested ones by dots, and the options of the official program."""

import typing
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from baselines.errors import SettingsError
from baselines.training.settings import check_value, is_table, unknown

__all__ = [
    "BETA",
    "Asked",
    "Change",
    "Option",
    "Translate",
    "changed",
    "hints_of",
    "refused",
    "same",
]


@dataclass(frozen=True)
class Asked:
    """An option of an official program as it was given.

    Attributes:
        value: its value.
        settings: settings of the recipe, with all changes so far.
        given: all names given with it, with underscores for hyphens, and their values.
    """

    value: Any
    settings: Mapping[str, Any]
    given: Mapping[str, Any]


Translate = Callable[[Asked], Mapping[str, Any]]
"""Returns the settings, by dotted names, that an option stands for."""


@dataclass(frozen=True)
class Option:
    """An option of an official program.

    Attributes:
        translate: returns the settings that it stands for.
        kind: type annotation of its value.
        why_not: for an option without a meaning here, the reason and what to do instead; else "".
    """

    translate: Translate = lambda asked: {}
    kind: Any = Any
    why_not: str = ""


@dataclass(frozen=True)
class Change:
    """A setting or option as it was given.

    Attributes:
        name: as typed.
        value: of any type of JSON.
        shown: as a message names it, such as ``--gamma``.
    """

    name: str
    value: Any
    shown: str = ""

    @property
    def key(self) -> str:
        """The name with underscores for hyphens."""
        return self.name.replace("-", "_")


def same(*names: str, kind: Any = Any) -> Option:
    """Return an option that is called otherwise here, or sets several settings to its value."""
    return Option(lambda asked: dict.fromkeys(names, asked.value), kind)


def _betas(asked: Asked) -> dict[str, Any]:
    first, second = asked.settings["betas"]
    return {"betas": (asked.given.get("beta1", first), asked.given.get("beta2", second))}


BETA = Option(_betas, float)
"""The decay rate of either of Adam's moments, ``beta1`` and ``beta2``."""


def refused(why: str) -> Option:
    """Return an option without a meaning here."""
    return Option(why_not=why)


def changed(
    settings: Mapping[str, Any],
    changes: Iterable[Change],
    hints: Mapping[str, Any],
    options: Mapping[str, Option],
) -> dict[str, Any]:
    """Return the settings of a recipe with changes.

    A name is a setting's, with dots for a nested one, or that of an option, which goes second; hyphens stand for
    underscores. Options are translated in the order of ``options`` after all settings are changed.

    Args:
        settings: settings by name.
        changes: what was given; the order does not matter.
        hints: type annotations of all settings, by name.
        options: options of the official program by name, with underscores.

    Raises:
        SettingsError: a name is unknown, an option has no meaning here or a value of the wrong kind, or two of the
            changes contradict each other.
    """
    changes = [Change(each.name, _as_kind(each, hints, options), each.shown or each.name) for each in changes]
    given, by = {each.key: each.value for each in changes}, _Setter(dict(settings), hints)
    for each in (each for each in changes if each.key not in options):
        if _top(each.key) not in hints:
            raise _unknown(each.name, settings, {*hints, *options})
        by.put(each, {each.key: each.value})
    for name, option in options.items():
        for each in (each for each in changes if each.key == name):
            if option.why_not:
                raise SettingsError(f"expected no {each.shown}, {option.why_not}.")
            by.put(each, option.translate(Asked(each.value, by.settings, given)))
    return by.settings


class _Setter:
    """Settings in the course of being changed, with what changed each.

    Args:
        settings: settings by name.
        hints: type annotations of all settings, by name.
    """

    def __init__(self, settings: dict[str, Any], hints: Mapping[str, Any]) -> None:
        self.settings, self.hints = settings, hints
        self.causes: dict[str, tuple[Change, Any]] = {}

    def put(self, change: Change, values: Mapping[str, Any]) -> None:
        """Change settings, by dotted names, on behalf of a change.

        Raises:
            SettingsError: there is no such setting, it is not a table, or another change gave it another value.
        """
        for name, value in values.items():
            if _top(name) not in self.hints:
                raise SettingsError(
                    f"expected no {change.shown}, as the setting {_top(name)}, which it stands for, does not exist "
                    "here: leave it out."
                )
            earlier, before = self.causes.setdefault(name, (change, value))
            if before is not value and before != value:  # NaN is not equal to itself
                raise SettingsError(
                    f"expected one value of {name}, found {before!r} by {earlier.shown} and {value!r} by "
                    f"{change.shown}: leave one out."
                )
            if self.settings.get(_top(name)) is None and is_table(self.hints[_top(name)]):
                self.settings = {**self.settings, _top(name): {}}
            self.settings = _with(self.settings, name, name.split("."), value)


def _with(settings: Mapping[str, Any], name: str, path: Collection[str], value: Any) -> dict[str, Any]:
    """Return nested settings with one changed."""
    first, *rest = path
    if not rest:
        return {**settings, first: value}
    inner = settings.get(first)
    if not isinstance(inner, Mapping) and not (inner is None and first.endswith("_kwargs")):
        raise SettingsError(f"expected a table of settings before the last dot of {name}, found {inner!r}: check it.")
    return {**settings, first: _with(inner or {}, name, rest, value)}


def _as_kind(change: Change, hints: Mapping[str, Any], options: Mapping[str, Option]) -> Any:
    """Return the value of a change, with true and false for 1 and 0 where they are meant; check an option's.

    Raises:
        SettingsError: the value of an option is of the wrong kind.
    """
    option = options.get(change.key)
    kind = option.kind if option else hints.get(change.key, Any)
    value = bool(change.value) if kind is bool and change.value in (0, 1) else change.value
    if option and not option.why_not:
        check_value(change.shown or change.name, value, option.kind)
    return value


def _unknown(name: str, settings: Mapping[str, Any], names: Collection[str]) -> SettingsError:
    """Return the error for an unknown setting, which may be an argument of a network."""
    tables = {table: inner for table, inner in settings.items() if isinstance(inner, Mapping)}
    inside = [f"{table}.{name}" for table, inner in tables.items() if name in inner]
    if inside:
        return SettingsError(f"unknown setting {name}: did you mean {' or '.join(inside)}?")
    told = str(unknown(name, names))
    if "generator" in tables and not told.endswith("?"):
        told = f"{told[:-1]}, or write generator.{name} if it is an argument of the network."
    return SettingsError(told)


def _top(name: str) -> str:
    return name.partition(".")[0]


def hints_of(recipe_class: type[Any]) -> dict[str, Any]:
    """Return the type annotations of a recipe's settings."""
    return typing.get_type_hints(recipe_class, include_extras=True)
