"""Files that are at any moment as before or whole, and whether they could be written at all."""

import os
import uuid
from pathlib import Path

PROBE_BYTES = 1 << 20  # more than any record needs


def write_atomically(path: Path, data: bytes) -> None:
    """Write a file into a folder that exists: even a power cut leaves it absent, as before, or whole.

    Raises:
        OSError: it cannot be written; nothing is left behind.
    """
    partial = path.with_name(f".{uuid.uuid4().hex}.partial")
    try:
        _write_durably(partial, data)
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)
    _sync_folder(path.parent)


def probe(folder: Path) -> None:
    """Write to a folder, making it if need be, and undo everything.

    Raises:
        OSError: what a later write would run into.
    """
    made = [each for each in (folder, *folder.parents) if not each.exists()]
    file = folder / f".{uuid.uuid4().hex}.probe"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        try:
            _write_durably(file, bytes(PROBE_BYTES))
        finally:
            file.unlink(missing_ok=True)
    finally:
        _remove_empty(made)


def _write_durably(path: Path, data: bytes) -> None:
    with path.open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    """Make a rename in a folder survive a power cut, where the system can open folders at all."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _remove_empty(folders: list[Path]) -> None:
    """Remove the folders that were made for a try, innermost first, where nobody has used them since."""
    for folder in folders:
        try:
            folder.rmdir()
        except OSError:
            return
