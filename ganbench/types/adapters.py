"""How a model comes in: an adapter with its weights and recipes, and the model that it loads."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, Protocol, runtime_checkable

from ganbench.types.data import Dataset
from ganbench.types.interface import Interface
from ganbench.types.weights import WeightsFile


@dataclass(frozen=True)
class Checkpoint:
    """A published file of a model's weights.

    Attributes:
        url, sha256, file: as of ``WeightsFile``.
        benchmark: name of the benchmark to measure it by.
        note: one line on what it is and on its licence.
    """

    url: str
    sha256: str
    benchmark: str
    note: str = ""
    file: str = ""

    @property
    def weights(self) -> WeightsFile:
        """The file, as it is fetched and listed."""
        return WeightsFile(self.url, self.sha256, self.file, licence=self.note)


@dataclass(frozen=True)
class Recipe:
    """How a model is trained: plain values, written into the run folder and into the record of the weights."""

    name: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    note: str = ""


class Change(NamedTuple):
    """A setting of a recipe, or an option of the model's official program, as it was given.

    Attributes:
        name: as typed, with dots for a nested setting.
        value: of any type of JSON.
        shown: as a message names it, such as ``--gamma``.
    """

    name: str
    value: Any
    shown: str


@dataclass(frozen=True)
class Embedded:
    """The weights that a model comes with.

    Attributes:
        weights: their file.
        note: one line on what they are, to stand above their results.
        benchmark: name of the benchmark that they are measured by where no other is asked for.
        data: name of the data set that they were trained on.
    """

    weights: Path
    note: str
    benchmark: str
    data: str

    def trained_on(self, data: str) -> bool:
        """Return whether they were trained on the data of a name, whatever is chosen of it as in ``digits:train``."""
        return data.partition(":")[0] == self.data.partition(":")[0]


Progress = Callable[[Mapping[str, Any]], None]
"""Is told of each tick of a training run: kimg, sec_per_kimg, eta in seconds, losses, weights (a path, or None), and
with weights perhaps their model, which may be measured during the call."""


@runtime_checkable
class SharedProgress(Protocol):
    """Progress of which the other processes of a training do a part, such as of measuring snapshots."""

    def __call__(self, tick: Mapping[str, Any]) -> None:
        """Be told of a tick, in the first process."""
        ...

    def beside(self, model: Any) -> AbstractContextManager[object]:
        """Return a context, in which the first process is told of a snapshot; the others do their part on entering it.

        Args:
            model: this process's, in memory.
        """
        ...


@runtime_checkable
class Adapter(Protocol):
    """One model's way in: wraps reference training and generation. ``ganbench.models.BaseAdapter`` has defaults.

    Attributes:
        recipes: training configurations, by name; empty where the model cannot be trained.
        published: published weights, by short name.
        benchmark: name of its paper's benchmark.
        embedded: the weights that come with it; None where there are none.
        fine_tuning: settings that replace a recipe's when training starts from other weights.
        needs: published files that it uses beside weights, such as those of a network of landmarks.
        takes_path: whether ``NAME:PATH`` names a file or folder of weights, and not a published checkpoint.
        runs_code: whether what it opens is a program that is run, and not weights that are read.
    """

    recipes: Mapping[str, Recipe]
    published: Mapping[str, Checkpoint]
    benchmark: str
    embedded: Embedded | None
    fine_tuning: Mapping[str, Any]
    needs: tuple[WeightsFile, ...]
    takes_path: bool
    runs_code: bool

    def load(self, weights: Path | None, device: str) -> Any:
        """Return a Generator or a Translator; without weights, the embedded one."""
        ...

    def load_entry(self, weights: Path, device: str, entry: str) -> Any:
        """Return a Generator or a Translator from one part of a file that holds several, by its name or key.

        Raises:
            BadInputError: there is no such part, or files of this model have none.
        """
        ...

    def open(
        self, name: str, weights: Path | None, device: str, entry: str | None, interface: Interface
    ) -> "LoadedModel | None":
        """Return a foreign model with its provenance; None if ``load`` is to read weights.

        Raises:
            BadInputError: an interface is given for a model whose weights define it.
        """
        ...

    def chosen(self, name: str, data: Dataset) -> Recipe:
        """Return one of ``recipes``, with settings that depend on the data where it has any."""
        ...

    def configured(self, cfg: str, changes: Sequence[Change], data: Dataset) -> Recipe:
        """Return the base configuration of a name in the model's official program.

        Raises:
            BadInputError: there is none.
        """
        ...

    def changed(self, recipe: Recipe, changes: Sequence[Change]) -> Recipe:
        """Return a recipe with some settings changed.

        Raises:
            BadInputError: a name is unknown, or two changes contradict each other.
        """
        ...

    def train(self, data: Dataset, recipe: Recipe, run_dir: Path, resume: bool, progress: Progress) -> Path:
        """Train into ``run_dir`` and return the path of the final weights."""
        ...

    def cost(self, data: Dataset, recipe: Recipe, told: Callable[[str], None]) -> tuple[str, ...]:
        """Return lines on what training would cost, after a few steps that leave nothing behind.

        Args:
            data: the images.
            recipe: the settings.
            told: called with what is measured next.

        Raises:
            BadInputError: it is not known, or the recipe and the data do not allow training.
        """
        ...

    def untrained(self, data: Dataset, recipe: Recipe) -> Any:
        """Return the model as it is before training, to plan its metrics by; None where that is not known."""
        ...


@dataclass(frozen=True, eq=False)
class LoadedModel:
    """What is measured: a loaded model and where it came from.

    Attributes:
        name: as typed, such as ``stylegan3`` or ``stylegan3:ffhq-1024-t``.
        model: follows one of the protocols above.
        weights: short description or path of the weights.
        sha256: of the weights.
        embedded: the embedded weights that these are, whose numbers compare with no published one; None for others.
        benchmark: name of the benchmark to measure it by where no other is asked for.
        provenance: what the record says of a foreign program: its files, and how it is called.
        warnings: sentences for the record on what its numbers depend on.
        remark: one line for people on what it was taken for; "" where there is nothing to say.
        kimg: thousands of images that the weights were trained on; None where their file does not say.
    """

    name: str
    model: Any
    weights: str
    sha256: str
    embedded: Embedded | None = None
    benchmark: str = "digits"
    provenance: Mapping[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    remark: str = ""
    kimg: float | None = None

    @property
    def note(self) -> str:
        """One line to stand above the results of embedded weights, or of a foreign model; "" for others."""
        return self.embedded.note if self.embedded else self.remark
