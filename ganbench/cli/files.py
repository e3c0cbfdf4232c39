"""Files that verbs write: checked for before any work, then written whole or not at all."""

import os
from collections.abc import Sequence
from pathlib import Path

from ganbench.atomic import probe, write_atomically
from ganbench.errors import BadInputError


def check_folder(folder: Path, names: Sequence[str], force: bool) -> None:
    """Check, before any work, whether files of these names can be written to a folder.

    Raises:
        BadInputError: the folder cannot be written to, or has one of the files already and ``force`` is not set.
    """
    existing = [name for name in names if os.path.lexists(folder / name)]
    if existing and not force:
        raise BadInputError(f"{folder / existing[0]} exists: choose another folder, or replace the file with --force.")
    try:
        probe(folder)
    except OSError as error:
        raise BadInputError(f"cannot write to {folder} ({error.strerror}): choose another folder.") from error


def write(path: Path, content: bytes) -> None:
    """Write a file, replacing an older one only once the new one is whole.

    Raises:
        BadInputError: it cannot be written; an older file stays as it was.
    """
    if path.is_dir():
        raise BadInputError(f"expected a file to write, found a folder: {path}; name a file in it.")
    try:
        write_atomically(path, content)
    except OSError as error:
        raise BadInputError(f"cannot write {path} ({error.strerror}): choose another folder or make room.") from error
