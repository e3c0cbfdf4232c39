"""The content of a file in any container: records of networks, tensors by name, or networks that ganbench wrote."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganbench.checkpoints import filekind
from ganbench.checkpoints.format import Header, Snapshot, Tensors, one_line
from ganbench.checkpoints.inert import UNREAD, Instance, PersistentObject, StoredTensor
from ganbench.checkpoints.machine import Budget, dotted
from ganbench.checkpoints.naming import errors_about
from ganbench.checkpoints.pickles import StrangersError, mapped, parse_pickle
from ganbench.errors import BadInputError, UnsafeFileError

if TYPE_CHECKING:
    from torch import Tensor

NO_NETWORKS = frozenset({"AugmentPipe", "NoNetwork"})  # persistent objects that a snapshot carries along
MAX_NETWORKS = 8
TF_NAMES = ("G", "D", "Gs")  # as a TensorFlow snapshot orders them
TF_HOMES = ("dnnlib.tflib", "tfutil")  # modules of the class of its networks, today and in Progressive GAN
MAX_VISITS = 200_000  # values in all dictionaries; the largest checkpoints have some ten thousand
MAX_DEPTH = 32
SPARE = 2**29  # bytes that tensors may take beyond twice the file's size, because views of one storage may overlap
WRAPPERS = frozenset({"module", "_orig_mod"})  # what DataParallel and torch.compile put into names


@dataclass(frozen=True)
class OwnFile:
    """Networks that ``ganbench`` wrote.

    Attributes:
        header: ``model``, ``config`` and the notes; of a snapshot of a training run also ``step``.
        tensors: by the names that the model's format gives them.
    """

    header: Header
    tensors: "Mapping[str, Tensor]" = field(repr=False)


def contents(path: Path) -> Snapshot | Tensors | OwnFile:
    """Return what a file holds.

    Raises:
        UnsafeFileError: it asks for something to be called, or for memory that its size does not justify.
        BadInputError: it is missing, cut short or of another kind; a whole sentence.
    """
    kind = filekind.kind_of(path)
    if kind == filekind.SAFETENSORS:
        return _of_safetensors(path)
    with errors_about(path):
        return _of_values(_values(path, kind), path.stat().st_size, path.name)


def _values(path: Path, kind: str) -> Any:
    if kind == filekind.PICKLE:
        try:
            return parse_pickle(mapped(path), whole_objects=True)
        except StrangersError as error:
            from ganbench.checkpoints.recognition import told_by_classes

            raise told_by_classes(error) from error
    from ganbench.checkpoints import torchfile

    return torchfile.read(path, kind)


def _of_values(values: Any, file_size: int, name: str) -> Snapshot | Tensors:
    if networks := networks_of(values):
        return Snapshot(networks, file_size)
    if (module := _module_in(values)) is not None:
        raise BadInputError(
            f"holds a whole pickled module of the class {dotted(module.name)}, whose code is not run: save its "
            "state_dict() with torch.save and give that file"
        )
    if isinstance(values, Instance):
        raise BadInputError(
            f"holds an object of the class {dotted(values.name)} and no weights: give the file of those"
        )
    tensors = tensors_in(values, file_size, name)
    return Tensors(_unwrapped(tensors), (), name, tensors.unread)


def _module_in(values: Any) -> Instance | None:
    """Return a whole pickled module if a file is one, or a dictionary with one and without tensors."""
    if isinstance(values, dict) and not any(isinstance(value, dict | StoredTensor) for value in values.values()):
        return next(filter(None, map(_module_in, values.values())), None)
    state = values.state if isinstance(values, Instance) else None
    return values if isinstance(state, dict) and "_modules" in state and "_parameters" in state else None


def scripted_tensors(path: Path) -> Tensors:
    """Return the parameters and buffers in a TorchScript archive, whose code is neither read nor run.

    Raises:
        UnsafeFileError, BadInputError: as for ``contents``.
    """
    from ganbench.checkpoints import torchfile

    with errors_about(path):
        return tensors_in(torchfile.read_scripted(path), path.stat().st_size, path.name)


def networks_of(values: Any) -> Mapping[str, PersistentObject | Instance]:
    """Return the networks of an official snapshot by their names: of a dict or a tuple of them, or of one alone.

    Raises:
        BadInputError: there are too many.
    """
    if isinstance(values, PersistentObject):
        values = {"G_ema" if values.class_name == "Generator" else "D": values}
    if tensorflow := _tensorflow(values):
        return tensorflow
    found = {
        str(name): value
        for name, value in (values.items() if isinstance(values, dict) else ())
        if isinstance(value, PersistentObject) and value.class_name not in NO_NETWORKS
    }
    if len(found) > MAX_NETWORKS:
        raise BadInputError(f"holds {len(found)} networks: give an official snapshot, with G, D and G_ema")
    return found


def _tensorflow(values: Any) -> dict[str, Instance]:
    """Return the networks of a TensorFlow snapshot: three in a tuple, or one alone; of anything else, none.

    A snapshot that ganbench wrote has None in place of the networks that it lacks.
    """
    parts = values if isinstance(values, tuple) else (values,)
    networks = [part for part in parts if isinstance(part, Instance) and part.name.startswith(TF_HOMES)]
    if networks and len(parts) == len(TF_NAMES) and len(networks) + parts.count(None) == len(parts):
        named = zip(TF_NAMES, parts, strict=True)
        return {name: part for name, part in named if part is not None}
    if len(networks) == len(parts) == 1:
        state = networks[0].state
        function = state.get("build_func_name") if isinstance(state, dict) else None
        return {"Gs" if isinstance(function, str) and function.startswith("G_") else "D": networks[0]}
    return {}


def tensors_in(values: Any, file_size: int, name: str = "") -> Tensors:
    """Return all tensors in dictionaries and lists within each other, by the keys that lead to them, joined by dots.

    Anything else, such as a step number or a program's options, is left out.

    Args:
        values: of the file.
        file_size: in bytes.
        name: of the file.

    Raises:
        UnsafeFileError: they nest as in no checkpoint, or are together far larger than the file.
        BadInputError: the keys to two tensors are equal when joined.
    """
    found: dict[str, StoredTensor | Instance] = {}
    for key, tensor in _stored(values, "", Budget(0, steps=MAX_VISITS), MAX_DEPTH):
        if found.setdefault(key, tensor) is not tensor:
            raise BadInputError(f"holds two tensors under the name {key[:100]}: save the weights of one network alone")
    stored = {key: tensor for key, tensor in found.items() if isinstance(tensor, StoredTensor)}
    unread = {key: it.name.removeprefix(UNREAD) for key, it in found.items() if isinstance(it, Instance)}
    if sum(tensor.nbytes for tensor in stored.values()) > 2 * file_size + SPARE:
        raise UnsafeFileError("expands to far more memory than the size of the file")
    return Tensors(_made(stored), (), name, unread)


def _made(stored: Mapping[str, StoredTensor]) -> "dict[str, Tensor]":
    """Return tensors; one that has several names is copied once."""
    if not stored:
        return {}
    import torch

    different = {id(tensor): tensor for tensor in stored.values()}
    once = {key: torch.from_numpy(tensor.numpy()) for key, tensor in different.items()}
    return {name: once[id(tensor)] for name, tensor in stored.items()}


def _stored(values: Any, place: str, budget: Budget, depth: int) -> Iterator[tuple[str, StoredTensor | Instance]]:
    """Yield tensors, and the records of those that are not read."""
    if not depth:
        raise UnsafeFileError("nests dictionaries deeper than any checkpoint")
    if isinstance(values, Instance) and values.name.startswith("__torch__"):  # a module of a TorchScript archive
        values = values.state
    pairs = (
        values.items() if isinstance(values, dict) else enumerate(values) if isinstance(values, list | tuple) else ()
    )
    for key, value in pairs:
        budget.step()
        if isinstance(value, StoredTensor) or (isinstance(value, Instance) and value.name.startswith(UNREAD)):
            yield f"{place}{key}", value
        else:
            yield from _stored(value, f"{place}{key}.", budget, depth - 1)


def _unwrapped(tensors: "Mapping[str, Tensor]") -> "Mapping[str, Tensor]":
    """Return tensors without the prefixes of wrappers in their names, unless two names would then be equal."""
    plain = {
        ".".join(piece for piece in name.split(".") if piece not in WRAPPERS): tensor
        for name, tensor in tensors.items()
    }
    return plain if len(plain) == len(tensors) else tensors


def _of_safetensors(path: Path) -> Tensors | OwnFile:
    """Return the networks of a file that ganbench wrote, or the tensors of another program's file."""
    from baselines.training.weights import from_bytes

    try:
        tensors, texts = from_bytes(path.read_bytes(), str(path))
    except ValueError as error:  # already a sentence
        raise BadInputError(str(error)) from error
    except (RecursionError, OSError) as error:
        raise BadInputError(f"{path} cannot be read as weights: {error}.") from error
    snapshot = {"step", "settings"} <= texts.keys()
    ours = "model" in texts and (snapshot or "config" in texts)  # other programs' files may name a model, too
    header = _parsed(texts, path) if ours else {}
    if snapshot:
        with errors_about(path):
            return OwnFile(header, _weights(header, tensors))
    if ours:
        return OwnFile(header, tensors)
    return Tensors(_unwrapped(tensors), (), path.name)


