"""The allow-list of names in checkpoints, and the inert data that each makes of its arguments.

An allow-list, because a list of dangerous names could never be complete. Every function takes the arguments as the
pickle gives them, so each is checked before use. The names are those in NVlabs' PyTorch and TensorFlow snapshots, from
the oldest releases to the newest torch and numpy.
"""

import math
import re
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from typing import Any, Literal

import numpy as np

from ganbench.checkpoints.inert import (
    STORAGE_DTYPES,
    DType,
    Global,
    Instance,
    PersistentObject,
    Storage,
    StoredTensor,
    check_counts,
)
from ganbench.checkpoints.machine import Budget, Machine, Maker, checked_key
from ganbench.errors import UnsafeFileError

Args = tuple[Any, ...]


class Makers(Mapping[str, Maker]):
    """A table of makers, extended by the layers of ``torch.nn``: classes that are only named."""

    def __init__(self, table: Mapping[str, Maker]) -> None:
        self.table = table

    def __getitem__(self, name: str) -> Maker:
        if TORCH_LAYER.fullmatch(name):
            return _instance(name)
        return self.table[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.table)

    def __len__(self) -> int:
        return len(self.table)


def _instance(name: str) -> Maker:
    def make(args: Args, budget: Budget) -> Instance:
        return Instance(name, args)

    return make


def _dictionary(args: Args, budget: Budget) -> "OrderedDict[Any, Any]":
    if args:
        raise UnsafeFileError("makes a dictionary in a way that no checkpoint does")
    return OrderedDict()


def _set(args: Args, budget: Budget) -> set[Any]:
    (items,) = args or ([],)
    if not isinstance(items, list):
        raise UnsafeFileError(f"makes a set from a {type(items).__name__}")
    budget.copy(100 * len(items))
    return set(map(checked_key, items))


def _no_bytes(args: Args, budget: Budget) -> bytes:
    if args:
        raise UnsafeFileError("makes bytes in a way that no checkpoint does")
    return b""  # protocol 2 writes empty bytes like this


def _encode(args: Args, budget: Budget) -> bytes:
    text, codec = args  # protocol 2 has no bytes and writes them as text
    if not isinstance(text, str) or codec != "latin1":
        raise UnsafeFileError("encodes bytes in a way that no checkpoint does")
    budget.copy(len(text))
    return text.encode("latin1")


def _dtype(args: Args, budget: Budget) -> DType:
    code = args[0]
    if not isinstance(code, str) or code not in NUMERIC:
        shown = repr(code[:20]) if isinstance(code, str) else f"a {type(code).__name__}"
        raise UnsafeFileError(f"holds an array whose type is {shown}, and weights are numbers")
    return DType(code)


def _array(args: Args, budget: Budget) -> np.ndarray[Any, Any]:
    if not isinstance(args[0], Global) or args[0].name != "numpy ndarray":
        raise UnsafeFileError("makes an array of a class that is not numpy's")
    return np.empty(0, np.uint8)


def _scalar(args: Args, budget: Budget) -> Any:
    dtype, data = args
    return _numbers(dtype, (), data)[()]


def _frombuffer(args: Args, budget: Budget) -> np.ndarray[Any, Any]:
    data, dtype, shape, order = args
    budget.copy(len(data))
    return _numbers(dtype, shape, data, order).copy(order=order)


def _numbers(dtype: Any, shape: Any, data: Any, order: Any = "C") -> np.ndarray[Any, Any]:
    if not isinstance(dtype, DType) or not isinstance(data, bytes) or order not in ("C", "F"):
        raise UnsafeFileError("makes an array from something that is not a run of numbers")
    check_counts(shape)
    if math.prod(shape) * dtype.numpy().itemsize != len(data):
        raise UnsafeFileError(f"announces an array of shape {list(shape)} and holds {len(data)} bytes for it")
    return np.frombuffer(data, dtype.numpy()).reshape(shape, order=order)


def _persistent_object(args: Args, budget: Budget) -> PersistentObject:
    (meta,) = args
    if not isinstance(meta, dict) or meta.get("type") != "class":
        raise UnsafeFileError("holds a persistent object that is not of the official layout")
    name, state, source = meta.get("class_name"), meta.get("state"), meta.get("module_src", "")
    if not (isinstance(name, str) and isinstance(state, dict) and isinstance(source, str)):
        raise UnsafeFileError("holds a persistent object that is not of the official layout")
    return PersistentObject(name, state, source, meta.get("version", 0))


def _tensor(args: Args, budget: Budget) -> StoredTensor:
    storage, offset, shape, strides = args[:4]
    if not isinstance(storage, Storage):
        raise UnsafeFileError("makes a tensor from something that is not a storage")
    made = StoredTensor(storage, offset, shape, strides, is_negative(args))
    if math.prod(shape) > len(storage):
        raise UnsafeFileError(f"announces a tensor of shape {list(shape)} and holds {len(storage)} numbers for it")
    return made


def is_negative(args: Args) -> bool:
    """Return whether a tensor has the other sign than its storage; conjugates matter to complex tensors alone.

    Args:
        args: of ``torch._utils._rebuild_tensor_v2``; the seventh is a dictionary of such marks.
    """
    marks = args[6] if len(args) > 6 else None
    if not isinstance(marks, dict | None):
        raise UnsafeFileError("marks a tensor in a way that no checkpoint does")
    return marks is not None and marks.get("neg", False) is not False


