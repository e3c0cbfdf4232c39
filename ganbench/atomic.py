"""Atomic writing, also of files that the user names, and a test whether a folder is writable."""

import errno
import os
import uuid
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from baselines.training.files import flush_folder, write_atomically, write_durably

__all__ = ["is_stream", "probe", "target_of", "write_atomically", "write_once", "write_output"]

PROBE_BYTES = 1 << 20  # more than any record needs
ATTEMPTS = 100  # at writing to a folder that other processes, which test it, create and remove
NO_LINKS = (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS)  # a file system without hard links


def write_once(path: Path, content: bytes) -> None:
    """Write a new file, whole or not at all; its folder is created if necessary.

    Of two processes that write the same file at once, one succeeds and the other raises.

    Raises:
        FileExistsError: the file exists; it is left unchanged.
        OSError: the folder cannot be written to; nothing is left behind.
    """
    partial = path.with_name(f".{uuid.uuid4().hex}.partial")
    try:
        _in_folder(path.parent, lambda: write_durably(partial, content))
        _link(partial, path)
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
    flush_folder(path.parent)


def write_output(path: Path, content: bytes) -> None:
    """Write a file that the user named; its folder is created if necessary.

    A file is replaced as a whole, also where a link leads to it. A device or pipe is written to.

    Raises:
        OSError: it cannot be written; an older file is left unchanged.
    """
    if is_stream(path):
        path.write_bytes(content)
        return
    target = target_of(path)
    _in_folder(target.parent, lambda: write_atomically(target, content))


def target_of(path: Path) -> Path:
    """Return the file that a link leads to, and any other path as it is."""
    return Path(os.path.realpath(path)) if path.is_symlink() else path


def is_stream(path: Path) -> bool:
    """Return whether a path is a device or pipe, in whose place no file must be put."""
    return path.exists() and not (path.is_file() or path.is_dir())


def probe(folder: Path) -> None:
    """Check that a folder, created if necessary, is writable; leave nothing behind.

    Raises:
        OSError: the error that a later write would meet.
    """
    made = [each for each in (folder, *folder.parents) if not each.exists()]
    file = folder / f".{uuid.uuid4().hex}.probe"
    try:
        try:
            _in_folder(folder, lambda: write_durably(file, bytes(PROBE_BYTES)))
        finally:
            with suppress(NotADirectoryError):
                file.unlink(missing_ok=True)
    finally:
        _remove_empty(made)


def _in_folder(folder: Path, write: Callable[[], None]) -> None:
    """Create a folder and write to it, again if another process, whose test is over, removed it in between."""
    for _ in range(ATTEMPTS - 1):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            return write()
        except FileNotFoundError:
            continue
    folder.mkdir(parents=True, exist_ok=True)
    write()


def _link(partial: Path, path: Path) -> None:
    """Give a file a second name, unless that is taken; ``os.replace`` would overwrite it."""
    try:
        os.link(partial, path)
    except OSError as error:
        if error.errno not in NO_LINKS:
            raise
        path.touch(exist_ok=False)  # takes the name, so that no other process does
        os.replace(partial, path)


def _remove_empty(folders: list[Path]) -> None:
    """Remove the folders that the test created, innermost first, until one is in use."""
    for folder in folders:
        try:
            folder.rmdir()
        except OSError:
            return
