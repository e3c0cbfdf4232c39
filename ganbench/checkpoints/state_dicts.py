"""State dicts that ``torch.save`` wrote, as a zip or in its old layout, and the networks that they belong to.

A file is first read by the machine that can only build data, which knows nothing but tensors: names, and the memory
that the declared storages and views ask for, are held against the file. Only then is it given to
``torch.load(weights_only=True)``, which would itself allocate whatever a file declares.
"""

import math
import pickle
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ganbench.checkpoints import filekind
from ganbench.checkpoints.inert import STORAGE_DTYPES, check_counts
from ganbench.checkpoints.known import LEGACY_MAGIC, NAMES, STORAGES, TORCH_DTYPES, build, storage_reference
from ganbench.checkpoints.machine import Budget, Machine, Maker, checked_key
from ganbench.checkpoints.naming import about
from ganbench.checkpoints.pickles import mapped
from ganbench.checkpoints.torch_zip import check_contents, forgo_absent_checksums
from ganbench.errors import BadInputError, UnsafeFileError

if TYPE_CHECKING:
    from torch import Tensor

    from ganbench.checkpoints.architectures import Blueprint

    Tensors = Mapping[str, Tensor]
    Recogniser = Callable[[Tensors], dict[str, Blueprint] | None]

MAX_RECORDS = 100_000  # of a zip; the largest checkpoints have about a thousand
SPARE = 2**29  # bytes that views may unfold to beyond twice the file's length: views of one storage may overlap
PREFIX = "module."  # what DataParallel puts before every name
UNKNOWN = (
    "holds weights of no known network: give a checkpoint of StarGAN v2 (..._nets_ema.ckpt), of CycleGAN "
    "(..._net_G_A.pth) or an official .pkl snapshot"
)


def recognisers() -> "tuple[Recogniser, ...]":
    """Return what tells networks by their tensors, in the order in which they are asked.

    Each is given all tensors of a file by name, those of a dictionary of state dicts as ``generator.from_rgb.weight``,
    and returns what the networks are built from by their official names, or None where they are not its own.
    """
    from ganbench.checkpoints import cyclegan, starganv2

    return (starganv2.recognised, cyclegan.recognised)


def blueprints(path: Path) -> "dict[str, Blueprint]":
    """Return what the networks in a file of state dicts are built from, by their official names.

    Raises:
        UnsafeFileError: it asks for code to be run, or for memory that its size does not justify.
        BadInputError: it is cut short, holds something else than tensors, or networks of no known kind.
    """
    from ganbench.checkpoints.cyclegan import name_in

    tensors = read(path)
    with about(path):
        for recognised in recognisers():
            if (found := recognised(tensors)) is not None:
                return {name_in(path, name): plan for name, plan in found.items()}
        raise BadInputError(UNKNOWN)


def read(path: Path) -> "Tensors":
    """Return all tensors of a file by name, on the CPU, without the prefix ``module.`` of parallel training.

    Raises:
        UnsafeFileError, BadInputError: as for ``blueprints``.
    """
    with about(path):
        CHECKS[filekind.kind_of(path)](path)
        import torch

        try:
            content = torch.load(path, map_location="cpu", weights_only=True)
        except (RuntimeError, pickle.UnpicklingError, ValueError, TypeError, LookupError, EOFError) as error:
            reason = " ".join(str(error).split()).partition(". ")[0][:100].rstrip(".")
            raise BadInputError(f"cannot be read by torch.load ({reason}): copy or download it again") from error
        if not isinstance(content, dict):
            raise BadInputError(UNKNOWN)
        return dict(_flat(content))


def _flat(content: Mapping[Any, Any]) -> "Iterator[tuple[str, Tensor]]":
    """Yield tensors by name; what is neither a tensor nor a dictionary of them, such as a step number, is left out."""
    from torch import Tensor

    names = [str(name) for name in content]
    cut = len(PREFIX) if names and all(name.startswith(PREFIX) for name in names) else 0
    for name, value in zip(names, content.values(), strict=True):
        if isinstance(value, Tensor):
            yield name[cut:], value.detach()
        elif isinstance(value, dict):
            yield from ((f"{name}.{inner}", tensor) for inner, tensor in _flat(value))


def _check_zip(path: Path) -> None:
    """Hold a zip's records against what its pickle declares; torch itself looks up each by name."""
    size = path.stat().st_size
    try:
        with zipfile.ZipFile(path) as archive:
            forgo_absent_checksums(archive)
            data, records = _records(archive, size)
            check_contents(archive)
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, OSError, EOFError, ValueError) as error:
        raise BadInputError("is a zip that is cut short or damaged: copy or download it again") from error
    asked = Declarations(size)
    Machine(data, asked.makers, build, Budget(len(data)), lambda it: asked.storage((*it, None))).load()
    for key, (count, nbytes) in asked.storages.items():
        if nbytes > records.get(key, 0):
            raise UnsafeFileError(f"announces a storage of {count} numbers and holds {records.get(key, 0)} bytes of it")


