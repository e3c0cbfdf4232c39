"""Atomic writing, and a test whether a folder is writable."""

import uuid
from pathlib import Path

from baselines.training.files import write_atomically, write_durably

__all__ = ["probe", "write_atomically"]

PROBE_BYTES = 1 << 20  # more than any record needs


def probe(folder: Path) -> None:
    """Check that a folder, created if necessary, is writable; leave nothing behind.

    Raises:
        OSError: the error that a later write would meet.
    """
    made = [each for each in (folder, *folder.parents) if not each.exists()]
    file = folder / f".{uuid.uuid4().hex}.probe"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        try:
            write_durably(file, bytes(PROBE_BYTES))
        finally:
            file.unlink(missing_ok=True)
    finally:
        _remove_empty(made)


def _remove_empty(folders: list[Path]) -> None:
    """Remove the folders that the test created, innermost first, until one is in use."""
    for folder in folders:
        try:
            folder.rmdir()
        except OSError:
            return
