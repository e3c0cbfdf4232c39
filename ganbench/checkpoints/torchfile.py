"""Files that ``torch.save`` wrote, as a zip or in its old layout, read without ``torch.load``.

The machine that can only build data reads the pickle; storages are held against the bytes that are there, and a zip's
checksums against its content. Objects of unknown classes, such as a program's options, become records.
"""

import re
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ganbench.checkpoints import filekind
from ganbench.checkpoints.inert import STORAGE_DTYPES, UNREAD, Global, Instance, Storage, StoredTensor
from ganbench.checkpoints.known import LEGACY_MAGIC, NAMES, NUMERIC, NUMPY_HOMES, build, is_negative, storage_reference
from ganbench.checkpoints.machine import Budget, Machine, Maker, checked_key
from ganbench.checkpoints.pickles import mapped
from ganbench.checkpoints.torch_zip import check_contents, forgo_absent_checksums
from ganbench.errors import BadInputError, UnsafeFileError

MAX_RECORDS = 100_000  # of a zip; the largest checkpoints have about a thousand
WEIGHTS_IN_SCRIPT = re.compile(r"^[^/]+/(data\.pkl|data/\d+|byteorder)$")
SCRIPTED = (
    "is a TorchScript archive, which holds code beside the weights: run it with --model torchscript:FILE, or save the "
    "state_dict() of the original module with torch.save and give that file"
)


def read(path: Path, kind: str) -> Any:
    """Return what a file of ``torch.save`` holds, as plain values and the records of ``ganbench.checkpoints.inert``.

    Args:
        path: of the file.
        kind: ``filekind.ZIP`` or ``filekind.TORCH_LEGACY``.

    Raises:
        UnsafeFileError: it asks for something to be called, or for memory that its size does not justify.
        BadInputError: it is cut short, damaged, or a zip of something else; both are predicates, to follow the path.
    """
    return _from_zip(path) if kind == filekind.ZIP else _from_legacy(mapped(path))


def read_scripted(path: Path) -> Any:
    """Return the tree of modules in a TorchScript archive, as records; its code is not even unpacked.

    Errors are those of ``read``.
    """
    return _from_zip(path, scripted=True)


def is_scripted(path: Path) -> bool:
    """Return whether a file is a TorchScript archive: a zip of torch's with code in it."""
    try:
        with zipfile.ZipFile(path) as archive:
            return _holds_code([entry.filename for entry in archive.infolist()])
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, OSError, EOFError, ValueError):
        return False


def _from_zip(path: Path, scripted: bool = False) -> Any:
    size = path.stat().st_size
    try:
        with zipfile.ZipFile(path) as archive:
            forgo_absent_checksums(archive)
            folder, lengths = _records(archive, size, scripted)
            if not scripted:  # whose code is left alone; what is read below is checked in any case
                check_contents(archive)
            storages = Storages(size, lambda key: archive.read(f"{folder}data/{key}"), lengths)
            data = archive.read(f"{folder}data.pkl")
            makers = MAKERS | SCRIPT_MAKERS if scripted else MAKERS
            return Machine(data, makers, build, Budget(len(data)), lambda it: storages.of((*it, None))).load()
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, OSError, EOFError, ValueError) as error:
        raise BadInputError("is a zip that is cut short or damaged: copy or download it again") from error


def _records(archive: zipfile.ZipFile, size: int, scripted: bool) -> tuple[str, dict[str, int]]:
    """Return the folder in a zip that torch wrote, and the lengths of the storages by their keys."""
    entries = [entry for entry in archive.infolist() if not scripted or WEIGHTS_IN_SCRIPT.search(entry.filename)]
    lengths = {entry.filename: entry.file_size for entry in entries[:MAX_RECORDS]}
    if len(lengths) != len(entries) or sum(lengths.values()) > size:
        raise UnsafeFileError("is a zip whose records overlap, repeat or are compressed")
    folders = [name.removesuffix("data.pkl") for name in lengths if name.endswith("/data.pkl")]
    if _holds_code(list(lengths)):
        raise BadInputError(SCRIPTED)
    if len(folders) != 1 or any(entry.compress_type != zipfile.ZIP_STORED for entry in entries):
        raise BadInputError("is a zip, but not one of weights: give a checkpoint that torch.save wrote")
    if f"{folders[0]}byteorder" in lengths and archive.read(f"{folders[0]}byteorder") != b"little":
        raise BadInputError("was written on a big-endian machine: load it there and save it on another")
    start = f"{folders[0]}data/"
    return folders[0], {name.removeprefix(start): length for name, length in lengths.items() if name.startswith(start)}


