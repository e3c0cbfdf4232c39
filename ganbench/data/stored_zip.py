"""A zip of uncompressed members, written one after the other, that can be continued after an interruption."""

import contextlib
import os
import struct
import zipfile
import zlib
from pathlib import Path
from typing import IO, Self

from ganbench.errors import BadInputError

_LOCAL = struct.Struct("<4sHHHHHIIIHH")  # the header before a member's content
_DATE = (1980, 1, 1, 0, 0, 0)  # the earliest that a zip can hold; a fixed one, so that equal content gives equal bytes


class StoredZip:
    """Writes a zip under a hidden name in the same folder, which ``finish`` renames to ``path``.

    Members that a killed process wrote are kept, if they are complete and match their checksums.

    Args:
        path: of the zip.
        key: checksum of everything that determines the content; only a file of the same key is continued.

    Attributes:
        names: of the complete members, in order.

    Raises:
        BadInputError: another process is writing the same file.
        OSError: the folder cannot be written to.
    """

    def __init__(self, path: Path, key: str) -> None:
        self.path = path
        self.partial = path.with_name(f".{path.name[:100]}.{key[:16]}.partial")
        self._remove_others()
        self.partial.touch()
        self._file: IO[bytes] = self.partial.open("r+b")
        if not _lock(self._file):
            self._file.close()
            raise BadInputError(f"expected no other process to write {path}, found one: wait for it to end.")
        self._members: list[zipfile.ZipInfo] = []
        self._find_members()

    @property
    def names(self) -> list[str]:
        """Names of the complete members, in order."""
        return [member.filename for member in self._members]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):  # a full disk has been reported already
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
        """Write the central directory, and give the file its final name."""
        with zipfile.ZipFile(self._file, "w") as archive:
            archive.filelist.extend(self._members)
        self._file.flush()
        os.fsync(self._file.fileno())
        os.replace(self.partial, self.path)

    def _find_members(self) -> None:
        """Find the complete members, and cut off what comes after them."""
        end = 0
        while (found := _member(self._file, end)) is not None:
            self._members.append(found)
            end = self._file.tell()
        self._file.truncate(self._file.seek(end))

    def _remove_others(self) -> None:
        """Remove partial files of the same zip with other keys, unless a process is writing them."""
        for other in self.path.parent.glob(f".{_literal(self.path.name[:100])}.*.partial"):
            if other != self.partial:
                with contextlib.suppress(OSError), other.open("r+b") as file:
                    if _lock(file):
                        other.unlink()


def _member(file: IO[bytes], start: int) -> zipfile.ZipInfo | None:
    """Return the member that starts at an offset, leaving the file at its end; None if it is not complete."""
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
    """Lock a file until it is closed, and return whether that worked; True on systems without locks."""
    try:
        import fcntl
    except ImportError:
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
