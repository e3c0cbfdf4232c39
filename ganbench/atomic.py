"""Atomic writing, and whether a folder can be written to."""

import uuid
from pathlib import Path

from baselines.training.files import write_atomically, write_durably

__all__ = ["probe", "write_atomically"]

PROBE_BYTES = 1 << 20  # more than any record needs


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
            write_durably(file, bytes(PROBE_BYTES))
        finally:
            file.unlink(missing_ok=True)
    finally:
        _remove_empty(made)


def _remove_empty(folders: list[Path]) -> None:
    """Remove the folders that were made for a try, innermost first, where nobody has used them since."""
    for folder in folders:
        try:
            folder.rmdir()
        except OSError:
            return
