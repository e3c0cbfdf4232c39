"""The training loop of all models: phases in turn, averages, ticks, snapshots.

A model supplies a ``TrainPlan``: networks, optimisers, and phases, each of them a loss with the networks it trains. The
loop knows nothing else about the model.
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
    """The data of one step, as the losses see them.

    Attributes:
        step: number of steps taken before this one.
        nimg: real images shown before this step.
        real: real images ``[batch, C, H, W]`` float32, -1..1; with several processes, this process's rows of the batch.
        labels: ``[batch, c_dim]`` float32, or None.
        stream: returns the step's random stream for a purpose; every process draws from it for the whole batch.
        rows: this process's share of the draws for the whole batch.
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
        name: name of the phase, for the log and the random streams.
        networks: networks to train; no other network gets a gradient.
        optimizers: optimisers that take a step.
        loss: returns values by name, each ``[batch]``; the mean of ``total`` is minimised.
        interval: the phase runs in every ``interval``-th step, with its gradient multiplied by ``interval``.
        every: the phase runs only in the last of every so many steps, with its gradient as it is.
    """

    name: str
    networks: tuple[nn.Module, ...]
    optimizers: tuple[Optimizer, ...]
    loss: Callable[[StepContext], Losses]
    interval: int = 1
    every: int = 1


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
        about: entries of the snapshots' headers; see ``snapshots.Snapshot``.
        group: number of images that a discriminator compares, 1 if it judges each alone; the losses must then use only
            this process's rows of their draws, so that several processes can train the model. None if only one can.
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
    """The length of a run and the intervals of its reports, in steps.

    Attributes:
        steps: steps in the whole run.
        tick: steps between two lines of the log.
        snapshot: steps between two snapshots; a multiple of ``tick``.
        settings: settings of the run, of JSON types; a snapshot can be resumed only with the same ones.
        seed: seed of all random numbers.
        adjustable: names of the settings that may change when a run resumes after a loss became infinite or NaN.
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
    """Train to the end of the schedule, and return the path of the final weights.

    A run that was stopped and resumed gives the same weights as an uninterrupted one (the same bits on a CPU). On
    SIGINT or SIGTERM, the current step is finished and a snapshot written before KeyboardInterrupt is raised. Several
    joined processes (``ranks.joined``) give the same weights as one, up to rounding, and a run can be resumed with
    another number of processes. Arguments are those of ``frame.PreparedRun`` and its ``run``.

    Raises:
        TrainingError: there is nothing to resume, the settings differ from the snapshot's, the folder has a run
            already, another process is using it, or the processes cannot share the batch.
        DivergenceError: a loss or a weight became infinite or NaN; the last snapshot stays.
        WriteError: the folder cannot be written.
        LostProcessError: another process of the run has ended.
        KeyboardInterrupt: a signal stopped the run, after a snapshot.
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
                kept = captured(plan, schedule, entry, changes) if keep else None
                weights = ranks.first_only(report, plan, schedule, entry, run_dir, kept, on_tick) or weights
            if asked and not finished:
                raise KeyboardInterrupt
        return weights or ranks.first_only(plan.export, batches.shown(step) / 1000, told(changes))


# For each resumption with changed settings: kimg, and by name of the setting its old and new value.
Changes = tuple[Mapping[str, Any], ...]


def begin(plan: TrainPlan, batches: Batches, schedule: Schedule, run_dir: Path, resume: bool) -> tuple[int, Changes]:
    """Restore the networks if a run resumes; return the step to start at, and the changes of settings so far.

    Raises:
        TrainingError: a new run finds another in its folder, or a resumed one finds none or other settings.
    """
    if not resume:
        if snapshots.listed(run_dir):
            raise TrainingError(
                f"expected an empty folder for a new run, found one in {run_dir}: resume it, or choose another folder."
            )
        ranks.first_only(log.clear, run_dir / LOG)
        return 0, ()
    snapshot = snapshots.latest(run_dir)
    changed = differences(snapshot.settings, schedule.settings)
    diverged = ranks.first_only(log.diverged, run_dir / LOG, snapshot.step)
    for name, (was, asked) in changed.items():
        if not diverged or name.partition(".")[0] not in schedule.adjustable:
            raise TrainingError(
                f"expected {name} {was!r} as in the snapshot in {run_dir}, found {asked!r}: resume with the former."
            )
    snapshots.restore(snapshot, plan.networks, plan.optimizers)
    kimg = batches.shown(snapshot.step) / 1000
    now: Changes = ({"kimg": kimg, **{name: list(pair) for name, pair in changed.items()}},) if changed else ()
    lines = [{"step": snapshot.step, "kimg": kimg, log.CHANGED: change} for change in now]
    ranks.first_only(log.rewind, run_dir / LOG, snapshot.step, lines)
    ranks.first_only(snapshots.prune, run_dir)  # in case the run was killed between writing and deleting one
    return snapshot.step, (*snapshot.changes, *now)


def differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Return the settings that differ, by dotted name, as pairs of old and new value."""
    old, new = flat(before), flat(now)
    return {
        name: (old.get(name), new.get(name))
        for name in sorted(old.keys() | new.keys())
        if old.get(name) != new.get(name)
    }


