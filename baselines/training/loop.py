"""The training loop of all models: phases in turn, averages, ticks, snapshots.

A model gives it a ``TrainPlan``: networks, optimisers, and phases, each a loss with the networks it trains. The loop
knows nothing else about the model.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from baselines.errors import DivergenceError, TrainingError
from baselines.training import log, ranks, snapshots
from baselines.training.data import Batches
from baselines.training.ema import update_average
from baselines.training.folder import hold
from baselines.training.meter import Meter
from baselines.training.ranks import WHOLE, RankSlice
from baselines.training.signals import stop_requests
from baselines.training.streams import stream

LOG = "log.jsonl"

Losses = dict[str, Tensor]
OnTick = Callable[[Mapping[str, Any]], None]


@dataclass(frozen=True)
class StepContext:
    """What a loss knows about a step.

    Attributes:
        step: steps taken before this one.
        nimg: real images shown before this step.
        real: ``[batch, C, H, W]`` float32, -1..1; with several processes, this one's rows of the batch.
        labels: ``[batch, c_dim]`` float32, or None.
        stream: gives the step's random stream for a purpose; every process draws from it for the whole batch.
        rows: which rows of that are this process's.
    """

    step: int
    nimg: int
    real: Tensor
    labels: Tensor | None
    stream: Callable[[str], torch.Generator]
    rows: RankSlice = WHOLE


@dataclass(frozen=True)
class Phase:
    """One kind of update: which networks, with which optimisers, for which loss, how often.

    Attributes:
        networks: those that are trained; no other gets a gradient.
        optimizers: those that take a step.
        loss: returns values by name, each ``[batch]``; the mean of ``total`` is minimised.
        interval: the phase runs in every ``interval``-th step, with its gradient multiplied by ``interval``.
    """

    name: str
    networks: tuple[nn.Module, ...]
    optimizers: tuple[Optimizer, ...]
    loss: Callable[[StepContext], Losses]
    interval: int = 1


@dataclass(frozen=True)
class TrainPlan:
    """What the loop trains.

    Attributes:
        networks: everything that is trained or averaged, by name; snapshots hold all of it.
        optimizers: by name.
        phases: in the order in which they run.
        averages: pairs of average and network.
        ema_beta: fraction of the average that a step keeps, given the number of real images shown.
        export: given the kimg and more for the header, writes the weights that the run is for, and samples; returns
            the weights' path.
        prepare: called before the phases of every step, to set what changes over time.
        about: what the headers of the snapshots say, as ``snapshots.Snapshot`` has it.
        group: how many images a discriminator compares, 1 for none; the losses then take this process's rows of what
            they draw, so that several processes can train the model. None: only one process can.
    """

    networks: Mapping[str, nn.Module]
    optimizers: Mapping[str, Optimizer]
    phases: tuple[Phase, ...]
    averages: tuple[tuple[nn.Module, nn.Module], ...]
    ema_beta: Callable[[int], float]
    export: Callable[[float, Mapping[str, Any]], Path]
    prepare: Callable[[StepContext], None] = lambda at: None
    about: Mapping[str, Any] = field(default_factory=dict)
    group: int | None = None


@dataclass(frozen=True)
class Schedule:
    """How long a run is and how often it reports, in steps.

    Attributes:
        steps: in the whole run.
        tick: between two lines of the log.
        snapshot: between two snapshots; a multiple of ``tick``.
        settings: of the run, of JSON types; a snapshot is resumed with the same ones only.
        seed: of all randomness.
        adjustable: names of settings with which a run may go on changed, after a loss became infinite or NaN.
    """

    steps: int
    tick: int
    snapshot: int
    settings: Mapping[str, Any]
    seed: int
    adjustable: frozenset[str] = frozenset()


def run(
    plan: TrainPlan,
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
    SIGTERM let the step under way end, write a snapshot and raise KeyboardInterrupt. Several processes that have joined
    (``ranks.joined``) give what one would give, up to rounding; a run can be resumed with another number of them.

    Raises:
        TrainingError: nothing to resume, other settings than the snapshot's, a run already in the folder, one that is
            still going on there, processes that cannot share the batch, or a loss that became infinite or NaN
            (``DivergenceError``); the last snapshot stays.
        WriteError: the folder cannot be written.
        LostProcessError: another process of the run has ended.
        KeyboardInterrupt: stopped by a signal, after the snapshot.
    """
    batches.rows = rows = ranks.rank_slice(plan.group, batches.sizes())
    weights = None
    with ExitStack() as held, stop_requests() as stopped:
        ranks.first_only(hold, held, run_dir, resume)
        step, changes = begin(plan, batches, schedule, run_dir, resume)
        meter = Meter(batches, schedule.steps, step)
        while step < schedule.steps:
            real, labels = batches.draw(step)
            labels, streams = None if labels is None else labels.to(device), streams_of(schedule.seed, step)
            at = StepContext(step, batches.shown(step), real.to(device), labels, streams, rows)
            try:
                for losses in advance_all(plan, at):
                    meter.add(losses)
            except DivergenceError as problem:
                ranks.first_only(stop_diverged, run_dir, schedule, step + 1, at.nimg / 1000, str(problem))
            step += 1
            for average, network in plan.averages:
                update_average(average, network, plan.ema_beta(batches.shown(step)))

            finished, asked = step == schedule.steps, ranks.any_of_all(stopped.is_set())
            keep = finished or asked or step % schedule.snapshot == 0
            if keep or step % schedule.tick == 0:
                entry = meter.tick(step)
                kept = captured(plan, schedule, step, changes) if keep else None
                weights = ranks.first_only(report, plan, schedule, entry, run_dir, kept, on_tick) or weights
            if asked and not finished:
                raise KeyboardInterrupt
        return weights or ranks.first_only(plan.export, batches.shown(step) / 1000, told(changes))