def _parameter(args: Args, budget: Budget) -> StoredTensor:
    if not args or not isinstance(args[0], StoredTensor):
        raise UnsafeFileError("makes a parameter from something that is not a tensor")
    return args[0]


def _storage(args: Args, budget: Budget) -> Storage:
    """Return the storage inside bytes that ``torch.save`` wrote in its old layout: five pickles, then the numbers."""
    (data,) = args
    if not isinstance(data, bytes):
        raise UnsafeFileError("loads a storage from something that is not bytes")
    machine = Machine(data, STORAGES, build, budget, persistent=storage_reference)
    magic, protocol, system = machine.load(), machine.load(), machine.load()
    if (magic, protocol) != (LEGACY_MAGIC, 1001) or not isinstance(system, dict) or not system.get("little_endian"):
        raise UnsafeFileError("holds a storage that is not in torch's layout")
    (kind, key, count), keys = machine.load(), machine.load()
    if keys != [key] or machine.number("<q") != count:
        raise UnsafeFileError("holds an inconsistent storage")
    return Storage(kind, machine.take(count * np.dtype(STORAGE_DTYPES[kind]).itemsize))


def storage_reference(reference: Any) -> tuple[str, str, int]:
    """Return kind, key and number of elements; the device it was saved from does not matter."""
    tag, kind, key, _device, count, view = reference
    check_counts((count,))
    if tag != "storage" or view is not None or not (isinstance(kind, Global) and isinstance(key, str)):
        raise UnsafeFileError("holds a storage that is not in torch's layout")
    return kind.name.split(" ")[1], key, count


def _never(args: Args, budget: Budget) -> Any:
    raise UnsafeFileError("calls a name that is only a constant")


def build(target: Any, state: Any, budget: Budget) -> None:
    """Set the state of an inert object, for the opcode BUILD."""
    if isinstance(target, Instance):
        target.state = state
    elif isinstance(target, DType):
        target.order = _byte_order(state)
    elif isinstance(target, np.ndarray):
        _fill_array(target, state, budget)
    elif isinstance(target, dict):
        _check_attributes(state)
    else:
        raise UnsafeFileError(f"sets the attributes of a {type(target).__name__}, which is data")


def _check_attributes(state: Any) -> None:
    """Check the attributes of a dictionary, which are left out here; ``torch.load`` sets them.

    Raises:
        UnsafeFileError: one of them would take the place of a method.
    """
    names = state if isinstance(state, dict) else {}
    if taken := next((name for name in names if isinstance(name, str) and hasattr(OrderedDict, name)), None):
        raise UnsafeFileError(f"replaces the method {taken[:40]!r} of a dictionary")


def _byte_order(state: Any) -> Literal["<", ">", "=", "|"]:
    order = state[1]
    if order not in ("<", ">", "=", "|") or any(part is not None for part in state[2:5]):
        raise UnsafeFileError("holds an array whose elements are not plain numbers")
    return order  # type: ignore[no-any-return]  # it is one of the four


def _fill_array(target: np.ndarray[Any, Any], state: Any, budget: Budget) -> None:
    _version, shape, dtype, fortran, data = state
    if isinstance(dtype, Instance) and dtype.name == "numpy dtype":  # of no numbers, so the array is left empty
        return
    array = _numbers(dtype, shape, data, "F" if fortran else "C")
    budget.copy(array.nbytes)
    # The stubs ask for a numpy bool, which the function itself refuses.
    target.__setstate__((1, array.shape, array.dtype, bool(fortran), data))  # type: ignore[arg-type]


LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
NUMERIC = frozenset(["b1", "?", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8", "c8", "c16"])
TORCH_LAYER = re.compile(r"torch\.nn\.(modules(\.\w+)+|parameter) \w+")
NUMPY_HOMES = ("numpy.core.multiarray", "numpy._core.multiarray")
TORCH_DTYPES = ["float16", "float32", "float64", "bfloat16", "uint8", "int8", "int16", "int32", "int64", "bool"]

STORAGES: Mapping[str, Maker] = {
    f"{home} {kind}": _never for home in ("torch", "torch.cuda", "torch.storage") for kind in STORAGE_DTYPES
}

NAMES: Mapping[str, Maker] = Makers(
    {
        "collections OrderedDict": _dictionary,
        "dnnlib.util EasyDict": _dictionary,
        "argparse Namespace": _instance("argparse Namespace"),
        "builtins set": _set,
        "__builtin__ set": _set,
        "__builtin__ bytes": _no_bytes,
        "_codecs encode": _encode,
        "numpy ndarray": _never,
        "numpy dtype": _dtype,
        **{f"{home} _reconstruct": _array for home in NUMPY_HOMES},
        **{f"{home} scalar": _scalar for home in NUMPY_HOMES},
        "numpy.core.numeric _frombuffer": _frombuffer,
        "numpy._core.numeric _frombuffer": _frombuffer,
        "torch_utils.persistence _reconstruct_persistent_obj": _persistent_object,
        "torch._utils _rebuild_tensor_v2": _tensor,
        "torch._utils _rebuild_parameter": _parameter,
        "torch._utils _rebuild_parameter_with_state": _parameter,
        "torch.storage _load_from_bytes": _storage,
        "torch Size": _instance("torch Size"),
        "torch device": _instance("torch device"),
        **{f"torch {name}": _never for name in TORCH_DTYPES},
        **{name: _instance(name) for name in ("dnnlib.tflib.network Network", "tfutil Network")},
    }
)
