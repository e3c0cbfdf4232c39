"""Writing what a verb was asked for, whole or not at all."""

from collections.abc import Sequence
from pathlib import Path

from ganbench.atomic import probe, write_atomically
from ganbench.errors import BadInputError


def check_folder(folder: Path, names: Sequence[str], force: bool) -> None:
    """Find out, before any work, whether files of these names can be written to a folder.

    Raises:
        BadInputError: the folder cannot be written to, or it has one of the files and ``force`` does not allow that.
    """
    there = [name for name in names if (folder / name).exists()]
    if there and not force:
        raise BadInputError(f"{folder / there[0]} exists: choose another place, or replace it with --force.")
    try:
        probe(folder)
    except OSError as error:
        raise BadInputError(f"cannot write to {folder} ({error.strerror}): choose another folder.") from error


def write(path: Path, content: bytes) -> None:
    """Write a file, replacing an older one only once the new one is whole.

    Raises:
        BadInputError: it cannot be written; an older file is as it was.
    """
    if path.is_dir():
        raise BadInputError(f"{path} is a folder: name a file in it.")
    try:
        write_atomically(path, content)
    except OSError as error:
        raise BadInputError(f"cannot write {path} ({error.strerror}): choose another place or make room.") from error
