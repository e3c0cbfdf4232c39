"""From the inert objects of a snapshot to a flat ``state_dict`` and the arguments of the constructor."""

import itertools
import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ganbench.checkpoints.inert import Instance, PersistentObject, StoredTensor
from ganbench.checkpoints.machine import Budget
from ganbench.errors import UnsafeFileError

MAX_DEPTH = 16  # official networks nest four deep
MAX_MEMBERS = 10_000  # modules, parameters and buffers; the largest have some three hundred

# Largest plausible values of the arguments that decide how much a constructor computes or how often it loops.
LIMITS = {
    "num_layers": 64,
    "num_critical": 64,
    "num_fp16_res": 64,
    "num_channels": 64,
    "mbstd_num_channels": 64,
    "img_channels": 64,
    "img_resolution": 4096,
    "margin_size": 64,
    "filter_size": 16,
    "lrelu_upsampling": 4,
    "conv_kernel": 7,
}
LARGEST_INTEGER = 2**20
LONGEST = 64  # entries of a list, characters of a text


def stored_tensors(module: PersistentObject | Instance) -> dict[str, StoredTensor]:
    """Return parameters and persistent buffers under the names that ``state_dict`` would give them.

    Raises:
        UnsafeFileError: the modules nest or repeat unlike any network's.
    """
    found: dict[str, StoredTensor] = {}
    budget = Budget(0, steps=MAX_MEMBERS)
    for prefix, state in _modules(module, "", MAX_DEPTH, budget):
        transient = state.get("_non_persistent_buffers_set")
        skipped = transient if isinstance(transient, set) else frozenset()
        buffers = ((name, value) for name, value in _entries(state, "_buffers", budget) if name not in skipped)
        for name, value in itertools.chain(_entries(state, "_parameters", budget), buffers):
            if isinstance(value, StoredTensor):
                found[prefix + name] = value
    return found


def _modules(module: Any, prefix: str, depth: int, budget: Budget) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every module's prefix and state, from the outside in."""
    if module is None:
        return
    if depth == 0 or not isinstance(module, (PersistentObject, Instance)) or not isinstance(module.state, dict):
        raise UnsafeFileError("nests modules unlike any network")
    yield prefix, module.state
    for name, child in _entries(module.state, "_modules", budget):
        yield from _modules(child, f"{prefix}{name}.", depth - 1, budget)


def _entries(state: dict[str, Any], member: str, budget: Budget) -> Iterator[tuple[str, Any]]:
    entries = state.get(member) or {}
    if not isinstance(entries, dict):
        raise UnsafeFileError(f"holds a module whose {member} are not a dictionary")
    for name, value in entries.items():
        budget.step()
        if not isinstance(name, str) or len(name) > LONGEST:
            raise UnsafeFileError(f"holds a module with a member of {member} whose name is not a short text")
        yield name, value


def attribute(module: Any, *path: str) -> Any:
    """Return an attribute of a module inside ``module``, such as ``("b8", "conv0", "conv_clamp")``, or None."""
    for name in path[:-1]:
        children = module.state.get("_modules") if isinstance(module, PersistentObject) else None
        module = children.get(name) if isinstance(children, dict) else None
    return module.state.get(path[-1]) if isinstance(module, PersistentObject) else None


def to_tensors(stored: dict[str, StoredTensor], file_size: int) -> dict[str, Tensor]:
    """Return the tensors on the CPU, in the types they were stored in.

    Raises:
        UnsafeFileError: together they are far larger than the file.
    """
    if sum(tensor.nbytes for tensor in stored.values()) > 2 * file_size:
        raise UnsafeFileError("expands to far more memory than the size of the file")
    return {name: torch.from_numpy(tensor.numpy()) for name, tensor in stored.items()}


def initial(module: PersistentObject) -> tuple[list[Any], dict[str, Any]]:
    """Return the arguments that a network was constructed with, positional and by keyword.

    Raises:
        UnsafeFileError: they are not there, or not plausible.
    """
    args, kwargs = module.state.get("_init_args", ()), module.state.get("_init_kwargs")
    if not isinstance(args, (tuple, list)) or not isinstance(kwargs, dict):
        raise UnsafeFileError("holds a network without the arguments that it was made with")
    return arguments(list(args)), arguments(kwargs)


def arguments(value: Any, name: str = "", depth: int = 3) -> Any:
    """Return constructor arguments as plain Python values within plausible bounds.

    Raises:
        UnsafeFileError: a value that no constructor takes, or so large that building would not end.
    """
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int) and abs(value) <= LIMITS.get(name, LARGEST_INTEGER):
        return value
    if isinstance(value, float) and math.isfinite(value) and abs(value) <= LARGEST_INTEGER:
        return value
    if isinstance(value, str) and len(value) <= LONGEST:
        return value
    if isinstance(value, (dict, list, tuple)) and len(value) <= LONGEST and depth:
        if isinstance(value, dict):
            return {str(key)[:LONGEST]: arguments(item, str(key), depth - 1) for key, item in value.items()}
        return [arguments(item, name, depth - 1) for item in value]
    shown = str(value)[:20] if isinstance(value, (int, float)) else f"a {type(value).__name__}"
    raise UnsafeFileError(f"gives its network the argument {name[:LONGEST]!r} as {shown}, which no network takes")