def _holds_code(names: list[str]) -> bool:
    folders = [name.removesuffix("data.pkl") for name in names if name.endswith("/data.pkl")]
    return any(name.startswith(f"{folder}code/") for folder in folders for name in names)


class Storages:
    """The storages of a file by key, each read on first use.

    Args:
        file_size: in bytes, which no storage may exceed.
        fetch: returns the bytes of a key.
        lengths: of the storages, in bytes; None where they are not known yet.
    """

    def __init__(self, file_size: int, fetch: Callable[[str], Any], lengths: Mapping[str, int] | None = None) -> None:
        self.file_size, self.fetch, self.lengths = file_size, fetch, lengths
        self.declared: dict[str, tuple[str, int]] = {}
        self._read: dict[str, Storage | Instance] = {}

    def of(self, reference: Any) -> Any:
        """Return the storage that a persistent id stands for, or the class that an old file keeps the source of.

        Raises:
            UnsafeFileError: it is not in torch's layout, contradicts an earlier one, or is longer than the file.
        """
        if reference[0] == "module":
            return reference[1]
        kind, key, count = storage_reference(reference)
        if self.declared.setdefault(key, (kind, count)) != (kind, count):
            raise UnsafeFileError("holds an inconsistent storage")
        if key not in self._read:
            self._read[key] = self._storage(kind, key, count)
        return self._read[key]

    def _storage(self, kind: str, key: str, count: int) -> Storage | Instance:
        nbytes = count * itemsize(kind)
        if nbytes > self.file_size:
            raise UnsafeFileError(f"announces a storage of {count} numbers, which is more than the size of the file")
        if self.lengths is not None and nbytes > self.lengths.get(key, 0):
            held = self.lengths.get(key, 0)
            raise UnsafeFileError(f"announces a storage of {count} numbers and holds {held} bytes of it")
        if kind in LEFT_OUT:
            return Instance(f"{UNREAD}complex" if "Complex" in kind else f"torch {kind}")
        return Storage(kind, memoryview(self.fetch(key))[:nbytes])


def itemsize(kind: str) -> int:
    """Return the bytes of one number in a storage.

    Raises:
        BadInputError: the kind of storage is unknown.
    """
    if kind in STORAGE_DTYPES:
        return np.dtype(STORAGE_DTYPES[kind]).itemsize
    if kind in LEFT_OUT:
        return LEFT_OUT[kind]
    raise BadInputError(f"holds numbers of the unknown type {kind[:40]}: save the weights as float32")


def _from_legacy(data: memoryview) -> Any:
    """Return what a file in torch's old layout holds.

    The storages lie behind the pickle that refers to them, so it is read twice, first only to find where they lie.
    This layout has no checksum: a number that was damaged on the way is read as it is.
    """
    declared = Storages(len(data), lambda key: b"")
    scout = _at_content(data, MAKERS | TENSORS_LEFT_OUT, declared)
    scout.load()
    found = dict(_tail(scout, declared))
    return _at_content(data, MAKERS, Storages(len(data), found.__getitem__)).load()


def _at_content(data: memoryview, makers: Mapping[str, Maker], storages: Storages) -> Machine:
    """Return a machine positioned before the content of a file in torch's old layout."""
    machine = Machine(data, makers, build, Budget(len(data)), storages.of)
    magic, protocol, system = machine.load(), machine.load(), machine.load()
    if (magic, protocol) != (LEGACY_MAGIC, 1001) or not isinstance(system, dict) or not system.get("little_endian"):
        raise UnsafeFileError("is not in torch's layout")
    return machine


def _tail(machine: Machine, declared: Storages) -> Iterator[tuple[str, memoryview]]:
    """Yield the storages behind the content, by their keys."""
    keys = machine.load()
    if not isinstance(keys, list) or set(map(checked_key, keys)) != declared.declared.keys():
        raise UnsafeFileError("names other storages than it holds")
    for key in keys:
        kind, count = declared.declared[key]
        if machine.number("<q") != count:
            raise UnsafeFileError("holds an inconsistent storage")
        yield key, machine.take(count * itemsize(kind))


def _record(name: str) -> Maker:
    return lambda args, budget: Instance(name, args)


def _counted(args: tuple[Any, ...], budget: Budget) -> dict[Any, Any]:
    return OrderedDict()  # what it is made from, a factory or counts, does not matter here


