"""Snapshots to resume from: networks, averages, optimisers and counters in one checked file; the last two are kept."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from baselines.errors import DivergenceError, TrainingError
from baselines.training.files import remove, write_atomically
from baselines.training.weights import from_bytes, to_bytes

KEPT = 2  # so that a damaged newest snapshot costs one interval and not the run


@dataclass(frozen=True)
class Snapshot:
    """What a run needs to go on as if it had never stopped.

    Attributes:
        step: steps taken. All randomness depends on the seed and the step, so this is the state of the streams too.
        settings: of the run, of JSON types; a snapshot resumes only under the same.
        tensors: by names such as ``networks/G/mapping.fc0.weight`` and ``optimizers/G/3/exp_avg``.
        changes: the settings that were changed where the run went on after it had diverged, of JSON types.
    """

    step: int
    settings: Mapping[str, Any]
    tensors: Mapping[str, Tensor]
    changes: tuple[Mapping[str, Any], ...] = ()


def capture(
    step: int,
    settings: Mapping[str, Any],
    networks: Mapping[str, nn.Module],
    optimizers: Mapping[str, Optimizer],
    changes: tuple[Mapping[str, Any], ...] = (),
) -> Snapshot:
    """Return the present state; the tensors are shared with the networks, so write it before the next step."""
    tensors: dict[str, Tensor] = {}
    for name, network in networks.items():
        tensors |= {f"networks/{name}/{key}": value for key, value in network.state_dict().items()}
    for name, optimizer in optimizers.items():
        for index, slots in optimizer.state_dict()["state"].items():
            tensors |= {f"optimizers/{name}/{index}/{slot}": value for slot, value in slots.items()}
    return Snapshot(step, settings, tensors, changes)


def restore(snapshot: Snapshot, networks: Mapping[str, nn.Module], optimizers: Mapping[str, Optimizer]) -> None:
    """Fill networks and optimisers, built as for the run that was captured, with its state.

    Raises:
        TrainingError: the networks are built in another way.
    """
    for name, network in networks.items():
        try:
            network.load_state_dict(_below(snapshot.tensors, f"networks/{name}/"))
        except RuntimeError:
            raise TrainingError(
                f"the snapshot's {name} is of another architecture: start again without resuming."
            ) from None
    for name, optimizer in optimizers.items():
        state: dict[int, dict[str, Tensor]] = {}
        for key, value in _below(snapshot.tensors, f"optimizers/{name}/").items():
            index, slot = key.split("/")
            state.setdefault(int(index), {})[slot] = value
        optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})


def write(folder: Path, snapshot: Snapshot) -> Path:
    """Return the new file, written atomically, and delete all but the last two.

    Raises:
        DivergenceError: a weight is infinite or NaN; nothing is written.
        WriteError: the file cannot be written; the older snapshots are as they were.
    """
    for name, tensor in snapshot.tensors.items():
        if tensor.is_floating_point() and not torch.isfinite(tensor).all():
            raise DivergenceError(f"{name} is not finite at step {snapshot.step}")
    path = folder / f"snapshot-{snapshot.step:09d}.safetensors"
    header = {"step": json.dumps(snapshot.step), "settings": json.dumps(snapshot.settings)}
    if snapshot.changes:
        header["changes"] = json.dumps(snapshot.changes)
    write_atomically(path, to_bytes(snapshot.tensors, header))
    for old in listed(folder)[:-KEPT]:
        remove(old)
    return path


def latest(folder: Path) -> Snapshot:
    """Return the newest snapshot that is whole.

    Raises:
        TrainingError: there is none.
    """
    damage = []
    for path in reversed(listed(folder)):
        try:
            return read(path)
        except (OSError, ValueError) as problem:
            damage.append(str(problem))
    why = damage[0] if damage else "there is no snapshot in it"
    raise TrainingError(f"cannot resume in {folder}: {why.rstrip('.')}; start again in another folder.")


def read(path: Path) -> Snapshot:
    """Return one snapshot.

    Raises:
        TrainingError: it is cut short, altered, or no snapshot.
    """
    tensors, header = from_bytes(path.read_bytes(), str(path))
    if "step" not in header or "settings" not in header:
        raise TrainingError(f"{path} is not a snapshot of a training run: remove it.")
    changes = tuple(json.loads(header.get("changes", "[]")))
    return Snapshot(json.loads(header["step"]), json.loads(header["settings"]), tensors, changes)


def listed(folder: Path) -> list[Path]:
    """Return the snapshot files, oldest first."""
    return sorted(folder.glob("snapshot-*.safetensors"))


def _below(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}
