"""Completion of third parties' objects with default members."""

import copy
from functools import cache
from typing import Any, TypeVar

T = TypeVar("T")


def completed(thing: Any, base: type[T]) -> T:
    """Return an object with every member of a base class: itself, or a copy that gets missing members from the base.

    A plug-in may inherit from the base or only resemble it. Members that it defines stay; the copy is an instance of a
    subclass of the object's class, so that ``isinstance``, equality and pickling keep working.

    Args:
        thing: any object, such as a frozen dataclass.
        base: class of default members, without fields and constructor.
    """
    if isinstance(thing, base):
        return thing
    made: Any = copy.copy(thing)
    key: Any = (type(thing), base)
    object.__setattr__(made, "__class__", _mixed(key))  # a frozen dataclass refuses a plain assignment
    return made  # type: ignore[no-any-return]  # it now inherits from the base


def _restored(cls: Any, base: Any, state: dict[str, Any]) -> Any:
    plain = object.__new__(cls)
    plain.__dict__.update(state)
    return completed(plain, base)


@cache
def _mixed(key: tuple[Any, Any]) -> Any:
    """Return the class that inherits from an object's class, then from a base; always the same one for two classes."""
    cls, base = key

    def reduce(self: Any) -> tuple[Any, ...]:
        return _restored, (cls, base, dict(self.__dict__))

    names = {"__module__": cls.__module__, "__qualname__": cls.__qualname__, "__doc__": cls.__doc__}
    return type(cls.__name__, (cls, base), {**names, "__reduce__": reduce})
