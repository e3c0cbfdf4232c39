"""Reads the pickles of official snapshots into inert data."""

import mmap
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ganbench.checkpoints import filekind
from ganbench.checkpoints.inert import Instance
from ganbench.checkpoints.known import NAMES, build
from ganbench.checkpoints.machine import Budget, Machine
from ganbench.checkpoints.naming import errors_about
from ganbench.errors import BadInputError, UnsafeFileError


class StrangersError(UnsafeFileError):
    """A pickle with objects of classes that are not on the list.

    Attributes:
        names: of the classes, in the order in which they were met, such as ``"networks.generator.Generator"``.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self.names = tuple(names)
        super().__init__(f"holds an object of {self.names[0]!r}, which is not on the list of known names")


def read_pickle(path: Path | str) -> Any:
    """Return what a pickle holds, as plain values and the records of ``ganbench.checkpoints.inert``.

    Nothing in the file is executed, imported or looked up; time and memory stay in proportion to its length. torch
    is not imported.

    Raises:
        UnsafeFileError: it asks for a name that is not on the list, or for memory that its size does not justify.
        BadInputError: it is missing, cut short, or not a pickle.
    """
    path = Path(path)
    if (kind := filekind.kind_of(path)) != filekind.PICKLE:
        raise BadInputError(f"{path} is a {kind} file, not an official .pkl snapshot: give the snapshot.")
    with errors_about(path):
        return parse_pickle(mapped(path))


def parse_pickle(data: bytes | memoryview, whole_objects: bool = False) -> Any:
    """Return what the pickle in ``data`` holds; the errors of ``read_pickle``, as predicates without the path.

    Args:
        data: the pickle.
        whole_objects: whether one object of an unknown class is returned as a record, so that more can be said of it.
    """
    machine = Machine(data, NAMES, build, Budget(len(data)))
    content = machine.load()
    if machine.strangers and not (whole_objects and isinstance(content, Instance)):
        raise StrangersError(machine.strangers)
    return content


def mapped(path: Path) -> memoryview:
    """Return the bytes of a file as a memory map, so that only those used are read."""
    try:
        with path.open("rb") as file:
            return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    except (OSError, ValueError) as error:
        raise BadInputError(f"cannot be read: {error}") from error