def told(changes: Changes) -> dict[str, Any]:
    """Return the header entry on changes of settings; empty if there were none."""
    return {"changes": list(changes)} if changes else {}


def flat(settings: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return nested settings as one flat mapping by dotted names."""
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
        if at.step % phase.interval == 0 and (at.step + 1) % phase.every == 0:
            yield advance(phase, at)


def advance(phase: Phase, at: StepContext) -> dict[str, float]:
    """Take one optimiser step on the gradient of a phase, and return the means of its losses; both over all processes.

    Raises:
        DivergenceError: a loss is infinite or NaN; the networks are unchanged.
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
    # Lazy regularisation: a phase that runs in every interval-th step counts for all the steps it skips.
    losses["total"].mean().mul(phase.interval).backward()  # type: ignore[no-untyped-call]
    ranks.average_gradients(phase.networks)
    for optimizer in phase.optimizers:
        optimizer.step()
    for network in phase.networks:
        network.requires_grad_(False)
    return means


def stop_diverged(run_dir: Path, schedule: Schedule, step: int, kimg: float, what: str) -> NoReturn:
    """Log that a run diverged, which permits resuming it with changed settings, and raise the error.

    Raises:
        DivergenceError: always; the message says how to continue.
    """
    log.append(run_dir / LOG, {"step": step, "kimg": kimg, log.DIVERGED: what})
    way = "resume" if snapshots.listed(run_dir) else "start again"
    settings = sorted(schedule.adjustable) or ["seed"]
    raise DivergenceError(f"{what}: {way} with another value of {' or '.join(settings)}.")


def captured(plan: TrainPlan, schedule: Schedule, entry: Mapping[str, Any], changes: Changes) -> snapshots.Snapshot:
    """Return the run's state at a tick, of which the log has an entry."""
    about = {**plan.about, "kimg": entry["kimg"]}
    return snapshots.capture(entry["step"], schedule.settings, plan.networks, plan.optimizers, changes, about)


def streams_of(seed: int, step: int) -> Callable[[str], torch.Generator]:
    """Return a function that gives this step's random stream for a purpose."""
    return lambda purpose: stream(seed, step, purpose)


def report(
    plan: TrainPlan,
    schedule: Schedule,
    entry: dict[str, Any],
    run_dir: Path,
    kept: snapshots.Snapshot | None,
    on_tick: OnTick | None,
) -> Path | None:
    """Log a tick, write a snapshot if there is one, and call ``on_tick``; return the path of the weights, or None.

    The log comes first, so that a run killed in between lacks no line: a resumed run drops those after its snapshot.
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
