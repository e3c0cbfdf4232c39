"""The training loop of all models: phases in turn, averages, ticks, snapshots.

A model brings a ``Trainee``: its networks, its optimisers, and its phases, each a loss with the networks it trains.
The loop knows nothing else about it.
"""

import math
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from baselines.errors import TrainingError
from baselines.training import log, ranks, snapshots
from baselines.training.data import Batches
from baselines.training.ema import update_average
from baselines.training.folder import hold
from baselines.training.ranks import WHOLE, Share
from baselines.training.streams import stream

Losses = dict[str, Tensor]
OnTick = Callable[[Mapping[str, Any]], None]


@dataclass(frozen=True)
class Moment:
    """What a loss sees of one step.

    Attributes:
        step: steps taken before this one.
        nimg: real images shown before this step.
        real: ``[batch, C, H, W]`` float32, -1..1; with several processes, this one's share of the batch.
        labels: ``[batch, c_dim]`` float32, or None.
        stream: gives the step's own random stream for a purpose, from which all processes draw for the whole batch.
        share: which rows of that are this process's.
    """

    step: int
    nimg: int
    real: Tensor
    labels: Tensor | None
    stream: Callable[[str], torch.Generator]
    share: Share = WHOLE


@dataclass(frozen=True)
class Phase:
    """One kind of update: which networks, by which optimisers, down which loss, how often.

    Attributes:
        networks: that are trained; no other gets a gradient.
        optimizers: that take a step.
        loss: returns values by name, each ``[batch]``; the mean of the one called ``total`` is minimised.
        interval: the phase runs in every ``interval``-th step, with its gradient multiplied by that.
    """

    name: str
    networks: tuple[nn.Module, ...]
    optimizers: tuple[Optimizer, ...]
    loss: Callable[[Moment], Losses]
    interval: int = 1


@dataclass(frozen=True)
class Trainee:
    """What a model brings to the loop.

    Attributes:
        networks: all that is trained or averaged, by name; all of it is in the snapshots.
        optimizers: by name.
        phases: in the order in which they run.
        averages: pairs of average and network.
        ema_beta: share of the average kept at a step, from the number of real images shown.
        export: given the kimg, writes the weights that the run is for, and samples; returns the weights' path.
        prepare: called before the phases of every step, to set what changes with time.
        group: how many images a discriminator compares, 1 for none. It says that losses take their share of what is
            drawn, so that several processes can train the model; None: only one can.
    """

    networks: Mapping[str, nn.Module]
    optimizers: Mapping[str, Optimizer]
    phases: tuple[Phase, ...]
    averages: tuple[tuple[nn.Module, nn.Module], ...]
    ema_beta: Callable[[int], float]
    export: Callable[[float], Path]
    prepare: Callable[[Moment], None] = lambda moment: None
    group: int | None = None


@dataclass(frozen=True)
class Schedule:
    """How long a run is and how often it reports, in steps.

    Attributes:
        steps: in the whole run.
        tick: between two lines of the log.
        snapshot: between two snapshots; a multiple of ``tick``.
        settings: of the run, of JSON types: a snapshot resumes only under the same.
        seed: of all randomness.
    """

    steps: int
    tick: int
    snapshot: int
    settings: Mapping[str, Any]
    seed: int


def run(
    trainee: Trainee,
    batches: Batches,
    schedule: Schedule,
    run_dir: Path,
    *,
    resume: bool = False,
    device: torch.device | str = "cpu",
    on_tick: OnTick | None = None,
) -> Path:
    """Return the path of the final weights, after training to the end of the schedule.

    A run that was stopped and resumed gives the same weights as one that was not (the same bits on a CPU). SIGINT and
    SIGTERM end the step under way, write a snapshot and raise KeyboardInterrupt. Several processes that have joined
    (``ranks.joined``) give what one would give, but for rounding; a run may be resumed by another number of them.

    Raises:
        TrainingError: nothing to resume, other settings than the snapshot's, a run already in the folder, one that is
            still going on there, processes that cannot share the batch, or a loss that is not finite; the last
            snapshot stays.
        WriteError: the folder cannot be written.
        LostProcessError: another process of the run has ended.
        KeyboardInterrupt: stopped by a signal, after the snapshot.
    """
    batches.share = share = ranks.share_of(trainee.group, batches.sizes())
    weights = None
    with ExitStack() as held, stop_requests() as stopped:
        ranks.first_only(hold, held, run_dir, resume)
        step = begin(trainee, schedule, run_dir, resume)
        meter = Meter(batches, schedule, step)
        while step < schedule.steps:
            real, labels = batches.draw(step)
            labels, streams = None if labels is None else labels.to(device), streams_of(schedule.seed, step)
            moment = Moment(step, batches.shown(step), real.to(device), labels, streams, share)
            trainee.prepare(moment)
            for phase in trainee.phases:
                if step % phase.interval == 0:
                    meter.add(advance(phase, moment))
            step += 1
            for average, network in trainee.averages:
                update_average(average, network, trainee.ema_beta(batches.shown(step)))

            finished, asked = step == schedule.steps, ranks.any_of_all(stopped.is_set())
            keep = finished or asked or step % schedule.snapshot == 0
            if keep or step % schedule.tick == 0:
                entry = meter.tick(step)
                weights = ranks.first_only(report, trainee, schedule, entry, run_dir, keep, on_tick) or weights
            if asked and not finished:
                raise KeyboardInterrupt
        return weights or ranks.first_only(trainee.export, batches.shown(step) / 1000)


