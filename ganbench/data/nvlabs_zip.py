"""A zip of images, as NVlabs' dataset tool writes it: files in any depth, labels in ``dataset.json``."""

import io
import os
import zipfile
from pathlib import Path, PurePosixPath
from typing import IO, Any

from ganbench.data.decoding import SUFFIXES
from ganbench.data.fingerprints import FileStamp, Stamp
from ganbench.data.image_files import ImageFiles
from ganbench.data.labels import FILE, misplaced
from ganbench.errors import BadInputError

MAX_MEMBER = 256 * 2**20
"""Limit on the bytes that a member may declare, against bombs; hardly more than declared is ever decompressed."""

_STEP = 2**16
_BEGINNING = 2**13  # bytes of a member that may be read alone


class Zip:
    """The images in a zip file, found by suffix and sorted by path; hidden files are ignored. Nothing is extracted."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._archives: dict[int, zipfile.ZipFile] = {}
        self.opened = self.stamp()  # before opening the archive, so that a replacement from now on is noticed
        members = _members(self._archive(), path)
        self.names = sorted(name for name in members if PurePosixPath(name).suffix.lower() in SUFFIXES)
        self.has_labels = FILE in members
        self.misplaced_labels = misplaced(members)

    def open(self, name: str) -> IO[bytes]:
        """Return an open member; reading it stops at the size it declares."""
        try:
            archive = self._archive()
            size = archive.getinfo(name).file_size
            return io.BufferedReader(_Member(archive.open(name), size), _BEGINNING)
        except (zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError) as error:  # the last of its name
            raise BadInputError(
                f"{self.path}/{name} cannot be unpacked ({error!s:.100}): create the zip again."
            ) from error

    def stamp(self) -> Stamp:
        """Return the stamp of the zip file."""
        try:
            found = self.path.stat()
        except OSError as error:
            raise BadInputError(f"{self.path} cannot be read ({error.strerror}): check its permissions.") from error
        return Stamp(str(self.path.resolve()), (FileStamp.of(self.path.name, found),))

    def __getstate__(self) -> dict[str, Any]:
        """Return what another process needs: everything but the open archives."""
        return {**self.__dict__, "_archives": {}}

    def _archive(self) -> zipfile.ZipFile:
        """Return the open archive of this process: forked processes would share one position in the file."""
        process = os.getpid()
        if process not in self._archives:
            self._archives[process] = _opened(self.path)
        return self._archives[process]


class _Member(io.RawIOBase):
    """An open member: its beginning is read alone, as headers lie there, and beyond that all of it.

    A member's checksum is verified only when it is read to its end, before which a decoder may stop; and going back in
    it, as decoders of TIFF do, keeps it from being verified. ``ZipExtFile.read`` without a size decompresses everything
    before it truncates that to the declared size, so it is read in small steps.
    """

    def __init__(self, member: IO[bytes], size: int) -> None:
        self._member, self._size = member, size
        self._content, self._at = bytearray(), 0

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read as many bytes as there are and fit into the buffer, and return how many; 0 at the end."""
        end = self._at + len(buffer)
        self._fill(end if end <= _BEGINNING else self._size)
        content = self._content[self._at : end]
        buffer[: len(content)] = content
        self._at += len(content)
        return len(content)

    def _fill(self, end: int) -> None:
        while len(self._content) < end and (part := self._member.read(min(_STEP, end - len(self._content)))):
            self._content += part

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move to an offset and return it."""
        self._at = max(0, offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence])
        return self._at

    def tell(self) -> int:
        """Return the offset."""
        return self._at

    def close(self) -> None:
        """Close the member."""
        self._member.close()
        super().close()


def open_zip(path: Path, rectangles: bool = False) -> ImageFiles:
    """Return the images of a zip file, with the labels of its ``dataset.json`` if there is one.

    Raises:
        BadInputError: the file is not a zip, is encrypted, declares absurd sizes, or has no images or unusable ones.
    """
    return ImageFiles(Zip(path), rectangles)


def _opened(path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except OSError as error:
        raise BadInputError(f"{path} cannot be read ({error.strerror}): check its permissions.") from error
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise BadInputError(
            f"expected a complete zip file, found another ({error!s:.100}): {path}; give a zip or a folder of images, "
            "or copy it again."
        ) from error


def _members(archive: zipfile.ZipFile, path: Path) -> set[str]:
    """Return the names of all files but hidden ones.

    Raises:
        BadInputError: a member is encrypted, too large, stored twice, or leads out of the zip.
    """
    found: set[str] = set()
    for member in archive.infolist():
        hidden = any(
            part.startswith((".", "__MACOSX")) and part != ".." for part in PurePosixPath(member.filename).parts
        )
        if not member.filename or member.is_dir() or hidden:
            continue
        if member.filename.startswith("/") or ".." in PurePosixPath(member.filename).parts:
            raise BadInputError(
                f"expected paths inside the zip, found {member.filename[:100]!r}: {path}; create it again."
            )
        if member.flag_bits & 1:
            raise BadInputError(
                f"expected a zip without a password, found an encrypted file: {path}/{member.filename}; create it "
                "again."
            )
        if member.file_size > MAX_MEMBER:
            raise BadInputError(
                f"expected at most {MAX_MEMBER:,} bytes, found {member.file_size:,}: {path}/{member.filename}; remove "
                "it."
            )
        if member.filename in found:
            raise BadInputError(
                f"expected each file once, found {member.filename} twice: {path}; create the zip again."
            )
        found.add(member.filename)
    return found
