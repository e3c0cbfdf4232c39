"""A zip of uncompressed members that is written one after the other, and goes on where it broke off."""

import contextlib
import os
import struct
import zipfile
import zlib
from pathlib import Path
from typing import IO, Self

from ganbench.errors import BadInputError

_LOCAL = struct.Struct("<4sHHHHHIIIHH")  # the header before a member's content
_DATE = (1980, 1, 1, 0, 0, 0)  # the first that a zip can say: equal content gives equal bytes


class StoredZip:
    """Writes ``path`` under a hidden name beside it, which becomes ``path`` once ``finish`` has been called.

    What a killed process wrote is found again: every member that is whole stays, and its checksum is tried.

    Args:
        path: of the zip.
        key: what its content comes from; only a file of the same key is continued.

    Attributes:
        names: of the members that are whole, in order.

    Raises:
        BadInputError: another process writes the same file.
        OSError: nothing can be written there.
    """

    def __init__(self, path: Path, key: str) -> None:
        self.path = path
        self.partial = path.with_name(f".{path.name[:100]}.{key[:16]}.partial")
        self._remove_others()
        self.partial.touch()
        self._file: IO[bytes] = self.partial.open("r+b")
        if not _lock(self._file):
            self._file.close()
            raise BadInputError(
                f"expected {path} to be written by one process, found another at it: wait for that one."
            )
        self._members: list[zipfile.ZipInfo] = []
        self._find_members()

    @property
    def names(self) -> list[str]:
        """See above."""
        return [member.filename for member in self._members]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):  # what was lacking room has been told
            self._file.close()

    def add(self, name: str, content: bytes) -> None:
        """Append a member."""
        member = zipfile.ZipInfo(name, _DATE)
        member.external_attr = 0o644 << 16
        member.create_system = 3
        member.file_size = member.compress_size = len(content)
        member.CRC = zlib.crc32(content)
        member.header_offset = self._file.tell()
        self._file.write(member.FileHeader(zip64=False) + content)
        self._members.append(member)

    def read(self, name: str) -> bytes:
        """Return the content of a member."""
        member = next(each for each in self._members if each.filename == name)
        end = self._file.tell()
        self._file.seek(member.header_offset + len(member.FileHeader(zip64=False)))
        content = self._file.read(member.file_size)
        self._file.seek(end)
        return content

    def cut(self, count: int) -> None:
        """Keep the first ``count`` members only."""
        if count < len(self._members):
            self._file.truncate(self._file.seek(self._members[count].header_offset))
            del self._members[count:]

    def finish(self) -> None:
        """Write the list of members, and give the file its name."""
        with zipfile.ZipFile(self._file, "w") as archive:
            archive.filelist.extend(self._members)
        self._file.flush()
        os.fsync(self._file.fileno())
        os.replace(self.partial, self.path)

    def _find_members(self) -> None:
        """Take in the members that are whole, and cut off what comes after them."""
        end = 0
        while (found := _member(self._file, end)) is not None:
            self._members.append(found)
            end = self._file.tell()
        self._file.truncate(self._file.seek(end))

    def _remove_others(self) -> None:
        """Remove what is left of other work on the same zip, unless a process is at it."""
        for other in self.path.parent.glob(f".{_literal(self.path.name[:100])}.*.partial"):
            if other != self.partial:
                with contextlib.suppress(OSError), other.open("r+b") as file:
                    if _lock(file):
                        other.unlink()


def _member(file: IO[bytes], start: int) -> zipfile.ZipInfo | None:
    """Return the member that starts at an offset, with the file at its end; None where there is no whole one."""
    file.seek(start)
    head = file.read(_LOCAL.size)
    if len(head) < _LOCAL.size or head[:4] != b"PK\3\4":
        return None
    *_, crc, packed, size, name_length, extra_length = _LOCAL.unpack(head)
    name = file.read(name_length + extra_length)
    content = file.read(size)
    if extra_length or packed != size or len(content) < size or zlib.crc32(content) != crc or not name.isascii():
        return None
    member = zipfile.ZipInfo(name.decode(), _DATE)
    member.external_attr, member.create_system = 0o644 << 16, 3
    member.file_size, member.compress_size, member.CRC, member.header_offset = size, packed, crc, start
    return member


def _literal(name: str) -> str:
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in name)


def _lock(file: IO[bytes]) -> bool:
    """Lock a file until it is closed; return whether nobody else has it, which is so where there are no locks."""
    try:
        import fcntl
    except ImportError:
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
