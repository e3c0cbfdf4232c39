"""The depth of a pickle's content, and its size with everything shared counted each time.

A pickle of 2 kB can hold forty dictionaries, each of which holds the one before it twice. A walk through them
meets 2**40 values; a walk through a dictionary that holds itself never ends.
"""

from collections.abc import Iterable
from typing import Any

from ganbench.checkpoints.inert import Instance, PersistentObject
from ganbench.errors import UnsafeFileError

MAX_VALUES = 2_000_000  # twice the steps that reading may take: some parts are shared
MAX_DEPTH = 100  # official snapshots nest some twenty deep


def check_extent(value: Any) -> None:
    """Check that a value can be walked through by recursion, in bounded time.

    Raises:
        UnsafeFileError: the value contains itself, nests too deeply, or holds too many values.
    """
    sizes: dict[int, int] = {}  # of containers that were walked through, by identity
    opened: set[int] = set()
    path: list[tuple[Any, list[Any]]] = [(value, list(_children(value)))]
    while path:
        container, waiting = path[-1]
        opened.add(id(container))
        child = waiting.pop() if waiting else None
        if child is None:
            sizes[id(container)] = _size(container, sizes)
            opened.discard(id(container))
            path.pop()
        elif id(child) in opened:
            raise UnsafeFileError("holds a container within itself")
        elif id(child) not in sizes:
            path.append((child, list(_children(child))))
        if len(path) > MAX_DEPTH:
            raise UnsafeFileError(f"nests containers more than {MAX_DEPTH} deep")


def _size(container: Any, sizes: dict[int, int]) -> int:
    """Return the number of values in a container whose own containers are known."""
    size = 1 + len(container) if isinstance(container, dict | list | tuple) else 1
    size += sum(sizes[id(child)] for child in _children(container))
    if size > MAX_VALUES:
        raise UnsafeFileError(f"expands to more than {MAX_VALUES:,} values")
    return size


def _children(value: Any) -> Iterable[Any]:
    """Return the containers directly inside a value."""
    inside: Iterable[Any]
    if isinstance(value, dict):
        inside = value.values()
    elif isinstance(value, list | tuple):
        inside = value
    elif isinstance(value, Instance):
        inside = (value.args, value.state)
    elif isinstance(value, PersistentObject):
        inside = (value.state,)
    else:
        inside = ()
    return [child for child in inside if isinstance(child, dict | list | tuple | Instance | PersistentObject)]
