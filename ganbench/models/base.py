"""From the name of a model to something that can be measured."""

import hashlib
from pathlib import Path
from typing import Any

import torch
from torch import nn

from baselines.digits import dataset as digits
from baselines.training.weights import read_header
from ganbench import registry
from ganbench.checkpoints import file_sha256, filekind
from ganbench.checkpoints.download import fetch
from ganbench.errors import BadInputError
from ganbench.types import Adapter, Subject


def load_model(name: str, weights: Path | str | None = None, *, device: str = "cpu") -> Any:
    """Return a model, following one of the protocols of ``ganbench.types``; its configuration comes from the file.

    Args:
        name: such as ``stylegan3``, or ``stylegan3:ffhq-1024-t`` for a published checkpoint.
        weights: a file (or for ``images`` a folder); None for the embedded weights or the published ones named.
        device: such as ``cpu`` or ``cuda``.

    Raises:
        UnknownNameError: no such model, or no such published checkpoint.
        BadInputError: the weights or the device cannot be used.
        MissingWeightsError: the published checkpoint is not here and cannot be fetched.
    """
    return open_subject(name, weights, device).model


def open_subject(name: str, weights: Path | str | None = None, device: str = "cpu") -> Subject:
    """Return a loaded model together with where it came from. Arguments and errors are those of ``load_model``."""
    family, _, release = name.partition(":")
    adapter: Adapter = registry.load("models", family)
    check_device(device)
    if ":" in name:
        return _published(name, adapter, release, weights, device)
    path = None if weights is None else Path(weights).expanduser()
    model = adapter.load(path, device)
    if path is None:
        benchmark = getattr(adapter, "embedded_benchmark", adapter.benchmark)
        return Subject(
            name, model, _embedded_name(adapter), _own_sha256(adapter, model, name), embedded=True, benchmark=benchmark
        )
    sha256 = file_sha256(path) if path.is_file() else _own_sha256(None, model, name)
    return Subject(name, model, str(weights), sha256, benchmark=_benchmark(adapter, path))


def embedded_note(subject: Subject) -> str:
    """Return one line on what the embedded default of a model is, to stand above its results; "" for other weights."""
    if not subject.embedded:
        return ""
    adapter: Adapter = registry.load("models", subject.name)
    fallback = f"{subject.name} is what the model comes with: its numbers are not comparable with published ones."
    return str(getattr(adapter, "embedded_note", fallback))


def check_device(device: str) -> None:
    """Check that a device exists here.

    Raises:
        BadInputError: it does not.
    """
    try:
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError, ValueError) as error:
        raise BadInputError(
            f"the device {device!r} cannot be used here: choose cpu, or cuda where there is one."
        ) from error


def _published(name: str, adapter: Adapter, release: str, weights: Path | str | None, device: str) -> Subject:
    if release not in adapter.published:
        raise registry.unknown("checkpoints", release, adapter.published)
    if weights is not None:
        raise BadInputError(f"{name!r} names published weights and {weights} others: give one of the two.")
    checkpoint = adapter.published[release]
    path = fetch(checkpoint.url, checkpoint.sha256, name=checkpoint.file)
    return Subject(name, adapter.load(path, device), checkpoint.url, file_sha256(path), benchmark=checkpoint.benchmark)


def _embedded_name(adapter: Adapter) -> str:
    """Return what the weights that a model comes with are called, such as ``digits32``."""
    embedded = getattr(adapter, "embedded", None)
    return embedded.stem if isinstance(embedded, Path) else "embedded"


def _own_sha256(adapter: Adapter | None, model: Any, name: str) -> str:
    """Return what a model without a file is known by: its embedded file, its own word, its weights, or its class."""
    if isinstance(embedded := getattr(adapter, "embedded", None), Path):
        return file_sha256(embedded)
    if isinstance(said := getattr(model, "sha256", None), str):
        return said
    content = hashlib.sha256(f"{name} {type(model).__module__}.{type(model).__qualname__}".encode())
    if isinstance(model, nn.Module):
        for key, tensor in sorted(model.state_dict().items()):
            content.update(f"{key} {tensor.dtype} {list(tensor.shape)}".encode())
            content.update(tensor.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().tobytes())
    return content.hexdigest()


def _benchmark(adapter: Adapter, path: Path) -> str:
    """Return the model's own benchmark, or an embedded one for weights whose header says that its data trained them."""
    if not path.is_file() or filekind.kind_of(path) != filekind.SAFETENSORS:
        return adapter.benchmark
    trained_on = read_header(path).get("data_fingerprint")
    if trained_on in digits.SHA256.values():
        return "digits"
    embedded = getattr(adapter, "embedded", None)
    alike = isinstance(embedded, Path) and embedded.is_file() and read_header(embedded).get("data_fingerprint")
    return str(getattr(adapter, "embedded_benchmark", "digits")) if alike and alike == trained_on else adapter.benchmark
