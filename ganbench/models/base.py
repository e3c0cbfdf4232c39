"""Loading of models by name."""

import hashlib
from pathlib import Path
from typing import Any

import torch

from baselines.digits import dataset as digits
from ganbench import registry
from ganbench.checkpoints import file_sha256, header_of
from ganbench.checkpoints.download import fetch_weights, local
from ganbench.checkpoints.kimg import kimg_of
from ganbench.errors import BadInputError, GanbenchError
from ganbench.models.adapter import BaseAdapter
from ganbench.models.digest import digest_of
from ganbench.models.foreign.imported import ImportedAdapter, is_import_path
from ganbench.models.foreign.interface import interface_of
from ganbench.models.snapshots import newest
from ganbench.plugins import completed
from ganbench.types import Adapter, Checkpoint, Embedded, Fingerprinted, Interface, LoadedModel, WithProvenance


def load_model(
    name: str,
    weights: Path | str | None = None,
    *,
    device: str = "cpu",
    entry: str | None = None,
    **interface: Any,
) -> Any:
    """Return a model that follows one of the protocols of ``ganbench.types``; its configuration comes from the file.

    Args:
        name: name such as ``stylegan3``, ``stylegan3:ffhq-1024-t`` for a published checkpoint, ``images:FOLDER``; or a
            program that is run: ``package.module:make``, ``torchscript:FILE`` or ``onnx:FILE``.
        weights: a file, the folder of a training run for its newest weights, ``hf://OWNER/REPO/FILE``, or for
            ``images`` a folder; None for the embedded weights or the published ones that ``name`` selects.
        device: device such as ``cpu`` or ``cuda``.
        entry: name or key of one network in a file that holds several; None for the usual one.
        interface: what such a program does not say itself, as fields of ``ganbench.types.Interface``: ``z_dim=128``,
            ``range=(0, 1)``, ``resize="256:box"`` and so on.

    Raises:
        UnknownNameError: there is no such model, or no such published checkpoint.
        BadInputError: the weights or the device cannot be used.
        MissingWeightsError: the published checkpoint is not on this machine and cannot be fetched.
    """
    return open_model(name, weights, device, entry, interface_of(**interface)).model


def adapter_of(name: str) -> Adapter:
    """Return the adapter of a model, such as ``stylegan3``, or of an import path; a registered name goes first.

    Raises:
        UnknownNameError: no package provides it.
    """
    family = name.partition(":")[0]
    if family not in registry.names("models") and is_import_path(name):
        return ImportedAdapter(name)
    if family not in registry.names("models") and "." in family and ":" not in name:
        module, _, attribute = family.rpartition(".")
        raise BadInputError(
            f"expected a model, found {family!r}: write {module}:{attribute} for an object of a module."
        )
    adapter: Any = completed(registry.load("models", family), BaseAdapter)
    return adapter  # type: ignore[no-any-return]  # a third party's has at least ``load``


NOTHING_SAID = Interface()


def open_model(
    name: str,
    weights: Path | str | None = None,
    device: str = "cpu",
    entry: str | None = None,
    interface: Interface = NOTHING_SAID,
) -> LoadedModel:
    """Return a loaded model with the provenance of its weights; for arguments and errors see ``load_model``."""
    if not isinstance(name, str):
        raise BadInputError(f"expected the name of a model, such as 'stylegan3', found {name!r:.60}: give a string.")
    adapter = adapter_of(name)
    _, colon, release = ("", "", "") if isinstance(adapter, ImportedAdapter) else name.partition(":")
    check_device(device)
    if colon and weights is not None:
        raise BadInputError(
            f"expected weights once, found them in the name {name!r} and again, {weights}: give one of the two."
        )
    if colon and adapter.takes_path:
        weights = release or None
    path = None if weights is None else local(weights)
    if path is not None and path.is_dir() and not adapter.takes_path and (found := newest(path)):
        weights = path = found
    opened = adapter.open(name, path, device, entry, interface)
    if opened is not None:
        return opened
    if colon and not adapter.takes_path:
        return _published(name, adapter, release, device, entry)
    if path is None:
        return _embedded(name, adapter, device, entry)
    return _of_path(name, adapter, str(weights), path, device, entry)


open_subject = open_model  # former name, kept for scripts


