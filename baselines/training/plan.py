"""What the training loop trains: phases, each of them a loss with the networks it trains, and the data of a step."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from baselines.training.ranks import WHOLE, RankSlice

__all__ = ["Losses", "Phase", "StepContext", "TrainPlan"]

Losses = dict[str, Tensor]


@dataclass(frozen=True)
class StepContext:
    """The data of one step, as the losses see them.

    Attributes:
        step: number of steps taken before this one.
        nimg: real images shown before this step.
        real: real images ``[batch, C, H, W]`` float32, -1..1; with several processes, this process's rows of the batch.
        labels: ``[batch, c_dim]`` float32, or None.
        stream: returns the step's random stream for a purpose; every process draws from it for the whole batch.
        rows: this process's share of the draws for the whole batch.
        part: with gradient accumulation, which of this process's rows these are.
        shared: what the phase's ``once`` returned.
        extra: further tensors of the data, with one row per image; see ``Batches.extra``.
    """

    step: int
    nimg: int
    real: Tensor
    labels: Tensor | None
    stream: Callable[[str], torch.Generator]
    rows: RankSlice = WHOLE
    part: RankSlice = WHOLE
    shared: Any = None
    extra: tuple[Tensor, ...] = ()

    @property
    def on_cpu(self) -> bool:
        """Return whether losses can be read at once: no device computes while the host goes on."""
        return self.real.is_cpu

    def of_part(self, index: int, parts: int) -> "StepContext":
        """Return the context of every ``parts``-th of these rows, starting with row ``index``."""
        own = slice(index, None, parts)
        return replace(
            self,
            real=self.real[own],
            labels=None if self.labels is None else self.labels[own],
            rows=RankSlice(self.rows.rank + self.rows.ranks * index, self.rows.ranks * parts),
            part=RankSlice(index, parts),
            extra=tuple(each[own] for each in self.extra),
        )


@dataclass(frozen=True)
class Phase:
    """One kind of update: which networks, with which optimisers, for which loss, how often.

    Attributes:
        name: name of the phase, for the log and the random streams.
        networks: networks to train; no other network gets a gradient.
        optimizers: optimisers that take a step.
        loss: returns values by name, each ``[batch]``; the mean of ``total`` is minimised.
        interval: the phase runs in every ``interval``-th step, with its gradient multiplied by ``interval``.
        every: the phase runs only in the last of every so many steps, with its gradient as it is.
        shrink: the phase's batch is this many times smaller than the step's.
        once: called with all of this process's rows and the number of parts in which the losses will see them, before
            the first of the losses; returns what they share. None for nothing.
    """

    name: str
    networks: tuple[nn.Module, ...]
    optimizers: tuple[Optimizer, ...]
    loss: Callable[[StepContext], Losses]
    interval: int = 1
    every: int = 1
    shrink: int = 1
    once: Callable[[StepContext, int], Any] | None = None


@dataclass(frozen=True)
class TrainPlan:
    """What the loop trains.

    Attributes:
        networks: all modules with state, by name; snapshots hold all of them.
        optimizers: optimisers by name.
        phases: phases in the order in which they run.
        averages: pairs of average and network.
        ema_beta: returns the weight of the old average in one update, for the number of real images shown.
        export: writes the final weights and a sample grid, given the kimg and further entries of the header; returns
            the path of the weights.
        prepare: called before the phases of every step, to set what changes over time.
        start: called before the first step of a new run, to write what shows its beginning.
        complete: called with the arguments of ``export`` before a run is resumed, to export what a killed run did not.
        logged: called at every tick; returns numbers for the log that are no losses, such as ``augment_p``.
        about: entries of the snapshots' headers; see ``snapshots.Snapshot``.
        group: number of images that a discriminator compares, 1 if it judges each alone; the losses must then use only
            this process's rows of their draws, so that several processes can train the model, and one can take a batch
            in parts. None if the batch must stay whole.
        mend_gradients: replace infinite and NaN gradients before an optimiser's step; see ``steps.mend``.
    """

    networks: Mapping[str, nn.Module]
    optimizers: Mapping[str, Optimizer]
    phases: tuple[Phase, ...]
    averages: tuple[tuple[nn.Module, nn.Module], ...]
    ema_beta: Callable[[int], float]
    export: Callable[[float, Mapping[str, Any]], Path]
    prepare: Callable[[StepContext], None] = lambda at: None
    start: Callable[[], None] = lambda: None
    complete: Callable[[float, Mapping[str, Any]], None] = lambda kimg, changes: None
    logged: Callable[[], Mapping[str, float]] = dict
    about: Mapping[str, Any] = field(default_factory=dict)
    group: int | None = None
    mend_gradients: bool = False