def _records(archive: zipfile.ZipFile, size: int) -> tuple[bytes, dict[str, int]]:
    """Return the pickle in a zip that torch wrote, and the lengths of the storages beside it."""
    entries = archive.infolist()
    lengths = {entry.filename: entry.file_size for entry in entries[:MAX_RECORDS]}
    if len(lengths) != len(entries) or sum(lengths.values()) > size:
        raise UnsafeFileError("is a zip whose records overlap, repeat or unfold")
    pickles = [name for name in lengths if name.endswith("/data.pkl")]
    if len(pickles) != 1 or any(entry.compress_type != zipfile.ZIP_STORED for entry in entries):
        raise BadInputError("is a zip, but not one of weights: give a checkpoint that torch.save wrote")
    folder = pickles[0].removesuffix("data.pkl") + "data/"
    return archive.read(pickles[0]), {name.removeprefix(folder): length for name, length in lengths.items()}


def _check_legacy(path: Path) -> None:
    """Hold the storages at the end of a file in torch's old layout against what its pickle declares.

    This layout has no checksum: a number that was damaged on the way is read as it is.
    """
    data = mapped(path)
    asked = Declarations(len(data))
    machine = Machine(data, asked.makers, build, Budget(len(data)), asked.storage)
    magic, protocol, system = machine.load(), machine.load(), machine.load()
    if (magic, protocol) != (LEGACY_MAGIC, 1001) or not isinstance(system, dict) or not system.get("little_endian"):
        raise UnsafeFileError("is not in torch's layout")
    machine.load()
    keys = machine.load()
    if not isinstance(keys, list) or set(map(checked_key, keys)) != asked.storages.keys():
        raise UnsafeFileError("names other storages than it holds")
    for key in keys:
        count, nbytes = asked.storages[key]
        if machine.number("<q") != count:
            raise UnsafeFileError("holds a storage that contradicts itself")
        machine.take(nbytes)


class Declared(NamedTuple):
    """A storage of which only the length is known, in numbers; or a view of one, as it is unfolded."""

    numbers: int
    itemsize: int


class Declarations:
    """What a pickle of tensors asks for.

    Attributes:
        storages: key to numbers and bytes.
        makers: names that the pickle may mention, and what each makes of its arguments.
    """

    def __init__(self, file_size: int) -> None:
        self.file_size, self.unfolded = file_size, 0
        self.storages: dict[str, tuple[int, int]] = {}
        self.makers: Mapping[str, Maker] = {
            **STORAGES,
            **{name: NAMES[name] for name in PLAIN_NAMES},
            "torch._utils _rebuild_tensor_v2": self.view,
            **{f"torch._utils _rebuild_parameter{kind}": self.parameter for kind in ("", "_with_state")},
        }

    def storage(self, reference: Any) -> Declared:
        """Return the storage that a persistent id stands for.

        Raises:
            UnsafeFileError: it is not in torch's layout, contradicts an earlier one, or is longer than the file.
        """
        kind, key, count = storage_reference(reference)
        made = Declared(count, np.dtype(STORAGE_DTYPES[kind]).itemsize)
        known = self.storages.setdefault(key, (count, count * made.itemsize))
        if known != (count, count * made.itemsize):
            raise UnsafeFileError("holds a storage that contradicts itself")
        if known[1] > self.file_size:
            raise UnsafeFileError(f"announces a storage of {count} numbers, which is more than the file is long")
        return made

    def view(self, args: tuple[Any, ...], budget: Budget) -> Declared:
        """Return what unfolding a strided view of a storage would take.

        Raises:
            UnsafeFileError: it leaves the storage, or all views together unfold into far more than the file.
        """
        storage, offset, shape, strides = args[:4]
        if not isinstance(storage, Declared):
            raise UnsafeFileError("makes a tensor from something that is no storage")
        for numbers in ((offset,), shape, strides):
            check_counts(numbers)
        count = math.prod(shape)
        last = offset + sum((n - 1) * stride for n, stride in zip(shape, strides, strict=True))
        if count and last >= storage.numbers:
            raise UnsafeFileError(
                f"announces a tensor of shape {list(shape)} and holds {storage.numbers} numbers for it"
            )
        self.unfolded += count * storage.itemsize
        if self.unfolded > 2 * self.file_size + SPARE:
            raise UnsafeFileError("unfolds into far more memory than the file is long")
        return Declared(count, storage.itemsize)

    def parameter(self, args: tuple[Any, ...], budget: Budget) -> Any:
        """Return the view that a parameter is."""
        if not args or not isinstance(args[0], Declared):
            raise UnsafeFileError("makes a parameter from something that is no tensor")
        return args[0]


PLAIN_NAMES = ("collections OrderedDict", "torch Size", "torch device", *(f"torch {name}" for name in TORCH_DTYPES))
CHECKS: Mapping[str, Callable[[Path], None]] = {
    filekind.ZIP: _check_zip,
    filekind.TORCH_LEGACY: _check_legacy,
}
