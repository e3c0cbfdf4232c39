"""What the training of every model has in common: from data and a recipe to weights, whatever the paper.

A paper brings a ``Training``: its networks, and the losses they are trained with in each phase. The loop, the run
folder, the header of the weights and the grid of samples are the same for all.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar, Generic, Protocol, TypedDict, TypeVar

import torch
from torch import Tensor, nn

from baselines.errors import SettingsError
from baselines.training import snapshots
from baselines.training.data import Batches
from baselines.training.grids import save_grid
from baselines.training.loop import OnTick, Schedule, TrainPlan, run
from baselines.training.settings import Seed, adjustable, check
from baselines.training.weights import save_weights

EXTENDABLE = {"kimg", "tick_kimg", "snapshot_ticks"}  # may change when a run is resumed: no step depends on them


class Options(TypedDict, total=False):
    """What a run can be told besides data and settings, as ``Identity`` has it."""

    recipe_name: str
    device: torch.device | str
    seed: int
    data_fingerprint: str | None


@dataclass(frozen=True)
class Identity:
    """What makes a run this one, besides data and settings.

    Attributes:
        recipe_name: for the header of the weights.
        device: where to train.
        seed: of all randomness: on a CPU the same seed gives the same weights.
        data_fingerprint: says which images these are; None computes it from their content.
    """

    recipe_name: str = "custom"
    device: torch.device | str = "cpu"
    seed: Seed = 0
    data_fingerprint: str | None = None

    @classmethod
    def of(cls, options: Options) -> "Identity":
        """Return the identity of a run with some options.

        Raises:
            SettingsError: one is of the wrong kind or out of range.
        """
        return check(cls(**options))


class Timing(Protocol):
    """The settings of a recipe that say how long a run is and how often it reports."""

    @property
    def kimg(self) -> float | None:
        """Length of the run, in thousands of images; None where something else decides it."""
        ...

    @property
    def batch(self) -> int:
        """Images in a step."""
        ...

    @property
    def tick_kimg(self) -> float:
        """Between two lines of the log."""
        ...

    @property
    def snapshot_ticks(self) -> int:
        """Ticks between two snapshots."""
        ...


@dataclass(frozen=True)
class RunOutput:
    """Where a run writes, and what the header of its weights says.

    Attributes:
        run_dir: the run's folder.
        config: keyword arguments of the network that is written.
        notes: more for the header of the weights.
    """

    run_dir: Path
    config: Mapping[str, Any]
    notes: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(
        cls, run_dir: Path, config: Mapping[str, Any], recipe: Any, identity: Identity, content: str, **notes: Any
    ) -> "RunOutput":
        """Return the output of a run.

        Args:
            run_dir: the run's folder.
            config: keyword arguments of the network that is written.
            recipe: a dataclass with all settings.
            identity: of the run.
            content: fingerprint of the data.
            notes: what the model adds to the header of the weights.
        """
        told = {"recipe": identity.recipe_name, "seed": identity.seed, "data_fingerprint": content}
        return cls(Path(run_dir), config, {**told, "recipe_settings": asdict(recipe), **notes})


class Training(ABC):
    """A model in training.

    Attributes:
        model: what the weights say they are; also the name of their file.
        output: where the run writes, and the header of its weights.
    """

    model: ClassVar[str]
    output: RunOutput

    @abstractmethod
    def plan(self) -> TrainPlan:
        """Return networks, optimisers and phases for the loop."""

    @abstractmethod
    def result(self) -> nn.Module:
        """Return the network that the run is for."""

    @abstractmethod
    def samples(self) -> tuple[Tensor, int]:
        """Return images ``[N, C, H, W]``, -1..1, of the same inputs every time, and how many make a row."""

    def export(self, kimg: float, changes: Mapping[str, Any]) -> Path:
        """Return the path of the result's weights, written together with a grid of samples.

        Args:
            kimg: thousands of images shown.
            changes: more for the header, about settings that were changed on the way.
        """
        path, output = self.output.run_dir / f"{self.model}.safetensors", self.output
        save_weights(
            path, self.result(), model=self.model, config=output.config, kimg=kimg, **{**output.notes, **changes}
        )
        self.save_samples(f"{round(kimg):06d}")
        return path

    def about(self, networks: Mapping[str, nn.Module]) -> dict[str, Any]:
        """Return what snapshots of these networks say of themselves, so that the weights in them can be used."""
        places = snapshots.places_of(self.result(), networks)
        return {**self.output.notes, "model": self.model, "config": dict(self.output.config), "weights": places}

    @torch.no_grad()
    def save_samples(self, name: str) -> None:
        """Write a grid of samples as ``samples-NAME.png``."""
        save_grid(self.output.run_dir / f"samples-{name}.png", *self.samples())


T = TypeVar("T", bound=Training)


@dataclass(frozen=True)
class PreparedRun(Generic[T]):
    """A run that can begin: settings and data are checked and the networks are built; nothing is written yet.

    Attributes:
        training: the model.
        batches: the data.
        schedule: how long, and how often it reports.
        device: where to train.
    """

    training: T
    batches: Batches
    schedule: Schedule
    device: torch.device | str = "cpu"

    def run(self, *, resume: bool = False, on_tick: OnTick | None = None) -> Path:
        """Return the path of the weights, ``run_dir / "MODEL.safetensors"``, after training.

        The weights and a sample grid ``samples-KIMG.png`` are also written with every snapshot; ``log.jsonl`` has a
        line a tick. The weights' header has ``model``, ``config``, ``recipe``, ``recipe_settings``, ``kimg``, ``seed``
        and ``data_fingerprint``.

        Args:
            resume: go on from the last whole snapshot in the run's folder.
            on_tick: called at each tick with step, kimg, sec_per_kimg, eta (seconds), losses, and weights (a path or
                None).

        Raises:
            TrainingError: the folder already has a run, there is nothing to resume, settings are not the snapshot's,
                or a loss became infinite or NaN.
            WriteError: the folder cannot be written.
            KeyboardInterrupt: stopped by SIGINT or SIGTERM, after a snapshot.
        """
        folder, plan = self.training.output.run_dir, self.training.plan()
        return run(
            replace(plan, about=self.training.about(plan.networks)),
            self.batches,
            self.schedule,
            folder,
            resume=resume,
            device=self.device,
            on_tick=on_tick,
        )


def schedule_of(recipe: Timing, batches: Batches, content: str, kimg: float | None = None) -> Schedule:
    """Return a run's length, in steps, and the settings that a resumed run must share.

    Args:
        recipe: of any model; a dataclass.
        batches: of the run.
        content: fingerprint of the data.
        kimg: length, in thousands of images; None for the recipe's.

    Raises:
        SettingsError: it is shorter than one step.
    """
    length = recipe.kimg if kimg is None else kimg
    assert length is not None, "the recipe or the model says how long a run is"
    steps = batches.steps(length * 1000)
    if steps < 1:
        raise SettingsError(f"expected kimg to be at least one batch of {recipe.batch} images, found {length:g}.")
    settings: dict[str, Any] = {**asdict(recipe), "seed": batches.seed, "data_fingerprint": content}  # type: ignore[call-overload]  # a Timing that is a dataclass
    tick = round(recipe.tick_kimg * 1000 / recipe.batch) or 1
    return Schedule(
        steps=steps,
        tick=tick,
        snapshot=tick * recipe.snapshot_ticks,
        settings=as_json({name: value for name, value in settings.items() if name not in EXTENDABLE}),
        seed=batches.seed,
        adjustable=frozenset({*adjustable(recipe), "seed"}),
    )


def as_json(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings as they come back from a JSON file (lists for tuples), so that the two can be compared."""
    return {name: list(value) if isinstance(value, tuple) else value for name, value in settings.items()}
