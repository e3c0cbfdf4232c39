"""A disk that a process is killed at, or that fails: every operation that changes it is counted and can be the last."""

import errno
import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


class Killed(BaseException):
    """What a process cannot catch when it is killed."""


class Disk:
    """What stands between a run and the files below a folder; it sees each opening, writing, flushing and renaming.

    Attributes:
        folder: whose files are watched.
        stop_at: number of the operation that does not happen, from 0 on; None for none.
        error: errno of what it then says; None to be killed, after which nothing happens any more.
        points: operation and path of what was asked for so far.
    """

    def __init__(self, folder: Path, stop_at: int | None = None, error: int | None = None) -> None:
        self.folder, self.stop_at, self.error = folder, stop_at, error
        self.points: list[tuple[str, Path]] = []
        self.dead = False
        self.opened: dict[int, Path] = {}

    def point(self, operation: str, path: Path) -> bool:
        """Count an operation, or stop at it; return whether it is the last half of a write that is still to happen."""
        if self.dead:
            raise Killed
        self.points.append((operation, path))
        if self.stop_at is None or len(self.points) - 1 < self.stop_at:
            return True
        if self.error is None:
            self.dead = True
            raise Killed
        if self.error == errno.ENOSPC and operation in ("unlink", "open folder"):
            return True  # what a full disk still does
        raise OSError(self.error, os.strerror(self.error), str(path))

    def install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Put the disk in place of the system's functions."""
        real_open, real_os_open, real_replace, real_link = io.open, os.open, os.replace, os.link

        def opened(path: Any, mode: str = "r", *args: Any, **kwargs: Any) -> Any:
            if not self._watches(path) or not set(mode) & set("wax+"):
                return real_open(path, mode, *args, **kwargs)
            self.point("open", Path(path))
            return File(self, Path(path), real_open(path, mode.replace("b", "") + "b", buffering=0))

        def os_opened(path: Any, *args: Any, **kwargs: Any) -> int:
            if self._watches(path):
                self.point("open folder", Path(path))
            descriptor = real_os_open(path, *args, **kwargs)
            self.opened[descriptor] = Path(path)
            return descriptor

        def replaced(source: Any, target: Any, *args: Any, **kwargs: Any) -> None:
            if self._watches(target):
                self.point("replace", Path(target))
            real_replace(source, target, *args, **kwargs)

        def linked(source: Any, target: Any, *args: Any, **kwargs: Any) -> None:
            if self._watches(target):
                self.point("link", Path(target))
            real_link(source, target, *args, **kwargs)

        def synced(descriptor: int) -> None:  # the real one takes milliseconds
            self.point("fsync", self.opened.get(descriptor, self.folder))

        monkeypatch.setattr(io, "open", opened)
        monkeypatch.setattr(os, "open", os_opened)
        monkeypatch.setattr(os, "replace", replaced)
        monkeypatch.setattr(os, "fsync", synced)
        monkeypatch.setattr(os, "link", linked)
        for name in ("unlink", "mkdir"):
            monkeypatch.setattr(os, name, self._counted(name, getattr(os, name)))

    def _counted(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def counted(path: Any, *args: Any, **kwargs: Any) -> Any:
            if self._watches(path):
                self.point(name, Path(path))
            return real(path, *args, **kwargs)

        return counted

    def _watches(self, path: Any) -> bool:
        return isinstance(path, str | Path) and Path(path).is_relative_to(self.folder)


class File:
    """A file open for writing; what is written reaches the disk when it is flushed, and a kill can cut it in half."""

    def __init__(self, disk: Disk, path: Path, raw: Any) -> None:
        self.disk, self.path, self.raw, self.pending = disk, path, raw, b""
        disk.opened[raw.fileno()] = path

    def __enter__(self) -> "File":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def fileno(self) -> int:
        return int(self.raw.fileno())

    def write(self, content: str | bytes) -> None:
        self.pending += content.encode() if isinstance(content, str) else content

    def flush(self) -> None:
        if self.pending:
            content, self.pending = self.pending, b""
            self.disk.point("write", self.path)
            self.raw.write(content[: len(content) // 2])
            self.disk.point("write the rest of", self.path)
            self.raw.write(content[len(content) // 2 :])

    def close(self) -> None:
        try:
            if not self.disk.dead:
                self.flush()
        finally:
            self.raw.close()
