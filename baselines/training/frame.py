"""The training frame that all models share: from data and a recipe to weights.

Each paper supplies a ``Training``: its networks, and the losses of each phase. The loop, the run folder, the header of
the weights and the sample grid are the same for all.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar, Generic, Protocol, TypedDict, TypeVar

import torch
from torch import Tensor, nn

from baselines.errors import SettingsError
from baselines.training import kept, snapshots
from baselines.training.data import Batches
from baselines.training.folder import noted_options
from baselines.training.grids import save_grid
from baselines.training.hardware import DEFAULT, Hardware
from baselines.training.later import Later, settled
from baselines.training.loop import Beside, OnTick, Schedule, TrainPlan, run
from baselines.training.settings import Count, Seed, adjustable, as_json, check, defaults
from baselines.training.transfer import Copied, Start, begin_from, note_of, noted

COLUMNS = 10  # of the grid of real images
REALS = COLUMNS**2  # in that grid, at most
Text = str | Later
EXTENDABLE = {"kimg", "tick_kimg", "snapshot_ticks"}  # may change on resuming, because no step depends on them


class Options(TypedDict, total=False):
    """Options of a run besides data and settings; see ``Identity``."""

    recipe_name: str
    device: torch.device | str
    seed: int
    data_fingerprint: Text | None
    data_name: str
    hardware: Hardware
    keep: int | None


@dataclass(frozen=True)
class Identity:
    """What identifies a run, besides data and settings; and what it keeps.

    Attributes:
        recipe_name: name of the recipe, for the header of the weights.
        device: device to train on.
        seed: seed of all random numbers; on a CPU the same seed gives the same weights.
        data_fingerprint: fingerprint of the images; None computes it from their content.
        data_name: what messages call the images; "" for images without a name.
        hardware: how the run uses its device; no part of what it is.
        keep: number of snapshots whose weights are kept; None for all.
    """

    recipe_name: str = "custom"
    device: torch.device | str = "cpu"
    seed: Seed = 0
    data_fingerprint: Text | None = None
    data_name: str = ""
    hardware: Hardware = DEFAULT
    keep: Count | None = None

    @classmethod
    def of(cls, options: Options) -> "Identity":
        """Return the identity of a run with these options.

        Raises:
            SettingsError: an option is of the wrong kind or out of range.
        """
        return check(cls(**options))


class Timing(Protocol):
    """Settings of a recipe for the length of a run and the intervals of its reports."""

    @property
    def kimg(self) -> float | None:
        """Length of the run, in thousands of images; None if the model decides it otherwise."""
        ...

    @property
    def batch(self) -> int:
        """Images per step."""
        ...

    @property
    def tick_kimg(self) -> float:
        """Thousands of images between two lines of the log."""
        ...

    @property
    def snapshot_ticks(self) -> int:
        """Ticks between two snapshots."""
        ...


@dataclass(frozen=True)
class RunOutput:
    """The run folder, and the content of the weights' header.

    Attributes:
        run_dir: the run folder.
        config: keyword arguments of the exported network.
        notes: further entries of the header of the weights.
        keep: number of snapshots whose weights are kept; None for all.
    """

    run_dir: Path
    config: Mapping[str, Any]
    notes: Mapping[str, Any] = field(default_factory=dict)
    keep: int | None = None

    @classmethod
    def of(
        cls, run_dir: Path, config: Mapping[str, Any], recipe: Any, identity: Identity, content: Text, **notes: Any
    ) -> "RunOutput":
        """Return the output of a run.

        Args:
            run_dir: the run folder.
            config: keyword arguments of the exported network.
            recipe: dataclass with all settings.
            identity: identity of the run.
            content: fingerprint of the data.
            notes: further entries that the model adds to the header of the weights.
        """
        named = {"data": identity.data_name} if identity.data_name else {}
        told = {"recipe": identity.recipe_name, "seed": identity.seed, **named, "data_fingerprint": content}
        return cls(Path(run_dir), config, {**told, "recipe_settings": asdict(recipe), **notes}, identity.keep)


class Training(ABC):
    """A model in training.

    Attributes:
        model: name of the model, for the header and the file name of the weights.
        output: the run folder, and the content of the weights' header.
    """

    model: ClassVar[str]
    output: RunOutput

    @abstractmethod
    def plan(self) -> TrainPlan:
        """Return the networks, optimisers and phases of the training loop."""

    @abstractmethod
    def result(self) -> nn.Module:
        """Return the network whose weights the run exports."""

    @abstractmethod
    def samples(self) -> tuple[Tensor, int]:
        """Return images ``[N, C, H, W]``, -1..1, from the same inputs every time, and the number of images per row."""

    def note(self, notes: Mapping[str, Any]) -> None:
        """Add entries to the header of snapshots and weights."""
        self.output = replace(self.output, notes={**self.output.notes, **notes})

    def export(self, kimg: float, changes: Mapping[str, Any]) -> Path:
        """Write the result's weights and a sample grid, and return the path of the weights, ``MODEL.safetensors``.

        Args:
            kimg: thousands of images shown.
            changes: further entries of the header, on settings that changed during the run.

        Raises:
            WriteError: a file cannot be written.
        """
        output, header = self.output, settled({**self.output.notes, **changes})
        path = kept.export(
            output.run_dir,
            self.result(),
            model=self.model,
            config=output.config,
            kimg=kimg,
            keep=output.keep,
            **header,
        )
        self.save_samples(kept.label(kimg))
        return path

    def complete(self, kimg: float, changes: Mapping[str, Any]) -> None:
        """Export the state that a run resumes from, unless it was; a run can be killed before that.

        For arguments and errors see ``export``.
        """
        folder = self.output.run_dir
        files = kept.path_of(folder, self.model, kimg), folder / f"samples-{kept.label(kimg)}.png"  # first and last
        if not all(path.exists() for path in files):
            self.export(kimg, changes)

    def save_start(self, batches: Batches) -> None:
        """Write grids of real images, ``reals.png``, and of the untrained model, ``samples-init.png``.

        Raises:
            WriteError: a file cannot be written.
        """
        save_grid(self.output.run_dir / "reals.png", *self.reals(batches))
        self.save_samples("init")

    def reals(self, batches: Batches) -> tuple[Tensor, int]:
        """Return the first real images as the networks see them, like ``samples``."""
        drawn: list[Tensor] = []
        while len(drawn) < batches.steps(min(len(batches.images), REALS)) or not drawn:
            drawn.append(batches.draw(len(drawn))[0])
        return torch.cat(drawn)[:REALS], COLUMNS

    def about(self, networks: Mapping[str, nn.Module]) -> dict[str, Any]:
        """Return entries for the header of snapshots of these networks, so that the weights in them can be loaded."""
        places = snapshots.places_of(self.result(), networks)
        return {**self.output.notes, "model": self.model, "config": dict(self.output.config), "weights": places}

    @torch.no_grad()
    def save_samples(self, name: str) -> None:
        """Write a sample grid as ``samples-NAME.png``.

        Raises:
            WriteError: the file cannot be written.
        """
        save_grid(self.output.run_dir / f"samples-{name}.png", *self.samples())


T = TypeVar("T", bound=Training)


@dataclass(frozen=True)
class PreparedRun(Generic[T]):
    """A run that is ready to start: settings and data are checked, networks are built, and nothing is written yet.

    Attributes:
        training: the model.
        batches: the data.
        schedule: length of the run and intervals of its reports.
        device: device to train on.
        hardware: how the run uses it.
        given: what else it was started with, for its ``training_options.json``; ``start`` names the weights.
    """

    training: T
    batches: Batches
    schedule: Schedule
    device: torch.device | str = "cpu"
    hardware: Hardware = DEFAULT
    given: Mapping[str, Any] = field(default_factory=dict)

    def begin_from(self, start: Start) -> tuple[Copied, ...]:
        """Copy the weights that the run starts from, and return what was copied into each network.

        The headers of snapshots and weights then say so. A run that resumes has them in its snapshot.

        Raises:
            TrainingError: no tensor fits.
        """
        found = begin_from(self.training.plan().networks, start)
        self.training.note(note_of(start, found))
        return found

    def run(
        self, *, resume: bool = False, on_tick: OnTick | None = None, beside: Beside = nullcontext, workers: int = 0
    ) -> Path:
        """Train, and return the path of the weights, ``run_dir / "MODEL.safetensors"``.

        Every snapshot comes with the weights, ``MODEL-KIMG.safetensors``, and a sample grid ``samples-KIMG.png``;
        ``samples-init.png`` is of the untrained model, ``reals.png`` of the data. ``log.jsonl`` has one line per tick.
        The weights' header has ``model``, ``config``, ``recipe``, ``recipe_settings``, ``kimg``, ``seed`` and
        ``data_fingerprint``.

        Args:
            resume: whether to continue from the newest intact snapshot in the run folder.
            on_tick: called at each tick with step, kimg, sec_per_kimg, eta (seconds), losses, and weights (a path or
                None), in the first of several processes.
            beside: returns a context for the reports of snapshots; see ``ranks.by_first``.
            workers: processes that read images ahead of the steps; the weights do not depend on their number.

        Raises:
            TrainingError: the folder has a run already, there is nothing to resume, the settings differ from the
                snapshot's, or a loss became infinite or NaN.
            WriteError: the folder cannot be written.
            KeyboardInterrupt: SIGINT or SIGTERM stopped the run, after a snapshot.
        """
        training, plan = self.training, self.training.plan()
        folder, given = training.output.run_dir, dict(self.given)
        if resume:
            training.note(noted(folder))
            given |= {"start": noted_options(folder, "given", dict).get("start")}
        return run(
            replace(
                plan,
                about=training.about(plan.networks),
                start=lambda: training.save_start(self.batches),
                complete=training.complete,
            ),
            self.batches,
            replace(self.schedule, options=options_of(training, len(self.batches.images), self.hardware, given)),
            folder,
            resume=resume,
            device=self.device,
            hardware=self.hardware,
            on_tick=on_tick,
            beside=beside,
            workers=workers,
        )


def options_of(training: Training, images: int, hardware: Hardware, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the content of ``training_options.json``: all that a run was started with, of JSON types."""
    output = training.output
    told = {"images": images, "config": dict(output.config), "hardware": asdict(hardware), "given": dict(given)}
    return {"model": training.model, **output.notes, **told}


