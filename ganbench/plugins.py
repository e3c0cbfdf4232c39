"""Objects of third parties, completed once where they come in."""

import copy
from functools import cache
from typing import Any, TypeVar

T = TypeVar("T")


def completed(thing: Any, base: type[T]) -> T:
    """Return an object with every member of a base class: itself, or a copy that takes from the base what it lacks.

    A plug-in may inherit from the base, or only look like it. Of what it defines, nothing is replaced; the copy is of a
    subclass of the object's class, so that ``isinstance``, equality and pickling go on working.

    Args:
        thing: any object, such as a frozen dataclass.
        base: a class without fields and constructor, whose members are defaults.
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
    """Return a class that inherits from a thing's class and then from a base; the same for the same two."""
    cls, base = key

    def reduce(self: Any) -> tuple[Any, ...]:
        return _restored, (cls, base, dict(self.__dict__))

    names = {"__module__": cls.__module__, "__qualname__": cls.__qualname__, "__doc__": cls.__doc__}
    return type(cls.__name__, (cls, base), {**names, "__reduce__": reduce})
