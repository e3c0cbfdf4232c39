"""The arrays of an npz file, checked before they are read: nothing is unpickled, and no size is trusted."""

import io
import math
import os
import tokenize
import uuid
import warnings
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ganbench.errors import BadInputError

NPZ, SUFFIX = ".npz", ".npy"  # of a file, and of the arrays in it
IMAGES = ("images", "arr_0")
"""Names of arrays of images; ``arr_0`` is numpy's name for an array without one."""

_STEP = 2**20  # bytes that are decompressed at once
_SMALL = 2**26  # bytes, below which any compression ratio is accepted
_TIGHTEST = 200  # largest compression ratio of a larger array, against bombs; photographs have about 2
_LOCAL_HEADER = 30  # bytes of the header in front of a zip member, before its name
DAMAGE = (
    *(OSError, ValueError, EOFError, TypeError, SyntaxError, tokenize.TokenError, RecursionError, MemoryError),
    *(zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, ArithmeticError),
)


class Header(NamedTuple):
    """The header of an array.

    Attributes:
        shape: sizes, none below zero.
        dtype: of plain numbers or text.
        fortran: whether the first index varies fastest.
        length: of the header in bytes.
    """

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    fortran: bool
    length: int

    @property
    def nbytes(self) -> int:
        """Bytes of the numbers."""
        return math.prod(self.shape) * self.dtype.itemsize


