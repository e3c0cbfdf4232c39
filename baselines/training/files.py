"""Files that are either whole or not there, and folders that one process holds."""

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path


def write_atomically(path: Path, content: bytes) -> None:
    """Write beside ``path``, flush to the disk, and rename: a crash leaves the old file or the new one, whole.

    Raises:
        OSError: the folder cannot be written or the disk is full; the message names the file.
    """
    temporary = path.with_name(path.name + ".tmp")
    with writing(path):
        try:
            with temporary.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, path)
        except OSError:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)
            raise
        _flush_folder(path.parent)


@contextlib.contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn what the system says when ``path`` cannot be written into a sentence that names it."""
    try:
        yield
    except OSError as problem:
        reason = problem.strerror or str(problem)
        raise OSError(f"cannot write {path} ({reason}): free space or choose another folder.") from None


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep all others who ask out of a folder during the body; the system lets go of it when the process ends.

    Raises:
        ValueError: another process has it.
        OSError: the folder cannot be written.
    """
    path = folder / "lock"
    with writing(path), path.open("a") as file:
        try:
            _lock(file.fileno())
        except BlockingIOError:
            raise ValueError(f"{folder} is in use by another process: wait for it, or choose another.") from None
        yield


def _lock(descriptor: int) -> None:
    """Lock an open file, or raise BlockingIOError; where the system knows no such locks, nothing happens."""
    if sys.platform != "win32":
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _flush_folder(folder: Path) -> None:
    """Make the renaming itself survive a power cut, where the system allows a folder to be opened."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
