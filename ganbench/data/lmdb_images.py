"""The images of an LMDB, the form in which LSUN is published: encoded images by key."""

import io
import subprocess
import sys
import threading
from importlib.util import find_spec
from pathlib import Path
from typing import IO

from ganbench.data import lmdb_reader
from ganbench.data.fingerprints import FileStamp, Stamp
from ganbench.errors import BadInputError

FILE = "data.mdb"


class Lmdb:
    """The images of an LMDB in the order of their keys; a ``Container``.

    A separate process reads them, because a damaged file can crash the process that reads it.

    Raises:
        BadInputError: the file is damaged, or the package ``lmdb`` is not installed.
    """

    has_labels = False
    misplaced_labels = ""

    def __init__(self, path: Path) -> None:
        if find_spec("lmdb") is None:
            raise BadInputError(
                f"expected the package lmdb to read {path}, found that it is not installed: "
                "pip install 'ganbench[lmdb]'."
            )
        self.path = path
        self.opened = self.stamp()
        self._lock = threading.Lock()
        self._reader = subprocess.Popen(
            [sys.executable, "-P", lmdb_reader.__file__, str(path)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            self._check()
            self._keys = _by_name(list(iter(self._receive, b"")), path)
        except BaseException:
            self.close()
            raise
        self.names = list(self._keys)

    def open(self, name: str) -> IO[bytes]:
        """Return an open image."""
        assert self._reader.stdin
        with self._lock:
            try:
                lmdb_reader.send(self._reader.stdin, self._keys[name])  # type: ignore[arg-type]  # a binary stream
                self._reader.stdin.flush()
            except BrokenPipeError as error:
                raise self._damaged("its reader ended") from error
            self._check()
            return io.BytesIO(self._receive())

    def stamp(self) -> Stamp:
        """Return the stamp of the data file."""
        file = self.path / FILE if self.path.is_dir() else self.path
        try:
            return Stamp(str(self.path.resolve()), (FileStamp.of(file.name, file.stat()),))
        except OSError as error:
            raise BadInputError(f"{file} cannot be read ({error.strerror}): check its permissions.") from error

    def close(self) -> None:
        """End the reading process."""
        self._reader.kill()
        self._reader.wait()
        for stream in (self._reader.stdin, self._reader.stdout):
            if stream:
                stream.close()

    def __del__(self) -> None:
        if "_reader" in self.__dict__:
            self.close()

    def _check(self) -> None:
        if said := self._receive():
            raise self._damaged(" ".join(said.decode(errors="replace").split())[-100:])

    def _receive(self) -> bytes:
        assert self._reader.stdout
        try:
            return lmdb_reader.receive(self._reader.stdout)  # type: ignore[arg-type]  # a binary stream
        except EOFError as error:
            raise self._damaged("its reader ended") from error

    def _damaged(self, reason: str) -> BadInputError:
        return BadInputError(f"expected a complete LMDB, found damage ({reason}): {self.path}; copy it again.")


def _by_name(keys: list[bytes], path: Path) -> dict[str, bytes]:
    """Return keys by the names that images have in messages.

    Raises:
        BadInputError: two keys would have one name.
    """
    names = [key.decode(errors="backslashreplace") for key in keys]
    named = dict(zip(names, keys, strict=True))
    if len(named) < len(keys):
        twice = next(name for name, key in zip(names, keys, strict=True) if named[name] != key)
        raise BadInputError(f"expected keys that differ as text, found two that read {twice[:80]}: {path}; rename one.")
    return named