class Npz:
    """An npz file; arrays are read on demand, and nothing is written to disk.

    Attributes:
        path: of the file.
        names: of its arrays, without ``.npy``.

    Raises:
        BadInputError: the file is not a complete zip, is encrypted, or has members that ``numpy.savez`` never writes.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._archive = zipfile.ZipFile(path)
        except DAMAGE as error:
            raise BadInputError(
                f"expected a complete npz file, found a damaged one ({error!s:.100}): {path}; copy it again."
            ) from error
        self._members = {_array_name(member, path): member for member in self._archive.infolist()}
        if len(self._members) < len(self._archive.infolist()):
            raise BadInputError(f"expected each array once, found one twice: {path}; save it again.")
        self.names = tuple(self._members)

    def __contains__(self, name: str) -> bool:
        return name in self._members

    def header(self, name: str) -> Header:
        """Return the header of an array.

        Raises:
            BadInputError: the array holds Python objects, or another number of bytes than its header says.
        """
        member = self._members[name]
        try:
            with self._archive.open(member) as file:
                found = _header(file)
        except DAMAGE as error:
            raise self._damaged(name, error) from error
        if found.dtype.kind not in "biufU" or not found.dtype.itemsize:
            kind = "Python objects" if found.dtype.hasobject else f"the type {found.dtype!s:.40}"
            raise BadInputError(f"expected plain numbers in {name}, found {kind}: {self.path}; save numbers alone.")
        if not _is_sane(found.shape) or found.length + found.nbytes != member.file_size:
            raise BadInputError(
                f"expected {name} to hold as many bytes as its shape {_shown(found.shape)} says, found "
                f"{member.file_size - found.length:,}: {self.path}; copy or save it again."
            )
        if found.nbytes > _SMALL and found.nbytes > _TIGHTEST * member.compress_size:
            raise BadInputError(
                f"expected {name} to be compressed at most {_TIGHTEST} times, found {found.nbytes:,} bytes in "
                f"{member.compress_size:,}: {self.path}; save it with numpy.savez."
            )
        return found

    def read(self, name: str) -> NDArray[Any]:
        """Return an array, whose checksum in the zip file has been verified.

        Raises:
            BadInputError: the array is damaged, or as in ``header``.
        """
        header = self.header(name)
        try:
            content = np.empty(header.nbytes, np.uint8)
            with self._archive.open(self._members[name]) as file:
                file.read(header.length)
                _fill(content.data, file)
        except DAMAGE as error:
            raise self._damaged(name, error) from error
        return content.view(header.dtype).reshape(header.shape, order="F" if header.fortran else "C")

    def mapped(self, name: str) -> NDArray[Any]:
        """Return an array mapped from disk, whose parts are read on demand; a compressed one is read at once.

        The checksum of a mapped array is not verified; see ``check``.

        Raises:
            BadInputError: as ``read``.
        """
        member, header = self._members[name], self.header(name)
        if member.compress_type != zipfile.ZIP_STORED or not header.nbytes:
            return self.read(name)
        try:
            with self.path.open("rb") as file:
                file.seek(member.header_offset)
                local = file.read(_LOCAL_HEADER)
            lengths = int.from_bytes(local[26:28], "little"), int.from_bytes(local[28:30], "little")
            start = member.header_offset + _LOCAL_HEADER + sum(lengths) + header.length
            order: Any = "F" if header.fortran else "C"
            return np.memmap(self.path, header.dtype, "r", start, header.shape, order)
        except DAMAGE as error:
            raise self._damaged(name, error) from error

    def check(self, name: str) -> None:
        """Verify the checksum of an array by reading it once, without keeping it.

        Raises:
            BadInputError: the array is damaged.
        """
        try:
            with self._archive.open(self._members[name]) as file:
                while file.read(_STEP):
                    pass
        except DAMAGE as error:
            raise self._damaged(name, error) from error

    def _damaged(self, name: str, error: BaseException) -> BadInputError:
        reason = f"{' '.join(str(error).split())[:100] or type(error).__name__}"
        return BadInputError(f"expected the array {name}, found damage ({reason}): {self.path}; copy or save it again.")


def is_npz(path: Path) -> bool:
    """Return whether a zip file holds arrays: by its suffix, or because all of its members are arrays."""
    if path.suffix.lower() == NPZ:
        return True
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except DAMAGE:
        return False
    return bool(names) and all(name.endswith(SUFFIX) for name in names)


def _array_name(member: zipfile.ZipInfo, path: Path) -> str:
    name = member.filename
    if not name.endswith(SUFFIX) or any(mark in name for mark in "/\\:"):
        raise BadInputError(f"expected only arrays (NAME.npy), found {name[:80]!r}: {path}; save it with numpy.savez.")
    if member.flag_bits & 1:
        raise BadInputError(
            f"expected arrays without encryption, found {name[:80]!r} encrypted: {path}; save it again."
        )
    return name.removesuffix(SUFFIX)


def _header(file: IO[bytes]) -> Header:
    version = np.lib.format.read_magic(file)
    if version not in ((1, 0), (2, 0)):
        raise ValueError(f"version {version} of the layout")
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # about headers written by Python 2, which can be read
        shape, fortran, dtype = read(file)
    return Header(shape, fortran=fortran, dtype=dtype, length=file.tell())


def _fill(content: memoryview, file: IO[bytes]) -> None:
    """Fill a buffer in steps; a single ``read`` would decompress the whole member before truncating it."""
    done = 0
    while part := file.read(min(_STEP, len(content) - done)) if done < len(content) else b"":
        content[done : done + len(part)] = part
        done += len(part)
    if done < len(content) or file.read(1):
        raise EOFError("it ends too early")


def _is_sane(shape: tuple[int, ...]) -> bool:
    """Return whether numpy can make an array of a shape: it counts the bytes without sizes of 0, in 63 bits."""
    return len(shape) <= 8 and all(size >= 0 for size in shape) and math.prod(filter(None, shape)) < 2**48


def _shown(shape: tuple[int, ...]) -> str:
    text = "x".join(map(str, shape[:6]))
    return text[:60] or "()"


def to_npz(arrays: dict[str, NDArray[Any]]) -> bytes:
    """Return an npz file, uncompressed and without times: equal arrays give equal bytes."""
    file = io.BytesIO()
    np.savez(file, allow_pickle=False, **arrays)
    return file.getvalue()


def write_npz(
    path: Path,
    name: str,
    shape: tuple[int, ...],
    dtype: np.dtype[Any],
    blocks: Iterable[bytes],
    arrays: Mapping[str, NDArray[Any]],
) -> None:
    """Write an uncompressed npz file whose first array need not fit into memory; whole or not at all.

    Args:
        path: of the file.
        name, shape, dtype: of the first array.
        blocks: its content in C order.
        arrays: that follow it.

    Raises:
        OSError: the file cannot be written; an older one stays as it was.
    """
    partial = path.with_name(f".{uuid.uuid4().hex}.partial")
    try:
        with zipfile.ZipFile(partial, "x") as archive:
            with archive.open(f"{name}{SUFFIX}", "w", force_zip64=True) as file:
                header = {"descr": dtype.str, "fortran_order": False, "shape": shape}
                np.lib.format.write_array_header_1_0(file, header)
                for block in blocks:
                    file.write(block)
            for each, array in arrays.items():
                with archive.open(f"{each}{SUFFIX}", "w", force_zip64=True) as file:
                    np.lib.format.write_array(file, array, allow_pickle=False)
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)