def _of_path(name: str, adapter: Adapter, weights: str, path: Path, device: str, entry: str | None) -> LoadedModel:
    if not path.is_file():
        model = _loaded(name, adapter, path, device, entry)
        told = model.provenance if isinstance(model, WithProvenance) else {}
        sha256 = _sha256_of(model, name)
        return LoadedModel(name, model, weights, sha256, benchmark=adapter.benchmark, provenance=told)
    sha256 = file_sha256(path)
    model, benchmark = _loaded(name, adapter, path, device, entry), _benchmark(adapter, path)
    if file_sha256(path) != sha256:  # it was read several times: for format, header and tensors
        raise BadInputError(f"expected {path} to stay unchanged while it was read, found other content: try again.")
    if entry is not None:  # results are stored by sha256, so each network of a file needs a different one
        weights, sha256 = f"{weights}#{entry}", hashlib.sha256(f"{sha256} {entry}".encode()).hexdigest()
    return LoadedModel(name, model, weights, sha256, benchmark=benchmark, kimg=kimg_of(path))


def _loaded(name: str, adapter: Adapter, weights: Path | None, device: str, entry: str | None = None) -> Any:
    """Return the model that an adapter loads.

    Raises:
        BadInputError: the file cannot be used, or a third party's adapter failed; the message names it.
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
    """Return the name of the benchmark for a model's embedded or published weights, without loading
    them; "" for a program, which is known once it is loaded.

    Raises:
        UnknownNameError: there is no such model, or no such published checkpoint.
    """
    adapter, (_, _, release) = adapter_of(name), name.partition(":")
    if release and not adapter.takes_path:
        return _checkpoint(adapter, release).benchmark
    return adapter.embedded.benchmark if adapter.embedded else adapter.benchmark


def _checkpoint(adapter: Adapter, release: str) -> Checkpoint:
    if release not in adapter.published:
        raise registry.unknown("checkpoints", release, adapter.published)
    return adapter.published[release]


def check_device(device: str) -> None:
    """Check that a device exists on this machine and can compute (``meta`` cannot).

    Raises:
        BadInputError: the device cannot be used.
    """
    try:
        torch.zeros(1, device=device).item()
    except (RuntimeError, AssertionError, ValueError) as error:
        raise BadInputError(
            f"expected a device of this machine, found {device!r}: choose cpu, or cuda where there is one."
        ) from error


def _published(name: str, adapter: Adapter, release: str, device: str, entry: str | None) -> LoadedModel:
    checkpoint = _checkpoint(adapter, release)
    path = fetch_weights(checkpoint.weights)
    model = _loaded(name, adapter, path, device, entry)
    return LoadedModel(name, model, checkpoint.url, file_sha256(path), benchmark=checkpoint.benchmark)


def _embedded(name: str, adapter: Adapter, device: str, entry: str | None) -> LoadedModel:
    if entry is not None:
        raise BadInputError(f"expected a file of weights for the entry {entry!r}, found none: add --weights FILE.")
    model, own = _loaded(name, adapter, None, device), adapter.embedded
    if own is None:  # a third party's model that comes with its weights
        note = f"{name} is measured with the weights it comes with: its numbers are not comparable with published ones."
        own = Embedded(Path("embedded"), note, adapter.benchmark, "")
        return LoadedModel(name, model, "embedded", _sha256_of(model, name), own, own.benchmark)
    return LoadedModel(name, model, own.weights.stem, file_sha256(own.weights), own, own.benchmark)


def _sha256_of(model: Any, name: str) -> str:
    """Return the identity of a model without a file: its own checksum, or a sha256 of class and weights."""
    if isinstance(model, Fingerprinted):
        return model.sha256
    return digest_of(f"{name} {type(model).__module__}.{type(model).__qualname__}", model)


def _benchmark(adapter: Adapter, path: Path) -> str:
    """Return the benchmark of the model's paper, or the embedded one for weights trained on the embedded data."""
    own = adapter.embedded
    if own is None or not path.is_file():
        return adapter.benchmark
    trained_on = header_of(path).get("data_fingerprint")
    if trained_on in digits.SHA256.values():
        return "digits"
    embedded = trained_on is not None and trained_on == header_of(own.weights).get("data_fingerprint")
    return own.benchmark if embedded else adapter.benchmark