def _view(args: tuple[Any, ...], budget: Budget) -> StoredTensor | Instance:
    """Return a tensor; it may repeat parts of its storage, because the sizes of all tensors are checked before "
    "copying."""
    storage, offset, shape, strides = args[:4]
    if isinstance(storage, Instance):  # of a type that is left out
        return storage
    if not isinstance(storage, Storage):
        raise UnsafeFileError("makes a tensor from something that is not a storage")
    return StoredTensor(storage, offset, shape, strides, is_negative(args))


def _of_type(args: tuple[Any, ...], budget: Budget) -> Instance:
    """Return the record of a tensor of a type that older PyTorch lacks, such as float8."""
    dtype = args[6].name if len(args) > 6 and isinstance(args[6], Global) else "of an unknown type"
    return Instance(f"{UNREAD}{dtype.removeprefix('torch ')[:40]}")


def _any_dtype(args: tuple[Any, ...], budget: Budget) -> Any:
    """Return a numpy type, or the record of one that no weights have: texts, dates and objects."""
    other = args and isinstance(args[0], str) and args[0] not in NUMERIC
    return Instance("numpy dtype", args) if other else NAMES["numpy dtype"](args, budget)


def _any_scalar(args: tuple[Any, ...], budget: Budget) -> Any:
    """Return a number, or the record of another value."""
    other = args and isinstance(args[0], Instance)
    return Instance("numpy generic", args) if other else NAMES[f"{NUMPY_HOMES[0]} scalar"](args, budget)


def _unread(kind: str) -> Maker:
    return lambda args, budget: Instance(f"{UNREAD}{kind}")


def _parameter(args: tuple[Any, ...], budget: Budget) -> Any:
    """Return the tensor that a parameter is."""
    if not args or not isinstance(args[0], StoredTensor | Instance):
        raise UnsafeFileError("makes a parameter from something that is not a tensor")
    return args[0]


BUILT_IN = ("complex", "frozenset", "slice", "range", "xrange", "bytearray", "type", "getattr")
LEFT_OUT = {"UntypedStorage": 1, "ComplexFloatStorage": 8, "ComplexDoubleStorage": 16}  # bytes of a number
LEFT_OUT |= {"QInt8Storage": 1, "QUInt8Storage": 1, "QInt32Storage": 4}
# Calls that programs write beside their weights, in settings and logs; none is made, each becomes a record.
HARMLESS = (
    *("pathlib PosixPath", "pathlib WindowsPath", "pathlib PurePosixPath"),
    *(f"datetime {name}" for name in ("datetime", "date", "timedelta", "timezone")),
    *(f"{home} {name}" for home in ("builtins", "__builtin__") for name in BUILT_IN),
    *("types SimpleNamespace", "decimal Decimal", "fractions Fraction", "functools partial", "random Random"),
    *(f"numpy.random._pickle __{name}_ctor" for name in ("randomstate", "generator", "bit_generator")),
    *("torch.serialization _get_layout", "numpy.random.bit_generator __pyx_unpickle_SeedSequence", "re _compile"),
)
MAKERS: dict[str, Maker] = {
    **NAMES,
    **{name: _record(name) for name in HARMLESS},
    "torch._utils _rebuild_tensor_v2": _view,
    "torch._utils _rebuild_tensor_v3": _of_type,
    "torch._utils _rebuild_sparse_tensor": _unread("sparse"),
    "torch._utils _rebuild_qtensor": _unread("quantised"),
    "torch._utils _rebuild_meta_tensor_no_storage": _unread("meta"),
    **{f"torch._utils _rebuild_parameter{kind}": _parameter for kind in ("", "_with_state")},
    "numpy dtype": _any_dtype,
    **{f"{home} scalar": _any_scalar for home in NUMPY_HOMES},
    "collections deque": lambda args, budget: [],
    **{f"collections {name}": _counted for name in ("defaultdict", "Counter")},
}
TENSORS_LEFT_OUT: dict[str, Maker] = {name: lambda args, budget: None for name in MAKERS if "torch._utils " in name}
# How TorchScript says that a list or a dictionary has elements of one type; the first argument is the value.
SCRIPT_MAKERS: dict[str, Maker] = {
    f"torch.jit._pickle {name}": lambda args, budget: args[0]
    for name in ("build_intlist", "build_doublelist", "build_boollist", "build_tensorlist", "restore_type_tag")
}