def schedule_of(recipe: Timing, batches: Batches, content: Text, kimg: float | None = None) -> Schedule:
    """Return a run's schedule in steps, with the settings that a resumed run must share.

    Args:
        recipe: recipe of any model, a dataclass.
        batches: the data.
        content: fingerprint of the data.
        kimg: length, in thousands of images; None for the recipe's.

    Raises:
        SettingsError: the run is shorter than one step.
    """
    length = recipe.kimg if kimg is None else kimg
    assert length is not None, "the recipe or the model gives the length of the run"
    steps = batches.steps(length * 1000)
    if steps < 1:
        raise SettingsError(
            f"expected kimg to be at least one batch of {recipe.batch} images, found {length:g}: raise kimg."
        )
    settings: dict[str, Any] = {**asdict(recipe), "seed": batches.seed, "data_fingerprint": content}  # type: ignore[call-overload]  # a Timing that is a dataclass
    tick = round(recipe.tick_kimg * 1000 / recipe.batch) or 1
    return Schedule(
        steps=steps,
        tick=tick,
        snapshot=tick * recipe.snapshot_ticks,
        settings=as_json({name: value for name, value in settings.items() if name not in EXTENDABLE}),
        seed=batches.seed,
        defaults=as_json(defaults(recipe)),
        adjustable=frozenset({*adjustable(recipe), "seed"}),
    )
