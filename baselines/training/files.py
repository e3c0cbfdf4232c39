"""Atomic writing of files, and exclusive locks on folders.

Both packages write their files through this module. It imports no third-party package, so that start-up stays fast.
"""

import contextlib
import errno
import os
import re
import shutil
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from baselines.errors import TrainingError, WriteError

NO_LINKS = (errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK)  # what systems say that cannot link
PARTIAL = re.compile(r"\.[0-9a-f]{32}\.partial")  # name of a file that is still being written


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file into an existing folder; after a crash or power cut it is absent, unchanged or complete.

    It keeps the permissions of the file that it replaces.

    Raises:
        WriteError: the folder cannot be written or the disk is full; no partial file is left behind.
    """
    # A new name each time lets two processes write the same file; a short one stays legal beside a long final name.
    partial = path.with_name(f".{uuid.uuid4().hex}.partial")
    with writing(path):
        try:
            write_durably(partial, content)
            with contextlib.suppress(OSError):  # there is no older file, or the file system has no permissions
                shutil.copymode(path, partial)
            os.replace(partial, path)
        except BaseException:
            with contextlib.suppress(OSError):
                partial.unlink(missing_ok=True)
            raise
        flush_folder(path.parent)


def link_atomically(source: Path, target: Path) -> None:
    """Give a file a second name in the same folder, in place of what had it; after a crash it is the old or the new.

    A file system without hard links gets a copy. Nobody may then change either file in place.

    Raises:
        WriteError: the folder cannot be written or the disk is full.
    """
    partial = target.with_name(f".{uuid.uuid4().hex}.partial")
    with writing(target):
        if target.exists() and target.samefile(source):
            return  # renaming one name of a file to another would leave both
        try:
            os.link(source, partial)
            os.replace(partial, target)
        except OSError as problem:
            with contextlib.suppress(OSError):
                partial.unlink(missing_ok=True)
            if problem.errno not in NO_LINKS:
                raise
            return write_atomically(target, source.read_bytes())
        flush_folder(target.parent)


def write_durably(path: Path, content: bytes) -> None:
    """Write a new file and flush it to the disk.

    Raises:
        OSError: the file exists already, or cannot be written.
    """
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def append_line(path: Path, line: str) -> None:
    """Append a line to a file, created if missing, and flush it to the disk.

    Raises:
        WriteError: the file cannot be written.
    """
    with writing(path), path.open("a", encoding="utf-8") as file:
        file.write(line + "\n")
        file.flush()
        os.fsync(file.fileno())


def remove(path: Path) -> None:
    """Delete a file if it exists.

    Raises:
        WriteError: the file cannot be deleted.
    """
    with writing(path):
        path.unlink(missing_ok=True)


def remove_partial(folder: Path) -> None:
    """Delete the partial files of a killed process.

    Call this only with the folder locked: otherwise another process may still be writing them.

    Raises:
        WriteError: a file cannot be deleted.
    """
    for path in folder.iterdir():
        if PARTIAL.fullmatch(path.name):
            remove(path)


@contextlib.contextmanager
def writing(path: Path) -> Iterator[None]:
    """Convert an ``OSError`` raised in the body into a ``WriteError`` that names ``path``."""
    try:
        yield
    except OSError as problem:
        raise WriteError(problem.errno, problem.strerror or str(problem), str(path)) from problem


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold an exclusive lock on a folder during the body; the system releases it if the process is killed.

    Processes that are forked in the body do not hold it: they may live for some seconds longer than a killed process.

    Raises:
        TrainingError: another process holds the lock.
        WriteError: the folder cannot be written.
    """
    path = folder / "lock"
    # Only the opening and locking are wrapped: a file that the body cannot write has a name of its own to report.
    with writing(path):
        file = path.open("a")
    with file:
        with writing(path):
            taken = not _lock(file.fileno())
        if taken:
            raise TrainingError(f"{folder} is in use by another process: wait for it to end, or choose another folder.")
        _held.append(file)
        try:
            yield
        finally:
            with contextlib.suppress(ValueError):  # a forked process has let go of it
                _held.remove(file)


_held: list[IO[str]] = []  # the files of the locks that this process holds


def _let_go() -> None:
    """Close the locks of the parent in a forked process; an open file stays locked until all that share it close it."""
    while _held:
        _held.pop().close()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_let_go)


def _lock(descriptor: int) -> bool:
    """Lock an open file and return whether that worked; on Windows, which has no ``flock``, return True."""
    if sys.platform != "win32":
        import fcntl

        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


def flush_folder(folder: Path) -> None:
    """Flush a folder, so that a new name in it survives a power cut; do nothing on systems that cannot open folders."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    except OSError as problem:
        if problem.errno != errno.EINVAL:  # EINVAL: this file system cannot flush folders
            raise
    finally:
        os.close(descriptor)
