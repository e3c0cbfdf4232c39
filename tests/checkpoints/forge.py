"""Pickles put together by hand: well-formed official snapshots, and files that no honest writer makes."""

import io
import pickle
import struct
import sys
import types
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor, nn

PROTO = b"\x80\x04"
STOP = b"."


def text(value: str) -> bytes:
    """Return the opcode that pushes a text."""
    return b"X" + struct.pack("<I", len(value.encode())) + value.encode()


def name(module: str, attribute: str) -> bytes:
    """Return the opcodes that push a global."""
    return text(module) + text(attribute) + b"\x93"


def call(function: bytes, *args: bytes) -> bytes:
    """Return the opcodes that call ``function``."""
    return function + b"(" + b"".join(args) + b"tR"


def number(value: int) -> bytes:
    """Return the opcodes that push an integer of any size."""
    data = value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True)
    return b"\x8a" + bytes([len(data)]) + data


def sizes(*values: int) -> bytes:
    """Return the opcodes that push a tuple of integers."""
    return b"(" + b"".join(map(number, values)) + b"t"


def octets(value: bytes) -> bytes:
    """Return the opcode that pushes bytes."""
    return b"B" + struct.pack("<I", len(value)) + value


def dtype(code: str) -> bytes:
    """Return the opcodes of a numpy dtype, as numpy writes them."""
    state = b"(K\x03" + text("<") + b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
    return call(name("numpy", "dtype"), text(code), b"\x89\x88") + state


def array(shape: bytes, data: bytes, code: str = "f4") -> bytes:
    """Return the opcodes of a numpy array that claims a shape."""
    made = call(name("numpy.core.multiarray", "_reconstruct"), name("numpy", "ndarray"), sizes(0), octets(b"b"))
    return made + b"(K\x01" + shape + dtype(code) + b"\x89" + octets(data) + b"tb"


def inner(values: Tensor, device: str = "cpu") -> bytes:
    """Return the bytes that torch writes for the storage of a tensor, tagged with a device."""
    file = io.BytesIO()
    torch.save(values.untyped_storage(), file, _use_new_zipfile_serialization=False)
    kind = {"float32": "Float", "float16": "Half", "bfloat16": "BFloat16"}[str(values.dtype).removeprefix("torch.")]
    count = struct.pack("<q", values.numel())
    data = file.getvalue().replace(b"ctorch.storage\nUntypedStorage\n", f"ctorch\n{kind}Storage\n".encode())
    data = data.replace(text("cpu"), text(device))
    # An untyped storage counts bytes where a typed one counts elements: in its reference and in front of the data.
    size = values.numel() * values.element_size()
    head, tail = data[: -size - 8], data[-size:]
    old = pickle.dumps(size, 2)[2:-1]
    assert head.count(old + b"Nt") == 1
    return head.replace(old + b"Nt", number(values.numel()) + b"Nt") + count + tail


def tensor(storage: bytes, shape: bytes, strides: bytes, offset: int = 0) -> bytes:
    """Return the opcodes of a tensor over an inner storage."""
    loaded = call(name("torch.storage", "_load_from_bytes"), octets(storage))
    hooks = call(name("collections", "OrderedDict"))
    return call(name("torch._utils", "_rebuild_tensor_v2"), loaded, number(offset), shape, strides, b"\x89", hooks)


def write(path: Path, *opcodes: bytes) -> Path:
    """Write opcodes as a pickle of protocol 4."""
    path.write_bytes(PROTO + b"".join(opcodes) + STOP)
    return path


class Stored:
    """An object that pickles as ``torch_utils.persistence`` has it."""

    def __init__(self, class_name: str, state: dict[str, Any]) -> None:
        self.meta = {
            "type": "class",
            "version": 6,
            "module_src": "open('PWNED', 'w')\n",
            "class_name": class_name,
            "state": state,
        }

    def __reduce__(self) -> tuple[Any, ...]:
        return sys.modules["torch_utils.persistence"]._reconstruct_persistent_obj, (self.meta,)


def stored(module: nn.Module, class_name: str, config: Mapping[str, Any] = MappingProxyType({})) -> Stored:
    """Return a network of ours as an official snapshot holds it."""
    state = {
        "training": False,
        "_parameters": dict(module._parameters),
        "_buffers": dict(module._buffers),
        "_non_persistent_buffers_set": set(module._non_persistent_buffers_set),
        "_modules": {key: stored(child, type(child).__name__) for key, child in module._modules.items()},
        "_init_args": (),
        "_init_kwargs": dict(config),
    }
    for own in ("conv_clamp", "use_fp16", "w_avg_beta"):
        if hasattr(module, own):
            state[own] = getattr(module, own)
    return Stored(class_name, state)


@contextmanager
def official_names() -> Iterator[None]:
    """Make the official module importable under its name while something is pickled."""
    module = types.ModuleType("torch_utils.persistence")

    def _reconstruct_persistent_obj(meta: Any) -> None:
        raise AssertionError("nothing may call this")

    _reconstruct_persistent_obj.__module__ = module.__name__
    _reconstruct_persistent_obj.__qualname__ = "_reconstruct_persistent_obj"
    module._reconstruct_persistent_obj = _reconstruct_persistent_obj  # type: ignore[attr-defined]
    sys.modules |= {"torch_utils": types.ModuleType("torch_utils"), module.__name__: module}
    try:
        yield
    finally:
        del sys.modules["torch_utils"], sys.modules[module.__name__]


def snapshot(path: Path, protocol: int = 4, **networks: Any) -> Path:
    """Write an official snapshot of the given networks."""
    with official_names():
        path.write_bytes(pickle.dumps({**networks, "training_set_kwargs": {"xflip": False}}, protocol))
    return path
