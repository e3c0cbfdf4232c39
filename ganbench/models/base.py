"""From the name of a model to something that can be measured."""

import hashlib
from pathlib import Path
from typing import Any

import torch
from torch import nn

from baselines.digits import dataset as digits
from ganbench import registry
from ganbench.checkpoints import file_sha256, header_of
from ganbench.checkpoints.download import fetch_weights, local
from ganbench.errors import BadInputError, GanbenchError
from ganbench.models.adapter import BaseAdapter
from ganbench.plugins import completed
from ganbench.types import Adapter, Checkpoint, Embedded, Fingerprinted, LoadedModel


def load_model(name: str, weights: Path | str | None = None, *, device: str = "cpu", entry: str | None = None) -> Any:
    """Return a model, following one of the protocols of ``ganbench.types``; its configuration comes from the file.

    Args:
        name: such as ``stylegan3``, ``stylegan3:ffhq-1024-t`` for a published checkpoint, or ``images:FOLDER``.
        weights: a file, ``hf://OWNER/REPO/FILE``, or for ``images`` a folder; None for the embedded weights or the
            published ones named.
        device: such as ``cpu`` or ``cuda``.
        entry: which network of a file that holds several, by its name or key; None for the usual one.

    Raises:
        UnknownNameError: no such model, or no such published checkpoint.
        BadInputError: the weights or the device cannot be used.
        MissingWeightsError: the published checkpoint is not here and cannot be fetched.
    """
    return open_model(name, weights, device, entry).model


def adapter_of(family: str) -> Adapter:
    """Return the adapter of a model, such as ``stylegan3``.

    Raises:
        UnknownNameError: no package provides it.
    """
    adapter: Any = completed(registry.load("models", family), BaseAdapter)
    return adapter  # type: ignore[no-any-return]  # a third party's has at least ``load``


def open_model(
    name: str, weights: Path | str | None = None, device: str = "cpu", entry: str | None = None
) -> LoadedModel:
    """Return a loaded model together with where it came from. Arguments and errors are those of ``load_model``."""
    if not isinstance(name, str):
        raise BadInputError(f"expected the name of a model, such as 'stylegan3', found {name!r:.60}: give text.")
    family, colon, release = name.partition(":")
    adapter = adapter_of(family)
    check_device(device)
    if colon and weights is not None:
        raise BadInputError(f"{name!r} names weights and {weights} others: give one of the two.")
    if colon and adapter.takes_path:
        weights = release or None
    elif colon:
        return _published(name, adapter, release, device, entry)
    if weights is None:
        return _embedded(name, adapter, device, entry)
    return _of_path(name, adapter, weights, device, entry)


open_subject = open_model  # the name under which scripts have known it


def _of_path(name: str, adapter: Adapter, weights: Path | str, device: str, entry: str | None) -> LoadedModel:
    path = local(weights)
    if not path.is_file():
        model = _loaded(name, adapter, path, device, entry)
        return LoadedModel(name, model, str(weights), _sha256_of(model, name), benchmark=adapter.benchmark)
    sha256 = file_sha256(path)
    model, benchmark = _loaded(name, adapter, path, device, entry), _benchmark(adapter, path)
    if file_sha256(path) != sha256:  # read several times: its kind, its header, its tensors
        raise BadInputError(f"expected {path} to stay as it is, found that it changed while it was read: try again.")
    if entry is not None:  # of one file, each network has its own sha256: results are kept by it
        weights, sha256 = f"{weights}#{entry}", hashlib.sha256(f"{sha256} {entry}".encode()).hexdigest()
    return LoadedModel(name, model, str(weights), sha256, benchmark=benchmark)


def _loaded(name: str, adapter: Adapter, weights: Path | None, device: str, entry: str | None = None) -> Any:
    """Return what an adapter loads.

    Raises:
        BadInputError: the file cannot be used, or the adapter is a third party's and fails; it is named.
    """
    try:
        if entry is None or weights is None:
            return adapter.load(weights, device)
        return adapter.load_entry(weights, device, entry)
    except (GanbenchError, MemoryError):
        raise
    except Exception as error:  # a third party's code may raise anything
        if type(adapter).__module__.startswith("ganbench."):
            raise
        what = "its own weights" if weights is None else weights
        reason = " ".join(f"{type(error).__name__}: {error}".split()).rstrip(".")[:200]
        raise BadInputError(
            f"the adapter of {name} ({type(adapter).__module__}, not part of ganbench) failed to load {what} "
            f"({reason}): tell its authors."
        ) from error


def benchmark_of(name: str) -> str:
    """Return the benchmark of a model's embedded or published weights, without loading them.

    Raises:
        UnknownNameError: no such model, or no such published checkpoint.
    """
    family, _, release = name.partition(":")
    adapter = adapter_of(family)
    if release and not adapter.takes_path:
        return _checkpoint(adapter, release).benchmark
    return adapter.embedded.benchmark if adapter.embedded else adapter.benchmark


def _checkpoint(adapter: Adapter, release: str) -> Checkpoint:
    if release not in adapter.published:
        raise registry.unknown("checkpoints", release, adapter.published)
    return adapter.published[release]


def check_device(device: str) -> None:
    """Check that a device exists here and computes, which ``meta`` does not.

    Raises:
        BadInputError: it does not.
    """
    try:
        torch.zeros(1, device=device).item()
    except (RuntimeError, AssertionError, ValueError) as error:
        raise BadInputError(
            f"the device {device!r} cannot be used here: choose cpu, or cuda where there is one."
        ) from error


def _published(name: str, adapter: Adapter, release: str, device: str, entry: str | None) -> LoadedModel:
    checkpoint = _checkpoint(adapter, release)
    path = fetch_weights(checkpoint.weights)
    model = _loaded(name, adapter, path, device, entry)
    return LoadedModel(name, model, checkpoint.url, file_sha256(path), benchmark=checkpoint.benchmark)


def _embedded(name: str, adapter: Adapter, device: str, entry: str | None) -> LoadedModel:
    if entry is not None:
        raise BadInputError(f"the entry {entry!r} is of a file of weights, and none was given: add --weights FILE.")
    model, own = _loaded(name, adapter, None, device), adapter.embedded
    if own is None:  # a third party's model that is its own weights
        note = f"{name} is what the model comes with: its numbers are not comparable with published ones."
        own = Embedded(Path("embedded"), note, adapter.benchmark, "")
        return LoadedModel(name, model, "embedded", _sha256_of(model, name), own, own.benchmark)
    return LoadedModel(name, model, own.weights.stem, file_sha256(own.weights), own, own.benchmark)


def _sha256_of(model: Any, name: str) -> str:
    """Return what a model without a file is known by: the checksum that it gives, its weights, or its class."""
    if isinstance(model, Fingerprinted):
        return model.sha256
    content = hashlib.sha256(f"{name} {type(model).__module__}.{type(model).__qualname__}".encode())
    if isinstance(model, nn.Module):
        for key, tensor in sorted(model.state_dict().items()):
            content.update(f"{key} {tensor.dtype} {list(tensor.shape)}".encode())
            content.update(tensor.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().tobytes())
    return content.hexdigest()


def _benchmark(adapter: Adapter, path: Path) -> str:
    """Return the model's own benchmark, or the embedded one for weights that were trained on the embedded data."""
    own = adapter.embedded
    if own is None or not path.is_file():
        return adapter.benchmark
    trained_on = header_of(path).get("data_fingerprint")
    if trained_on in digits.SHA256.values():
        return "digits"
    embedded = trained_on is not None and trained_on == header_of(own.weights).get("data_fingerprint")
    return own.benchmark if embedded else adapter.benchmark
