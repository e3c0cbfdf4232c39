"""Output files: checked before any work, then written atomically."""

import os
from collections.abc import Sequence
from pathlib import Path

from ganbench.atomic import probe, write_atomically
from ganbench.errors import BadInputError


def check_folder(folder: Path, names: Sequence[str], force: bool) -> None:
    """Check, before any work, that files can be written to a folder.

    Raises:
        BadInputError: the folder cannot be written to, or one of the files exists and ``force`` is not set.
    """
    existing = [name for name in names if os.path.lexists(folder / name)]
    if existing and not force:
        raise BadInputError(f"{folder / existing[0]} exists: choose another folder, or replace the file with --force.")
    try:
        probe(folder)
    except OSError as error:
        raise BadInputError(f"cannot write to {folder} ({error.strerror}): choose another folder.") from error


def write(path: Path, content: bytes) -> None:
    """Write a file; an older one is replaced only when the new one is complete.

    Raises:
        BadInputError: the file cannot be written; an older one is left unchanged.
    """
    if path.is_dir():
        raise BadInputError(f"expected a file to write, found a folder: {path}; name a file in it.")
    try:
        write_atomically(path, content)
    except OSError as error:
        raise BadInputError(f"cannot write {path} ({error.strerror}): choose another folder or make room.") from error
