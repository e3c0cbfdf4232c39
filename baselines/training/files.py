"""Files that are either whole or absent, whatever happens while they are written, and folders that one process holds.

This is the one atomic writer of both packages. It imports nothing heavy.
"""

import contextlib
import errno
import os
import re
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

from baselines.errors import TrainingError, WriteError

PARTIAL = re.compile(r"\.[0-9a-f]{32}\.partial")  # the name of a file that is being written


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file into a folder that exists: even a power cut leaves it absent, as before, or whole.

    Raises:
        WriteError: the folder cannot be written or the disk is full; nothing is left behind.
    """
    # The name is new each time, so that two processes may write one file, and short, so that a long name stays legal.
    partial = path.with_name(f".{uuid.uuid4().hex}.partial")
    with writing(path):
        try:
            write_durably(partial, content)
            os.replace(partial, path)
        except BaseException:
            with contextlib.suppress(OSError):
                partial.unlink(missing_ok=True)
            raise
        _flush_folder(path.parent)


def write_durably(path: Path, content: bytes) -> None:
    """Write a new file and flush it to the disk.

    Raises:
        OSError: it exists, or cannot be written; what the system says.
    """
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def append_line(path: Path, line: str) -> None:
    """Add a line to a file and flush it to the disk; the file is made where it is missing.

    Raises:
        WriteError: it cannot be written.
    """
    with writing(path), path.open("a", encoding="utf-8") as file:
        file.write(line + "\n")
        file.flush()
        os.fsync(file.fileno())


def remove(path: Path) -> None:
    """Delete a file, if it is there.

    Raises:
        WriteError: it cannot be deleted.
    """
    with writing(path):
        path.unlink(missing_ok=True)


def remove_partial(folder: Path) -> None:
    """Delete what a killed process was writing; only whoever holds the folder knows that nobody writes there now.

    Raises:
        WriteError: a file cannot be deleted.
    """
    for path in folder.iterdir():
        if PARTIAL.fullmatch(path.name):
            remove(path)


@contextlib.contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn what the system says when ``path`` cannot be written into a ``WriteError`` that names it."""
    try:
        yield
    except OSError as problem:
        raise WriteError(problem.errno, problem.strerror or str(problem), str(path)) from problem


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep all others who ask out of a folder during the body; the system lets go of it when the process ends.

    Raises:
        TrainingError: another process has it.
        WriteError: the folder cannot be written.
    """
    path = folder / "lock"
    # Only opening and locking are about this file: what the body cannot write has another name.
    with writing(path):
        file = path.open("a")
    with file:
        with writing(path):
            taken = not _lock(file.fileno())
        if taken:
            raise TrainingError(f"{folder} is in use by another process: wait for it, or choose another folder.")
        yield


def _lock(descriptor: int) -> bool:
    """Return whether an open file is now locked; where the system knows no such locks, it always is."""
    if sys.platform != "win32":
        import fcntl

        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


def _flush_folder(folder: Path) -> None:
    """Make a renaming survive a power cut, where the system can open and flush folders at all."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    except OSError as problem:
        if problem.errno != errno.EINVAL:  # what a file system answers that does not flush folders
            raise
    finally:
        os.close(descriptor)
