"""Transfer learning: networks that start from the weights of another run.

Source: the option ``--resume`` of the programs of StyleGAN2-ADA and StyleGAN3; Mo et al., Freeze the Discriminator
(CVPR 2020 workshop), for keeping layers fixed as well.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from baselines.errors import TrainingError
from baselines.training import snapshots
from baselines.training.weights import read_header

NOTE = "transfer"  # entry of the header of weights and snapshots
AVERAGE = "_ema"  # ends the name of a network's running average
FIXED = "filter"  # ends the names of buffers that the architecture alone determines
SHOWN = 3  # tensors in a message

States = Mapping[str, Mapping[str, Tensor]]  # tensors by name, by the name of their network or of a part of one


@dataclass(frozen=True)
class Start:
    """The weights that a run starts from.

    Attributes:
        states: tensors of the source's networks.
        source: what the source is called, such as the name of its file.
        sha256: of the file; "" if there is none.
    """

    states: States
    source: str = ""
    sha256: str = ""


@dataclass(frozen=True)
class Copied:
    """What became of one network's tensors.

    Attributes:
        network: the network's name.
        source: name of the network in the source; "" if the source has none.
        copied: number of tensors copied.
        of: number of tensors that could have been.
        absent: names of tensors that the source does not have.
        reshaped: names of tensors that have another shape in the source, with that shape and their own.
    """

    network: str
    source: str
    copied: int = 0
    of: int = 0
    absent: tuple[str, ...] = ()
    reshaped: Mapping[str, tuple[Sequence[int], Sequence[int]]] = field(default_factory=dict)

    def __str__(self) -> str:
        if not self.source:
            return f"{self.network}: new, as the source has none"
        other = "" if self.source == self.network else f" from {self.source}"
        parts = [f"{self.network}: {self.copied} of {self.of} tensors{other}"]
        if self.absent:
            parts.append(f"not in the source: {shown(self.absent)}")
        if self.reshaped:
            sizes = [f"{name} {list(there)} there, {list(here)} here" for name, (there, here) in self.reshaped.items()]
            parts.append(f"of another shape: {shown(sizes)}")
        return "; ".join(parts)


def shown(names: Sequence[str]) -> str:
    """Return the first of some names, and the number of the others."""
    more = len(names) - SHOWN
    return ", ".join(names[:SHOWN]) + (f" and {more} more" if more > 0 else "")


def begin_from(networks: Mapping[str, nn.Module], start: Start) -> tuple[Copied, ...]:
    """Copy all tensors of equal name and shape, and return what was copied into each network.

    An average starts from the source's average if there is one, else from its network, and the other way around.
    Networks without parameters, such as running means, are left alone.

    Raises:
        TrainingError: the source has no tensor that fits.
    """
    found = tuple(
        _begin(name, network, start.states)
        for name, network in networks.items()
        if next(network.parameters(), None) is not None
    )
    if not any(each.copied for each in found):
        raise TrainingError(
            f"expected weights of the same model to start from, found no tensor of equal name and shape in "
            f"{start.source}: give other weights."
        )
    return found


def _begin(name: str, network: nn.Module, states: States) -> Copied:
    source, state = _source_of(name, network, states)
    # Filters follow from the resolution: a source of another one may have filters of equal shape and other values.
    own = {key: tensor for key, tensor in network.state_dict().items() if not key.endswith(FIXED)}
    if not source:
        return Copied(name, "", of=len(own))
    reshaped = {key: (state[key].shape, own[key].shape) for key in own if key in state}
    reshaped = {key: pair for key, pair in reshaped.items() if pair[0] != pair[1]}
    with torch.no_grad():
        for key in (fitting := [key for key in own if key in state and key not in reshaped]):
            own[key].copy_(state[key])
    absent = tuple(key for key in own if key not in state)
    return Copied(name, source, len(fitting), len(own), absent, reshaped)


def _source_of(name: str, network: nn.Module, states: States) -> tuple[str, Mapping[str, Tensor]]:
    """Return the name and the tensors of the source's network for one of the run's; both empty if there is none."""
    kin = name.removesuffix(AVERAGE) if name.endswith(AVERAGE) else name + AVERAGE
    for source in (name, kin):
        if source in states:
            return source, states[source]
    parts = [part for part, _ in network.named_children() if part in states]
    return ", ".join(parts), {f"{part}.{key}": tensor for part in parts for key, tensor in states[part].items()}


def note_of(start: Start, found: Sequence[Copied]) -> dict[str, Any]:
    """Return the entry of the weights' header that says where a run started, of JSON types."""
    counts = {each.network: [each.copied, each.of] for each in found}
    return {NOTE: {"source": start.source, "sha256": start.sha256, "tensors": counts}}


def noted(run_dir: Path) -> dict[str, Any]:
    """Return the entry on transfer of the newest readable snapshot in a run folder; empty if it has none."""
    for path in reversed(snapshots.listed(run_dir)):
        try:
            header = read_header(path)
        except (OSError, ValueError, RecursionError):
            continue
        note = header.get(NOTE)
        return {NOTE: note} if isinstance(note, dict) and isinstance(note.get("source"), str) else {}
    return {}
