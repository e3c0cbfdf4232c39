"""The content of a pickle: plain values and these few records, none of which can run anything."""

import math
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ganbench.errors import UnsafeFileError

# How torch names its storages, and the numpy type of what lies in them; bfloat16 has none and is read as 16 bits.
STORAGE_DTYPES = {
    "FloatStorage": "<f4",
    "DoubleStorage": "<f8",
    "HalfStorage": "<f2",
    "BFloat16Storage": "<u2",
    "LongStorage": "<i8",
    "IntStorage": "<i4",
    "ShortStorage": "<i2",
    "CharStorage": "<i1",
    "ByteStorage": "<u1",
    "BoolStorage": "?",
}


LARGEST = 2**48  # numbers of a tensor, and steps in it; in bytes they fit in 64 bits


UNREAD = "torch tensor, "
"""How the name of an ``Instance`` begins that stands for a tensor which is not read; the kind of tensor follows."""


def check_counts(numbers: Any) -> None:
    """Check that ``numbers`` is a short tuple of plain integers from 0, as a shape is.

    Raises:
        UnsafeFileError: it is not. (What is there instead is not printed: it may be as deep as a file likes.)
    """
    if not isinstance(numbers, tuple) or len(numbers) > 32 or not all(type(n) is int and n >= 0 for n in numbers):
        raise UnsafeFileError("holds a shape that is not a short list of sizes")


@dataclass(frozen=True, slots=True)
class Global:
    """A name that the pickle mentions, ``"module name"``; never looked up."""

    name: str


@dataclass(eq=False, slots=True)
class Instance:
    """An object of a class that is only named: what it would have been made from, and its state.

    Attributes:
        name: ``"module name"`` of the class.
        args: arguments of its constructor.
        state: what was stored of it, usually a dict of its attributes.
    """

    name: str
    args: tuple[Any, ...] = ()
    state: Any = None


@dataclass(eq=False, slots=True)
class PersistentObject:
    """An object written by ``torch_utils.persistence``.

    Attributes:
        class_name: without its module, such as ``"Generator"``.
        state: attributes of the object.
        module_src: source text that came along; text only, never compiled.
        version: of the layout.
    """

    class_name: str
    state: dict[str, Any] = field(repr=False)
    module_src: str = field(repr=False, default="")
    version: int = 0


@dataclass(eq=False, slots=True)
class DType:
    """A numeric numpy type; its byte order arrives later than its name."""

    code: str
    order: Literal["<", ">", "=", "|"] = "|"

    def numpy(self) -> np.dtype[Any]:
        """Return the numpy type."""
        return np.dtype(self.code).newbyteorder(self.order)


@dataclass(frozen=True, eq=False, slots=True)
class Storage:
    """The raw numbers of one or more tensors; ``kind`` is a key of ``STORAGE_DTYPES``."""

    kind: str
    data: memoryview = field(repr=False)

    def __len__(self) -> int:
        return len(self.data) // np.dtype(STORAGE_DTYPES[self.kind]).itemsize


@dataclass(frozen=True, eq=False, slots=True)
class StoredTensor:
    """A torch tensor as it lies in the file: a strided view of a storage, checked to stay inside it.

    Attributes:
        storage: that it is a view of.
        offset: of its first number in the storage.
        shape: sizes.
        strides: steps in the storage, in numbers.
        negative: whether the numbers are those of the storage with the other sign, as of the imaginary part of a
            conjugate.

    Raises:
        UnsafeFileError: the view leaves the storage.
    """

    storage: Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    negative: bool = False

    def __post_init__(self) -> None:
        for numbers in ((self.offset,), self.shape, self.strides):
            check_counts(numbers)
        whole = math.prod(size for size in self.shape if size)  # numpy refuses a huge one even beside a size of 0
        if max(whole, self.offset, *self.strides) >= LARGEST:
            raise UnsafeFileError(f"announces a tensor of more than {LARGEST:,} numbers")
        if self.negative and self.storage.kind == "BoolStorage":
            raise UnsafeFileError("holds truth values with the other sign")
        count, stored = math.prod(self.shape), len(self.storage)
        last = self.offset + sum((n - 1) * stride for n, stride in zip(self.shape, self.strides, strict=True))
        if count and last >= stored:
            raise UnsafeFileError(f"announces a tensor of shape {list(self.shape)} and holds {stored} numbers for it")

    @property
    def nbytes(self) -> int:
        """Number of bytes of the elements."""
        return math.prod(self.shape) * np.dtype(STORAGE_DTYPES[self.storage.kind]).itemsize

    def numpy(self) -> NDArray[Any]:
        """Return the elements as a fresh array; bfloat16 becomes float32."""
        flat = np.frombuffer(self.storage.data, STORAGE_DTYPES[self.storage.kind])[self.offset :]
        strides = [stride * flat.itemsize for stride in self.strides]
        view = np.lib.stride_tricks.as_strided(flat, self.shape, strides, writeable=False) if flat.size else flat
        made = view.reshape(self.shape).copy()
        if self.storage.kind == "BFloat16Storage":  # the upper half of a float32
            made = np.asarray(made.astype("<u4") << 16).view("<f4")
        return np.negative(made) if self.negative else made
