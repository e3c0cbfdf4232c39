"""Pickles written opcode by opcode: the same values always give the same bytes, and classes are named, never imported.

Official programs read such files with Python's own ``pickle``. Tensors and arrays lie in them as the oldest torch and
numpy that those programs ran with wrote them, which every later version reads.
"""

import io
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ganbench.checkpoints.inert import STORAGE_DTYPES

if TYPE_CHECKING:
    from torch import Tensor

PROTOCOL = b"\x80\x04"
STOP = b"."
MARK, EMPTY_TUPLE, EMPTY_LIST, EMPTY_DICT = b"(", b")", b"]", b"}"
TUPLE, APPENDS, SETITEMS = b"t", b"e", b"u"
GLOBAL, REDUCE, NEWOBJ, BUILD, BINPERSID = b"\x93", b"R", b"\x81", b"b", b"Q"
MEMOIZE, GET = b"\x94", b"j"
CONSTANTS = {None: b"N", True: b"\x88", False: b"\x89"}
LEGACY_MAGIC = 0x1950A86A20F9469CFC6C  # in front of what torch.save wrote before it made zips
KINDS = {np.dtype(code).str: kind for kind, code in STORAGE_DTYPES.items() if kind != "BFloat16Storage"}

Memo = dict[int, tuple[int, "Made"]]  # an object's id -> its number in the pickle, and the object, which keeps its id


@dataclass(frozen=True)
class Name:
    """A class or function, which a pickle only names.

    Attributes:
        module: that it lies in.
        attribute: its name there.
    """

    module: str
    attribute: str


@dataclass(frozen=True, eq=False)
class Made:
    """An object that its reader makes; where one is met again, it is the same object.

    Attributes:
        maker: the class or function that is called.
        args: its arguments.
        state: of the object, such as a dict of its attributes; None for what the call makes.
        bare: whether the class's ``__new__`` alone is called, as for objects that are pickled in the usual way.
    """

    maker: Name
    args: tuple[Any, ...] = ()
    state: Any = None
    bare: bool = False


@dataclass(frozen=True, eq=False)
class Persistent:
    """What the reader finds by an id of its own, such as the numbers of a storage behind the pickle."""

    id: Any


def pickled(value: Any) -> bytes:
    """Return the pickle of plain values, arrays, tensors, and of objects that are only named.

    Raises:
        TypeError: there is a value of another type.
    """
    return PROTOCOL + b"".join(_opcodes(value, {})) + STOP


def _opcodes(value: Any, memo: Memo) -> Iterator[bytes]:
    if isinstance(value, Made):
        yield from _made(value, memo)
    elif isinstance(value, Mapping):
        yield EMPTY_DICT + MARK
        for key, item in value.items():
            yield from _opcodes(key, memo)
            yield from _opcodes(item, memo)
        yield SETITEMS
    elif isinstance(value, tuple | list):
        yield EMPTY_LIST + MARK if isinstance(value, list) else MARK
        for item in value:
            yield from _opcodes(item, memo)
        yield APPENDS if isinstance(value, list) else TUPLE
    elif isinstance(value, Persistent):
        yield from _opcodes(value.id, memo)
        yield BINPERSID
    elif isinstance(value, Name):
        yield _plain(value.module) + _plain(value.attribute) + GLOBAL
    elif isinstance(value, np.ndarray | np.generic):
        yield from _opcodes(_array(np.asarray(value)), memo)
    elif value is None or isinstance(value, bool | int | float | str | bytes):
        yield _plain(value)
    else:
        yield from _opcodes(_tensor(value), memo)


def _made(value: Made, memo: Memo) -> Iterator[bytes]:
    if id(value) in memo:
        yield GET + struct.pack("<I", memo[id(value)][0])
        return
    yield from _opcodes(value.maker, memo)
    yield from _opcodes(value.args, memo)
    yield NEWOBJ if value.bare else REDUCE
    memo[id(value)] = len(memo), value
    yield MEMOIZE
    if value.state is not None:
        yield from _opcodes(value.state, memo)
        yield BUILD


def _plain(value: Any) -> bytes:
    if value is None or isinstance(value, bool):
        return CONSTANTS[value]
    if isinstance(value, int):
        data = value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True)
        return b"\x8a" + bytes([len(data)]) + data
    if isinstance(value, float):
        return b"G" + struct.pack(">d", value)
    if isinstance(value, str):
        text = value.encode()
        return b"X" + struct.pack("<I", len(text)) + text
    assert isinstance(value, bytes)
    return b"\x8e" + struct.pack("<Q", len(value)) + value


def _array(array: NDArray[Any]) -> Made:
    order = (3, "<", None, None, None, -1, -1, 0)
    dtype = Made(Name("numpy", "dtype"), (array.dtype.str[1:], False, True), order)
    state = (1, array.shape, dtype, False, array.astype(array.dtype.newbyteorder("<")).tobytes())
    ndarray = Name("numpy", "ndarray")  # numpy.core is where both the first and the second numpy find it
    return Made(Name("numpy.core.multiarray", "_reconstruct"), (ndarray, (0,), b"b"), state)


def _tensor(value: "Tensor") -> Made:
    import torch

    if not isinstance(value, torch.Tensor):
        raise TypeError(f"expected a plain value, an array or a tensor, found a {type(value).__name__}")
    array = value.detach().cpu().contiguous().numpy()
    strides = tuple(stride // array.itemsize for stride in array.strides)
    storage = Made(Name("torch.storage", "_load_from_bytes"), (storage_bytes(array),))
    hooks = Made(Name("collections", "OrderedDict"))
    return Made(Name("torch._utils", "_rebuild_tensor_v2"), (storage, 0, array.shape, strides, False, hooks))


def storage_bytes(array: NDArray[Any]) -> bytes:
    """Return what ``torch.save`` wrote for the storage of a tensor before it made zips, under the key ``"0"``."""
    kind = Name("torch", KINDS[array.dtype.str])
    system = {"protocol_version": 1001, "little_endian": True, "type_sizes": {"short": 2, "int": 4, "long": 4}}
    reference = Persistent(("storage", kind, "0", "cpu", array.size, None))
    head = b"".join(pickled(part) for part in (LEGACY_MAGIC, 1001, system, reference, ["0"]))
    return head + struct.pack("<q", array.size) + array.tobytes()


def torch_file(values: Mapping[str, Any]) -> bytes:
    """Return what ``torch.save`` writes for dictionaries of tensors, each with a storage to itself."""
    import torch

    def plain(value: Any) -> Any:
        return {name: plain(each) for name, each in value.items()} if isinstance(value, Mapping) else value.clone()

    file = io.BytesIO()
    torch.save(plain(values), file)
    return file.getvalue()
