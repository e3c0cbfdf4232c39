"""The registry of parts by name: entry points, for built-in parts and those of third parties alike.

A package adds a model by declaring, in its ``pyproject.toml``::

    [project.entry-points."ganbench.models"]
    mygan = "mypackage.module:adapter"

Listing names imports nothing; ``load`` imports only the module it needs.
"""

import difflib
from collections.abc import Iterable
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from ganbench.errors import BadInputError, UnknownNameError

LONGEST = 80  # characters of a name that a message shows
KINDS = ("models", "metrics", "data", "extractors", "benchmarks", "formats")


@cache
def _installed() -> Any:
    """Return the entry points of all packages, ``EntryPoints`` or in Python 3.11 ``SelectableGroups``.

    Their files are read once for all kinds.
    """
    return entry_points()


@cache
def entries(kind: str) -> dict[str, EntryPoint]:
    """Return the entry points of one of ``KINDS`` by name.

    Raises:
        BadInputError: two packages provide different parts of one name.
    """
    found: dict[str, EntryPoint] = {}
    for entry in _installed().select(group=f"ganbench.{kind}"):
        other = found.setdefault(entry.name, entry)
        if other.value != entry.value:
            raise BadInputError(
                f"expected one package with {kind} named {entry.name!r}, found two ({other.value}, {entry.value}): "
                "uninstall one."
            )
    return found


def names(kind: str) -> tuple[str, ...]:
    """Return the sorted names of one of ``KINDS``, without importing the parts."""
    return tuple(sorted(entries(kind)))


def load(kind: str, name: str) -> Any:
    """Return the object registered under a name.

    Raises:
        UnknownNameError: no package provides the name; the message suggests the nearest ones.
        BadInputError: the package that provides the name cannot be imported, or two provide it.
    """
    entry = entries(kind).get(name)
    if entry is None:
        raise unknown(kind, name, names(kind))
    try:
        return entry.load()
    except (ImportError, AttributeError) as error:
        raise BadInputError(f"{kind} {name!r} ({entry.value}) cannot be imported: {error}.") from error
    except Exception as error:  # a third party's module may raise anything
        if entry.value.startswith("ganbench."):
            raise
        raise BadInputError(
            f"{kind} {name!r} ({entry.value}, not part of ganbench) cannot be imported: {type(error).__name__}: "
            f"{' '.join(str(error).split())[:200]}."
        ) from error


def unknown(kind: str, name: str, choices: Iterable[str]) -> UnknownNameError:
    """Return the error for an unknown name, with the nearest names or else all of them."""
    choices, name = sorted(set(choices)), name if len(name) <= LONGEST else f"{name[:LONGEST]}..."
    singular = {"data": "data set"}.get(kind, kind.rstrip("s"))
    near = difflib.get_close_matches(name, choices, n=3, cutoff=0.6)
    hint = f"did you mean {' or '.join(near)}?" if near else f"known: {', '.join(choices) or 'none'}."
    return UnknownNameError(f"unknown {singular} {name!r}: {hint}")
