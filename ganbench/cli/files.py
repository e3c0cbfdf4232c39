"""Output files: checked before any work, then written atomically."""

import os
from collections.abc import Sequence
from pathlib import Path

from ganbench.atomic import is_stream, probe, target_of, write_output
from ganbench.errors import BadInputError


def check_folder(folder: Path, names: Sequence[str], force: bool) -> None:
    """Check, before any work, that files can be written to a folder.

    Raises:
        BadInputError: the folder cannot be written to, one of the files is a folder, or one exists and ``force`` is not
            set.
    """
    paths = [folder / name for name in names]
    for path in paths:
        _check_no_folder(path)
    files = [path for path in paths if not is_stream(path)]  # a device or pipe is written to, wherever it is
    existing = [path for path in files if os.path.lexists(path)]
    if existing and not force:
        raise BadInputError(f"{existing[0]} exists: choose another folder, or replace the file with --force.")
    places = dict.fromkeys(target_of(path).parent if path.is_symlink() else folder for path in files)
    for place in places or ([] if paths else [folder]):
        _check_writable(place)


def _check_no_folder(path: Path) -> None:
    if path.is_dir():
        raise BadInputError(f"expected a file to write, found a folder: {path}; name a file in it.")


def _check_writable(folder: Path) -> None:
    try:
        probe(folder)
    except OSError as error:
        raise BadInputError(f"cannot write to {folder} ({error.strerror}): choose another folder.") from error


def write(path: Path, content: bytes) -> None:
    """Write a file, its folder too; an older one, or the one that a link leads to, is replaced when it is complete.

    Raises:
        BadInputError: the file cannot be written; an older one is left unchanged.
    """
    _check_no_folder(path)
    try:
        write_output(path, content)
    except OSError as error:
        raise BadInputError(f"cannot write {path} ({error.strerror}): choose another folder or make room.") from error


def place(path: Path) -> Path:
    """Return the file to write for a path where ``write`` does not: what a link leads to; its folder is created.

    Raises:
        BadInputError: the path is a device or pipe, which such a file would replace, or the folder cannot be created.
    """
    if is_stream(path):
        raise BadInputError(f"expected a file to write, found a device or pipe: {path}; name a file.")
    target = target_of(path)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadInputError(f"cannot create {target.parent} ({error.strerror}): choose another folder.") from error
    return target
