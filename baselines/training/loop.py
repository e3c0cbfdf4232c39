"""The training loop of all models: phases in turn, averages, ticks, snapshots.

A model supplies a ``TrainPlan``: networks, optimisers, and phases, each of them a loss with the networks it trains. The
loop knows nothing else about the model.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

import torch

from baselines.errors import DivergenceError, TrainingError
from baselines.ops import processes
from baselines.training import later, log, ranks, snapshots
from baselines.training.data import Batches
from baselines.training.ema import update_average
from baselines.training.folder import OPTIONS, hold, noted_options, write_options
from baselines.training.hardware import DEFAULT, Hardware
from baselines.training.loading import Loaded, loaded
from baselines.training.meter import CHECK, Meter
from baselines.training.plan import Losses, Phase, StepContext, TrainPlan
from baselines.training.signals import stop_requests
from baselines.training.steps import advance, advance_all
from baselines.training.streams import stream

__all__ = [
    "Beside",
    "Changes",
    "Losses",
    "OnTick",
    "Phase",
    "Schedule",
    "StepContext",
    "TrainPlan",
    "advance",
    "advance_all",
    "run",
    "streams_of",
]

LOG = "log.jsonl"
MOST_NAMED = 6  # settings in a message

OnTick = Callable[[Mapping[str, Any]], None]
Beside = Callable[[], AbstractContextManager[object]]


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
        options: content of ``training_options.json``.
        defaults: of settings, for snapshots that are older than a setting.
    """

    steps: int
    tick: int
    snapshot: int
    settings: Mapping[str, Any]
    seed: int
    adjustable: frozenset[str] = frozenset()
    options: Mapping[str, Any] = field(default_factory=dict)
    defaults: Mapping[str, Any] = field(default_factory=dict)

    def next_snapshot(self, step: int) -> int:
        """Return the step after which the next snapshot is written, or the last step."""
        return min((step // self.snapshot + 1) * self.snapshot, self.steps)


def run(
    plan: TrainPlan,
    batches: Batches,
    schedule: Schedule,
    run_dir: Path,
    *,
    resume: bool = False,
    device: torch.device | str = "cpu",
    hardware: Hardware = DEFAULT,
    on_tick: OnTick | None = None,
    beside: Beside = nullcontext,
    workers: int = 0,
) -> Path:
    """Train to the end of the schedule, and return the path of the final weights.

    A run that was stopped and resumed gives the same weights as an uninterrupted one (the same bits on a CPU). On
    SIGINT or SIGTERM, the current step is finished and a snapshot written before KeyboardInterrupt is raised. Several
    joined processes (``ranks.joined``) give the same weights as one, up to rounding, and a run can be resumed with
    another number of processes. Arguments are those of ``frame.PreparedRun`` and its ``run``.

    Raises:
        TrainingError: there is nothing to resume, the settings differ from the snapshot's, the folder has a run
            already, another process is using it, the batch does not divide among the processes or into parts, or the
            images changed during the run, of which no further snapshot is written.
        DivergenceError: a loss or a weight became infinite or NaN; the last snapshot stays. On a CPU this is found
            before the step that would follow, elsewhere within ``meter.CHECK`` steps and before the next tick.
        WriteError: the folder cannot be written.
        LostProcessError: another process of the run has ended.
        KeyboardInterrupt: a signal stopped the run, after a snapshot.
    """
    batches.rows = ranks.rank_slice(plan.group, batches.sizes())
    parts = ranks.parts_of_batches(plan.group, batches.sizes(), hardware.batch_gpu)
    weights = None
    with ExitStack() as held, stop_requests() as stopped, hardware.set():
        ranks.first_only(hold, held, run_dir, resume)
        step, changes = begin(plan, batches, schedule, run_dir, resume)
        meter = Meter(batches, schedule.steps, step, device)
        ahead = held.enter_context(reading_ahead(batches, schedule, step, workers, device))
        for read in ahead:
            at = context_of(step, read, batches, schedule.seed)
            with stopping_diverged(run_dir, schedule, step + 1, at.nimg):
                for losses in advance_all(plan, at, parts[batches.shown(step + 1) - at.nimg], meter.phases.measured):
                    meter.add(losses, at.nimg, at.on_cpu)
            step += 1
            update_averages(plan, batches.shown(step))

            finished, asked = step == schedule.steps, ranks.any_of_all(stopped.is_set())
            keep = finished or asked or step % schedule.snapshot == 0
            ticks = keep or step % schedule.tick == 0
            if ticks or step % CHECK == 0:
                with stopping_diverged(run_dir, schedule, step, at.nimg):
                    meter.read()
            if ticks:
                entry = {**meter.tick(step), **plan.logged()}
                tell = partial(report, plan, schedule, entry, run_dir, changes if keep else None, on_tick, batches)
                weights = ranks.by_first(tell, beside if keep else nullcontext) or weights
                meter.restart(step)
            if asked and not finished:
                raise KeyboardInterrupt
        return weights or ranks.first_only(plan.export, batches.shown(step) / 1000, told(changes))


@contextmanager
def reading_ahead(
    batches: Batches, schedule: Schedule, step: int, workers: int, device: torch.device | str
) -> Iterator[Iterator[Loaded]]:
    """Give an iterator over the batches from a step on; meanwhile the first process computes what comes later."""
    with loaded(batches, range(step, schedule.steps), workers, device) as ahead:
        if processes.rank() == 0:
            later.begin(schedule.settings)
        yield ahead


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
        ranks.first_only(write_options, run_dir, later.known(schedule.options))
        ranks.first_only(plan.start)
        return 0, ()
    snapshot = snapshots.latest(run_dir)
    settings = later.settled(schedule.settings)
    older = {name: value for name, value in schedule.defaults.items() if name in settings}
    changed = differences({**older, **snapshot.settings}, settings)
    diverged = ranks.first_only(log.diverged, run_dir / LOG, snapshot.step)
    if refused := [name for name in changed if not diverged or name.partition(".")[0] not in schedule.adjustable]:
        raise other_settings(run_dir, {name: changed[name] for name in refused}, schedule.options)
    snapshots.restore(snapshot, plan.networks, plan.optimizers)
    kimg = batches.shown(snapshot.step) / 1000
    if not changed:  # the header would tell the new settings, by which these weights were not trained
        ranks.first_only(plan.complete, kimg, told(snapshot.changes))
    now: Changes = ({"kimg": kimg, **{name: list(pair) for name, pair in changed.items()}},) if changed else ()
    lines = [{"step": snapshot.step, "kimg": kimg, log.CHANGED: change} for change in now]
    ranks.first_only(log.rewind, run_dir / LOG, snapshot.step, lines)
    ranks.first_only(write_options, run_dir, later.settled(schedule.options))
    ranks.first_only(snapshots.prune, run_dir)  # in case the run was killed between writing and deleting one
    return snapshot.step, (*snapshot.changes, *now)


def other_settings(run_dir: Path, changed: Mapping[str, tuple[Any, Any]], options: Mapping[str, Any]) -> TrainingError:
    """Return the error for a run that resumes with other settings, which it names if they are few, or other data."""
    if "data_fingerprint" in changed:
        was, now = noted_options(run_dir, "data", str), options.get("data", "")
        names = f", {was}, found another, {now}" if was and was != now else ", found other images"
        return TrainingError(
            f"expected the data set that the run in {run_dir} was started with{names}: resume with the former."
        )
    if len(changed) > MOST_NAMED:
        return TrainingError(
            f"expected the settings of the run in {run_dir}, found {len(changed)} others ({next(iter(changed))}, ...): "
            f"resume with its {OPTIONS} as the recipe."
        )
    before = ", ".join(f"{name} {as_typed(was)}" for name, (was, _) in changed.items())
    after = ", ".join((f"{name} " if len(changed) > 1 else "") + as_typed(now) for name, (_, now) in changed.items())
    return TrainingError(f"expected {before} as in the snapshot in {run_dir}, found {after}: resume with the former.")


def as_typed(value: Any) -> str:
    """Return a setting's value for a message; a float that is a whole number without its decimals."""
    return repr(int(value) if isinstance(value, float) and value.is_integer() else value)


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


@contextmanager
def stopping_diverged(run_dir: Path, schedule: Schedule, step: int, nimg: int) -> Iterator[None]:
    """Call ``stop_diverged`` in the first process if all processes find in the body that the run diverged."""
    try:
        yield
    except DivergenceError as problem:
        ranks.first_only(stop_diverged, run_dir, schedule, step, nimg / 1000, str(problem))


def stop_diverged(run_dir: Path, schedule: Schedule, step: int, kimg: float, what: str) -> NoReturn:
    """Log that a run diverged, which permits resuming it with changed settings, and raise the error.

    Raises:
        DivergenceError: always; the message says how to continue.
    """
    log.append(run_dir / LOG, {"step": step, "kimg": kimg, log.DIVERGED: what})
    way = "resume" if snapshots.listed(run_dir) else "start again"
    settings = sorted(schedule.adjustable) or ["seed"]
    message = f"{what}: {way} with another value of {' or '.join(settings)}."
    raise DivergenceError(message, lower_rates(schedule), resumes=way == "resume")


def lower_rates(schedule: Schedule) -> dict[str, float]:
    """Return half of every learning rate that may change, also of single levels; another seed where there is none."""
    settings = {name: schedule.settings.get(name) for name in sorted(schedule.adjustable)}
    rates = flat({name: value for name, value in settings.items() if name.endswith(("lr", "lrs"))})
    lower = {name: value / 2 for name, value in rates.items() if isinstance(value, int | float) and value}
    return lower or {"seed": schedule.seed + 1}


def captured(plan: TrainPlan, schedule: Schedule, entry: Mapping[str, Any], changes: Changes) -> snapshots.Snapshot:
    """Return the run's state at a tick, of which the log has an entry."""
    about, settings = later.settled({**plan.about, "kimg": entry["kimg"]}), later.settled(schedule.settings)
    return snapshots.capture(entry["step"], settings, plan.networks, plan.optimizers, changes, about)


def context_of(step: int, read: Loaded, batches: Batches, seed: int) -> StepContext:
    """Return the data of a step, whose batch was read."""
    shown, streams = batches.shown(step), streams_of(seed, step)
    return StepContext(step, shown, read.real, read.labels, streams, batches.rows, extra=read.extra)


def update_averages(plan: TrainPlan, nimg: int) -> None:
    """Update the averages after a step, with which ``nimg`` images were shown."""
    for average, network in plan.averages:
        update_average(average, network, plan.ema_beta(nimg))


def streams_of(seed: int, step: int) -> Callable[[str], torch.Generator]:
    """Return a function that gives this step's random stream for a purpose."""
    return lambda purpose: stream(seed, step, purpose)


def report(
    plan: TrainPlan,
    schedule: Schedule,
    entry: dict[str, Any],
    run_dir: Path,
    changes: Changes | None,
    on_tick: OnTick | None,
    batches: Batches,
) -> Path | None:
    """Log a tick, write a snapshot unless ``changes`` is None, and call ``on_tick``; return the weights' path, or None.

    ``on_tick`` also gets the path of the weights, if any, and the kimg of the next snapshot.

    The log comes first, so that a run killed in between lacks no line: a resumed run drops those after its snapshot.
    """
    log.append(run_dir / LOG, entry)
    later.check(schedule.settings)
    weights = None
    if changes is not None:
        try:
            state = captured(plan, schedule, entry, changes)
            later.check_sources(schedule.settings)  # after the fingerprint is known, which is then of the same images
            snapshots.write(run_dir, state)
        except DivergenceError as problem:
            stop_diverged(run_dir, schedule, entry["step"], entry["kimg"], str(problem))
        if later.known(schedule.options) != schedule.options:
            write_options(run_dir, later.settled(schedule.options))
        weights = plan.export(entry["kimg"], told(changes))
    if on_tick is not None:
        due = batches.shown(schedule.next_snapshot(entry["step"])) / 1000
        on_tick({**entry, "next_snapshot": due, "weights": weights})
    return weights
