"""Snapshots to resume from: networks, averages, optimisers and counters in one checksummed file."""

import json
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from baselines.errors import DivergenceError, TrainingError
from baselines.ops import processes
from baselines.training.files import remove, write_atomically
from baselines.training.weights import from_bytes, to_bytes

NAME = re.compile(r"snapshot-\d{9,}\.safetensors")
KEPT = 2  # so that a damaged newest snapshot costs one interval, not the run


@dataclass(frozen=True)
class Snapshot:
    """Everything a run needs to continue as if it had not stopped.

    Attributes:
        step: number of steps taken; random streams depend on seed and step alone, so this is their state too.
        settings: settings of the run, of JSON types; the snapshot can be resumed only with the same ones.
        tensors: tensors by names such as ``networks/G/mapping.fc0.weight`` and ``optimizers/G/3/exp_avg``.
        changes: settings that changed when the run resumed after diverging, of JSON types.
        about: entries of the header of the run's weights, of JSON types, among them ``kimg``, and under ``weights`` the
            networks that they consist of; not needed for resuming.
    """

    step: int
    settings: Mapping[str, Any]
    tensors: Mapping[str, Tensor]
    changes: tuple[Mapping[str, Any], ...] = ()
    about: Mapping[str, Any] = field(default_factory=dict)


def capture(
    step: int,
    settings: Mapping[str, Any],
    networks: Mapping[str, nn.Module],
    optimizers: Mapping[str, Optimizer],
    changes: tuple[Mapping[str, Any], ...] = (),
    about: Mapping[str, Any] = MappingProxyType({}),
) -> Snapshot:
    """Return the current state; its tensors share memory with the networks, so write it before the next step."""
    tensors: dict[str, Tensor] = {}
    for name, network in networks.items():
        tensors |= {f"networks/{name}/{key}": value for key, value in network.state_dict().items()}
    for name, optimizer in optimizers.items():
        for index, slots in optimizer.state_dict()["state"].items():
            tensors |= {f"optimizers/{name}/{index}/{slot}": value for slot, value in slots.items()}
    return Snapshot(step, settings, tensors, changes, about)


def restore(snapshot: Snapshot, networks: Mapping[str, nn.Module], optimizers: Mapping[str, Optimizer]) -> None:
    """Load a snapshot into networks and optimisers that were built as for its run.

    Raises:
        TrainingError: the networks or optimisers are others.
    """
    known = (*(f"networks/{name}/" for name in networks), *(f"optimizers/{name}/" for name in optimizers))
    if surplus := next((key for key in snapshot.tensors if not key.startswith(known)), ""):
        raise _other(surplus)
    for name, network in networks.items():
        try:
            network.load_state_dict(_below(snapshot.tensors, f"networks/{name}/"))
        except RuntimeError:
            raise _other(name) from None
    for name, optimizer in optimizers.items():
        try:
            state = _state(optimizer, _below(snapshot.tensors, f"optimizers/{name}/"))
        except ValueError:
            raise _other(f"optimiser of {name}") from None
        optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})


def _other(part: str) -> TrainingError:
    return TrainingError(
        f"expected the architecture of this recipe, found another in the snapshot's {part}: resume with its recipe, or "
        "start in another folder."
    )


def _state(optimizer: Optimizer, tensors: Mapping[str, Tensor]) -> dict[int, dict[str, Tensor]]:
    """Return Adam's state by the number of the parameter; one that has had no gradient yet has none.

    Raises:
        ValueError: the tensors are not the moments of its parameters.
    """
    parameters = dict(enumerate(each for group in optimizer.param_groups for each in group["params"]))
    state: dict[int, dict[str, Tensor]] = {}
    for key, value in tensors.items():
        index, slot = key.split("/")
        state.setdefault(int(index), {})[slot] = value
    for number, slots in state.items():
        shape = parameters[number].shape if number in parameters else None
        if {slot: each.shape for slot, each in slots.items()} != {"step": (), "exp_avg": shape, "exp_avg_sq": shape}:
            raise ValueError(f"expected moments of shape {shape}, found others at {number}: resume with its recipe.")
    return state


