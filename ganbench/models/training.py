"""Training by an adapter: from a data set and a recipe to a run of ``baselines``, whose errors become ganbench's."""

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

from torch import Tensor

from baselines.errors import SettingsError, TrainingError
from baselines.training.frame import Options, PreparedRun
from baselines.training.ranks import device_of_process
from baselines.training.settings import Seed, check_value
from ganbench.errors import BadInputError
from ganbench.models.adapter import BaseAdapter
from ganbench.types import Dataset, Progress, Recipe


@contextmanager
def user_errors() -> Iterator[None]:
    """Turn the errors that ``baselines`` means for the user into those of ganbench; any other is a mistake of ours.

    Raises:
        BadInputError: data, settings or a folder cannot be used.
    """
    try:
        yield
    except TrainingError as error:
        raise BadInputError(str(error)) from error


class TrainableAdapter(BaseAdapter):
    """An adapter whose model is trained by ``baselines``.

    A subclass says what its recipes are made of, which run they make, and which part of that is the model.

    Attributes:
        settings: the dataclass of all settings.
    """

    settings: ClassVar[type[Any]]

    @abstractmethod
    def prepare(self, data: Dataset, settings: dict[str, Any], run_dir: Path, **options: Any) -> PreparedRun[Any]:
        """Return a run that can begin.

        Args:
            data: the images.
            settings: of the recipe; those that are the adapter's own are to be taken out.
            run_dir: the run's folder.
            options: as ``baselines.training.frame.Options`` has them.
        """

    @abstractmethod
    def model_in(self, training: Any, data: Dataset) -> Any:
        """Return the model, a Generator or a Translator, that a run on some data trains."""

    def train(self, data: Dataset, recipe: Recipe, run_dir: Path, resume: bool, progress: Progress) -> Path:
        """Return the path of the weights after training.

        Args:
            data: the images.
            recipe: its settings are those of the model's own ``Recipe``, and may also have ``seed`` (default 0),
                ``device`` (default a GPU where there is one, each process its own, else the CPU) and ``conditional``
                (default no: whether the data's labels are used).
            run_dir: the run's folder.
            resume: go on from the last whole snapshot there.
            progress: called at each tick.

        Raises:
            BadInputError: the recipe, the data or the run folder do not allow it.
        """
        with user_errors():
            return self._prepared(data, recipe, run_dir).run(resume=resume, on_tick=progress)

    def untrained(self, data: Dataset, recipe: Recipe) -> Any:
        """Return the model as it is before training, on the CPU; arguments and errors are those of ``train``."""
        on_cpu = Recipe(recipe.name, {**recipe.settings, "device": "cpu"})
        with user_errors():
            return self.model_in(self._prepared(data, on_cpu, Path()).training, data)

    def _prepared(self, data: Dataset, recipe: Recipe, run_dir: Path) -> PreparedRun[Any]:
        settings = dict(recipe.settings)
        seed, device = settings.pop("seed", 0), settings.pop("device", None)
        check_value("seed", seed, Seed)
        check_value("device", device, str | None)
        check_value("conditional", settings.get("conditional", False), bool)
        options: Options = {"recipe_name": recipe.name, "seed": seed, "device": device_of_process(device)}
        return self.prepare(data, settings, run_dir, **options)


def always_by_domain(settings: dict[str, Any], model: str) -> None:
    """Take out ``conditional``, which translators know nothing of.

    Raises:
        SettingsError: the recipe asks for it.
    """
    if settings.pop("conditional", False):
        raise SettingsError(f"{model} is trained on the domains of its data, not on labels: leave out conditional.")


class Pictures:
    """Images of a data set as the training loop reads them: one at a time."""

    def __init__(self, data: Dataset, indices: Sequence[int] | None = None) -> None:
        self.data, self.indices = data, range(len(data)) if indices is None else indices

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, index: int) -> Tensor:
        """Return image ``index``, ``[C, H, W]`` uint8."""
        return self.data.images([self.indices[index]])[0]