def begin(trainee: Trainee, schedule: Schedule, run_dir: Path, resume: bool) -> int:
    """Return the step to start at, with the networks as they were at that step."""
    if not resume:
        if snapshots.listed(run_dir):
            raise TrainingError(f"{run_dir} already holds a training run: resume it or choose another folder.")
        ranks.first_only(log.rewind, run_dir / "log.jsonl", 0)
        return 0
    snapshot = snapshots.latest(run_dir)
    before, now = flat(snapshot.settings), flat(schedule.settings)
    for name in sorted(before.keys() | now.keys()):
        if before.get(name) != now.get(name):
            was, asked = before.get(name), now.get(name)
            raise TrainingError(
                f"the snapshot in {run_dir} was trained with {name} {was!r}, not {asked!r}: resume with that."
            )
    snapshots.restore(snapshot, trainee.networks, trainee.optimizers)
    ranks.first_only(log.rewind, run_dir / "log.jsonl", snapshot.step)
    return snapshot.step


def flat(settings: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return nested settings with dotted names, so that a difference can be named."""
    found: dict[str, Any] = {}
    for name, value in settings.items():
        found |= flat(value, f"{prefix}{name}.") if isinstance(value, Mapping) else {prefix + name: value}
    return found


def advance(phase: Phase, moment: Moment) -> dict[str, float]:
    """Return the means of the phase's losses over all processes, after one step down the mean of their gradients.

    Raises:
        TrainingError: the loss is not finite; the networks are as they were.
    """
    for network in phase.networks:
        network.requires_grad_(True)
    losses = phase.loss(moment)
    means = ranks.means_of_all({f"{phase.name}/{name}": float(x.detach().mean()) for name, x in losses.items()})
    for name, mean in means.items():
        if not math.isfinite(mean):
            kimg = moment.nimg / 1000
            raise TrainingError(
                f"{name} became {mean} at {kimg:g} kimg: resume with another seed or lower learning rates."
            )
    for optimizer in phase.optimizers:
        optimizer.zero_grad(set_to_none=True)
    losses["total"].mean().mul(phase.interval).backward()  # type: ignore[no-untyped-call]
    ranks.average_gradients(phase.networks)
    for optimizer in phase.optimizers:
        optimizer.step()
    for network in phase.networks:
        network.requires_grad_(False)
    return means


def captured(trainee: Trainee, schedule: Schedule, step: int) -> snapshots.Snapshot:
    """Return the run's state after ``step`` steps."""
    return snapshots.capture(step, schedule.settings, trainee.networks, trainee.optimizers)


def streams_of(seed: int, step: int) -> Callable[[str], torch.Generator]:
    """Return what gives the random stream of this step for a purpose."""
    return lambda purpose: stream(seed, step, purpose)


class Meter:
    """Sums losses and time between two ticks."""

    def __init__(self, batches: Batches, schedule: Schedule, step: int) -> None:
        self.batches, self.schedule = batches, schedule
        self._restart(step)

    def _restart(self, step: int) -> None:
        self.step, self.started = step, time.perf_counter()
        self.sums: dict[str, list[float]] = {}

    def add(self, means: Mapping[str, float]) -> None:
        """Note the losses of one phase."""
        for name, mean in means.items():
            self.sums.setdefault(name, []).append(mean)

    def tick(self, step: int) -> dict[str, Any]:
        """Return the entry of the log: step, kimg, sec_per_kimg, eta in seconds, mean losses; and start anew."""
        nimg, end = self.batches.shown(step), self.batches.shown(self.schedule.steps)
        per_image = (time.perf_counter() - self.started) / max(nimg - self.batches.shown(self.step), 1)
        entry = {
            "step": step,
            "kimg": nimg / 1000,
            "sec_per_kimg": per_image * 1000,
            "eta": per_image * (end - nimg),
            "losses": {name: sum(values) / len(values) for name, values in self.sums.items()},
        }
        self._restart(step)
        return entry


def report(
    trainee: Trainee, schedule: Schedule, entry: dict[str, Any], run_dir: Path, keep: bool, on_tick: OnTick | None
) -> Path | None:
    """Log a tick and tell the caller; return the path of the weights, written with a snapshot where it is to be kept.

    The log is first, so that a run killed in between lacks no line: a resumed run drops those after its snapshot.
    """
    log.append(run_dir / "log.jsonl", entry)
    weights = None
    if keep:
        snapshots.write(run_dir, captured(trainee, schedule, entry["step"]))
        weights = trainee.export(entry["kimg"])
    if on_tick is not None:
        on_tick({**entry, "weights": weights})
    return weights


@contextmanager
def stop_requests() -> Iterator[threading.Event]:
    """Give an event that SIGINT and SIGTERM set, in place of ending the process; only the main thread gets signals."""
    stopped = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield stopped
        return

    def ask(_number: int, _frame: FrameType | None) -> None:
        stopped.set()

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stopped
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