def write(folder: Path, snapshot: Snapshot) -> Path:
    """Write a snapshot atomically, delete all but the newest two, and return the path of the new file.

    Raises:
        DivergenceError: a weight is infinite or NaN; nothing is written.
        WriteError: the file cannot be written; the older snapshots are unchanged.
    """
    for name, tensor in snapshot.tensors.items():
        if tensor.is_floating_point() and not torch.isfinite(tensor).all():
            raise DivergenceError(f"{name} is not finite at step {snapshot.step}")
    path = folder / f"snapshot-{snapshot.step:09d}.safetensors"
    told = {**snapshot.about, "step": snapshot.step, "settings": snapshot.settings}
    header = {name: json.dumps(value) for name, value in told.items()}
    if snapshot.changes:
        header["changes"] = json.dumps(snapshot.changes)
    write_atomically(path, to_bytes(snapshot.tensors, header))
    prune(folder)
    return path


def prune(folder: Path) -> None:
    """Delete all snapshots but the newest two.

    Raises:
        WriteError: a file cannot be deleted.
    """
    for old in listed(folder)[:-KEPT]:
        remove(old)


def latest(folder: Path) -> Snapshot:
    """Return the newest intact snapshot; say so on stderr if a newer one is damaged.

    Raises:
        TrainingError: there is no intact snapshot.
    """
    damage = []
    for path in reversed(listed(folder)):
        try:
            found = read(path)
        except (OSError, ValueError) as problem:
            damage.append(str(problem))
            continue
        if damage and processes.rank() == 0:
            print(f"resuming from {path.name}, an older snapshot: {damage[0]}", file=sys.stderr)
        return found
    why = damage[0] if damage else "it holds no snapshot"
    raise TrainingError(f"cannot resume in {folder} ({why.rstrip('.')}): start again in another folder.")


def read(path: Path) -> Snapshot:
    """Return the snapshot in a file.

    Raises:
        ValueError: the file is cut short, damaged or not a safetensors file, or its header is of other kinds.
        TrainingError: the file is not a snapshot.
    """
    tensors, header = from_bytes(path.read_bytes(), str(path))
    if "step" not in header or "settings" not in header:
        raise TrainingError(f"expected a snapshot of a training run, found another file, {path}: remove it.")
    try:
        step, settings, changes = (json.loads(header.get(name, "[]")) for name in ("step", "settings", "changes"))
    except (ValueError, RecursionError):
        step, settings, changes = None, None, None
    whole = type(step) is int and 0 <= step < 2**63
    if not whole or not isinstance(settings, dict) or not _are_tables(changes):
        raise ValueError(f"expected step, settings and changes in the header of {path}, found others: remove the file.")
    return Snapshot(step, settings, tensors, tuple(changes))


def _are_tables(values: Any) -> bool:
    return isinstance(values, list) and all(isinstance(each, dict) for each in values)


def listed(folder: Path) -> list[Path]:
    """Return the snapshot files, oldest first."""
    return sorted(path for path in folder.glob("snapshot-*") if NAME.fullmatch(path.name))


def weights_in(tensors: Mapping[str, Tensor], places: Mapping[str, str]) -> dict[str, Tensor]:
    """Return the tensors of the run's weights in a snapshot, under the names they have in the weights' file.

    Args:
        tensors: tensors of the snapshot.
        places: prefix of the names of a part of the weights -> name of the part's network in the snapshot.
    """
    return {
        prefix + key: tensor
        for prefix, name in places.items()
        for key, tensor in _below(tensors, f"networks/{name}/").items()
    }


def places_of(weights: nn.Module, networks: Mapping[str, nn.Module]) -> dict[str, str]:
    """Return the networks of a snapshot that make up the run's weights, by prefix; see ``weights_in``."""
    parts = [("", weights), *((f"{name}.", part) for name, part in weights.named_children())]
    return {prefix: name for prefix, part in parts for name, network in networks.items() if network is part}


def _below(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}