def _parsed(texts: Mapping[str, str], path: Path) -> Header:
    try:
        return {name: json.loads(text) for name, text in texts.items()}
    except (ValueError, RecursionError) as error:
        reason = one_line(error)
        raise BadInputError(f"{path} has a header that is not JSON ({reason}): train or fetch it again.") from error


def _weights(header: Header, tensors: "Mapping[str, Tensor]") -> "Mapping[str, Tensor]":
    """Return the tensors that are the weights in a snapshot of a training run.

    Raises:
        BadInputError: it does not say which.
    """
    from baselines.training.snapshots import weights_in

    places = header.get("weights")
    named = isinstance(places, dict) and all(isinstance(name, str) for name in places.values())
    if not isinstance(places, dict) or not named or "config" not in header:
        raise BadInputError(
            "is a snapshot of a training run that does not say which weights in it the run is for, as earlier versions "
            "wrote it: give the file of weights beside it"
        )
    return weights_in(tensors, places)


def header_of(path: Path) -> Header:
    """Return the header of a file that ``ganbench`` wrote: ``model``, ``config`` and notes; of another, nothing.

    Raises:
        BadInputError: the file is missing, damaged or of no known kind; a whole sentence.
    """
    from baselines.training.weights import read_header

    if filekind.kind_of(path) != filekind.SAFETENSORS:
        return {}
    try:
        return read_header(path)
    except (ValueError, RecursionError, OSError):
        return {}