Changes = tuple[Mapping[str, Any], ...]  # what was changed where a run went on: kimg, and by setting the two values


def begin(plan: TrainPlan, batches: Batches, schedule: Schedule, run_dir: Path, resume: bool) -> tuple[int, Changes]:
    """Return the step to start at, with the networks as they were at that step, and what was changed up to there.

    Raises:
        TrainingError: there is a run already, or none to resume, or it was trained with other settings.
    """
    if not resume:
        if snapshots.listed(run_dir):
            raise TrainingError(f"{run_dir} already holds a training run: resume it or choose another folder.")
        ranks.first_only(log.clear, run_dir / LOG)
        return 0, ()
    snapshot = snapshots.latest(run_dir)
    changed = differences(snapshot.settings, schedule.settings)
    diverged = ranks.first_only(log.diverged, run_dir / LOG, snapshot.step)
    for name, (was, asked) in changed.items():
        if not diverged or name.partition(".")[0] not in schedule.adjustable:
            raise TrainingError(
                f"the snapshot in {run_dir} was trained with {name} {was!r}, not {asked!r}: resume with that."
            )
    snapshots.restore(snapshot, plan.networks, plan.optimizers)
    kimg = batches.shown(snapshot.step) / 1000
    now: Changes = ({"kimg": kimg, **{name: list(pair) for name, pair in changed.items()}},) if changed else ()
    lines = [{"step": snapshot.step, "kimg": kimg, log.CHANGED: change} for change in now]
    ranks.first_only(log.rewind, run_dir / LOG, snapshot.step, lines)
    ranks.first_only(snapshots.prune, run_dir)  # where the run was killed between writing one and deleting another
    return snapshot.step, (*snapshot.changes, *now)


def differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Return the settings that differ, by dotted name: what they were and are."""
    old, new = flat(before), flat(now)
    return {
        name: (old.get(name), new.get(name))
        for name in sorted(old.keys() | new.keys())
        if old.get(name) != new.get(name)
    }


def told(changes: Changes) -> dict[str, Any]:
    """Return what the header of the weights says about changes; nothing where there were none."""
    return {"changes": list(changes)} if changes else {}


def flat(settings: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return nested settings by dotted names, so that a difference can be named."""
    found: dict[str, Any] = {}
    for name, value in settings.items():
        found |= flat(value, f"{prefix}{name}.") if isinstance(value, Mapping) else {prefix + name: value}
    return found


def advance_all(plan: TrainPlan, at: StepContext) -> Iterator[dict[str, float]]:
    """Yield the losses of each phase of a step.

    Raises:
        DivergenceError: a loss is infinite or NaN.
    """
    plan.prepare(at)
    for phase in plan.phases:
        if at.step % phase.interval == 0:
            yield advance(phase, at)


def advance(phase: Phase, at: StepContext) -> dict[str, float]:
    """Return the means of the phase's losses over all processes, after one step down the mean of their gradients.

    Raises:
        DivergenceError: the loss is infinite or NaN; the networks are as they were.
    """
    for network in phase.networks:
        network.requires_grad_(True)
    losses = phase.loss(at)
    means = ranks.means_of_all({f"{phase.name}/{name}": float(x.detach().mean()) for name, x in losses.items()})
    for name, mean in means.items():
        if not math.isfinite(mean):
            raise DivergenceError(f"{name} became {mean} at {at.nimg / 1000:g} kimg")
    for optimizer in phase.optimizers:
        optimizer.zero_grad(set_to_none=True)
    losses["total"].mean().mul(phase.interval).backward()  # type: ignore[no-untyped-call]
    ranks.average_gradients(phase.networks)
    for optimizer in phase.optimizers:
        optimizer.step()
    for network in phase.networks:
        network.requires_grad_(False)
    return means


def stop_diverged(run_dir: Path, schedule: Schedule, step: int, kimg: float, what: str) -> NoReturn:
    """Note that a run diverged, which lets it go on with changed settings, and say how.

    Raises:
        DivergenceError: always.
    """
    log.append(run_dir / LOG, {"step": step, "kimg": kimg, log.DIVERGED: what})
    way = "resume" if snapshots.listed(run_dir) else "start again"
    settings = sorted(schedule.adjustable) or ["seed"]
    raise DivergenceError(f"{what}: {way} with another value of {' or '.join(settings)}.")


def captured(plan: TrainPlan, schedule: Schedule, step: int, changes: Changes) -> snapshots.Snapshot:
    """Return the run's state after ``step`` steps."""
    return snapshots.capture(step, schedule.settings, plan.networks, plan.optimizers, changes, plan.about)


def streams_of(seed: int, step: int) -> Callable[[str], torch.Generator]:
    """Return the function from a purpose to this step's random stream."""
    return lambda purpose: stream(seed, step, purpose)


def report(
    plan: TrainPlan,
    schedule: Schedule,
    entry: dict[str, Any],
    run_dir: Path,
    kept: snapshots.Snapshot | None,
    on_tick: OnTick | None,
) -> Path | None:
    """Log a tick and tell the caller; return the path of the weights where there is a snapshot to write, or None.

    The log is first, so that a run killed in between lacks no line: a resumed run drops those after its snapshot.
    """
    log.append(run_dir / LOG, entry)
    weights = None
    if kept is not None:
        try:
            snapshots.write(run_dir, kept)
        except DivergenceError as problem:
            stop_diverged(run_dir, schedule, entry["step"], entry["kimg"], str(problem))
        weights = plan.export(entry["kimg"], told(kept.changes))
    if on_tick is not None:
        on_tick({**entry, "weights": weights})
    return weights
