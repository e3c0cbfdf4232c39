"""Weights as safetensors: the tensors of one network, with a header that says how to build it."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load, save
from torch import Tensor, nn

from baselines.training.files import write_atomically


def save_weights(path: Path, module: nn.Module, *, model: str, config: Mapping[str, Any], **notes: Any) -> None:
    """Write all parameters and buffers of ``module``.

    Args:
        path: the file; an existing one is replaced only once the new one is complete.
        module: the network.
        model: kind of network, such as ``"stylegan3"``.
        config: keyword arguments of the network's constructor, of JSON types.
        notes: further entries of the header, of JSON types: recipe, kimg, data_fingerprint ...

    Raises:
        WriteError: the file cannot be written.
    """
    header = {name: json.dumps(value) for name, value in {"model": model, "config": dict(config), **notes}.items()}
    write_atomically(path, to_bytes(module.state_dict(), header))


def read_header(path: Path) -> dict[str, Any]:
    """Return the header that ``save_weights`` wrote: ``model``, ``config`` and the notes.

    Raises:
        ValueError: the file is not a safetensors file, or has no such header.
        FileNotFoundError: there is no such file.
    """
    try:
        with safe_open(path, framework="pt") as file:
            header = {name: json.loads(text) for name, text in (file.metadata() or {}).items() if name != "sha256"}
    except (SafetensorError, json.JSONDecodeError) as problem:
        raise ValueError(
            f"expected a complete safetensors file of weights, found {path} ({problem}): train or fetch it again."
        ) from None
    if "model" not in header or "config" not in header:
        raise ValueError(
            f"expected model and config in the header of {path}, found {', '.join(header) or 'none'}: convert it first."
        )
    return header


def load_state(path: Path) -> dict[str, Tensor]:
    """Return the ``state_dict`` in a file, on the CPU.

    Raises:
        ValueError: the file is cut short, damaged or not a safetensors file.
        FileNotFoundError: there is no such file.
    """
    return from_bytes(path.read_bytes(), str(path))[0]


def to_bytes(tensors: Mapping[str, Tensor], header: Mapping[str, str]) -> bytes:
    """Return the bytes of a safetensors file, whose header also gets a sha256 of header and tensors.

    Equal tensors and headers give equal bytes, whatever their order.
    """
    plain = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    return _in_order(save(plain, {**header, "sha256": _digest(plain, header)}))


def from_bytes(content: bytes, name: str) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Return the tensors and the header in the bytes of a safetensors file.

    The sha256 that ``to_bytes`` writes is checked; an entry of that name in another program's file is left out.

    Raises:
        ValueError: the content is cut short or damaged, or has numbers of a type that PyTorch lacks; the message refers
            to it as ``name``.
    """
    try:
        tensors = load(content)
        length = int.from_bytes(content[:8], "little")
        header: dict[str, str] = json.loads(content[8 : 8 + length]).get("__metadata__") or {}
    except KeyError as problem:  # of the table of types
        raise ValueError(
            f"expected numbers of a type that PyTorch has, found {problem} in {name}: write it as float32."
        ) from None
    except (SafetensorError, ValueError, RuntimeError) as problem:  # the last for sizes beyond 64 bits
        reason = " ".join(str(problem).split())[:200]
        raise ValueError(
            f"expected a complete safetensors file, found {name} ({reason}): fetch or write it again."
        ) from None
    stated = header.pop("sha256", None)
    if stated is not None and _is_ours(header) and stated != _digest(tensors, header):
        raise ValueError(
            f"expected the content of {name} to match its sha256, found a damaged file: fetch or write it again."
        )
    return tensors, header


def _is_ours(header: Mapping[str, str]) -> bool:
    """Return whether a header is that of weights or of a snapshot."""
    return {"model", "config"} <= header.keys() or {"step", "settings"} <= header.keys()


def _in_order(content: bytes) -> bytes:
    """Return a safetensors file with sorted metadata: safetensors itself writes them in varying order."""
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length])
    header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)  # tensors must start at a multiple of eight bytes
    return len(text).to_bytes(8, "little") + text + content[8 + length :]


def _digest(tensors: Mapping[str, Tensor], header: Mapping[str, str]) -> str:
    content = hashlib.sha256(json.dumps(dict(sorted(header.items()))).encode())
    for name, tensor in sorted(tensors.items()):
        content.update(f"{name} {tensor.dtype} {list(tensor.shape)}".encode())
        content.update(tensor.reshape(-1).view(torch.uint8).numpy().tobytes())  # numpy lacks some types
    return content.hexdigest()
