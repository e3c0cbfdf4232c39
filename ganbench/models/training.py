"""Training by an adapter: from a data set and a recipe to a run of ``baselines``."""

from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Annotated, Any, ClassVar

from torch import Tensor, nn

from baselines.errors import SettingsError, TrainingError
from baselines.ops import processes
from baselines.training.dry_run import dry_run
from baselines.training.frame import Options, PreparedRun
from baselines.training.hardware import Hardware
from baselines.training.later import Later
from baselines.training.loading import default_workers, reading
from baselines.training.options import Change as Given
from baselines.training.options import Option, changed, hints_of
from baselines.training.ranks import device_of_process
from baselines.training.settings import Count, Range, Seed, check_value, recipe_of
from ganbench.errors import BadInputError
from ganbench.models.adapter import BaseAdapter
from ganbench.models.transfer import begin, check_resumed, read
from ganbench.types import Change, Dataset, Progress, Recipe, SharedProgress, WatchedDataset, WithNames

Workers = Annotated[int, Range(0, 1024)]
AUTO = "auto"  # name of the recipe that is made for the data


@contextmanager
def user_errors() -> Iterator[None]:
    """Convert the user errors of ``baselines`` into those of ganbench; any other exception is a bug and passes.

    Raises:
        BadInputError: data, settings or a folder cannot be used.
    """
    try:
        yield
    except TrainingError as error:
        raise BadInputError(str(error)) from error


def recipes_of(*settings: Mapping[str, Any], auto: bool = False) -> dict[str, Recipe]:
    """Return the recipes of a model by name, from dataclasses of settings.

    Args:
        settings: dataclasses by name; several mappings one after the other.
        auto: whether the first is ``auto``, whose settings the data give.
    """
    named = {name: Recipe(name, asdict(each)) for table in settings for name, each in table.items()}
    return {AUTO: Recipe(AUTO), **named} if auto else named


class TrainableAdapter(BaseAdapter):
    """Adapter of a model that ``baselines`` trains.

    A subclass defines the class of its settings, how to prepare a run, and which part of a run is the model.

    Attributes:
        settings: dataclass of all settings.
        own_settings: type annotations of further settings, which are not the run's but the adapter's.
        options: options of the official program, by name.
    """

    settings: ClassVar[type[Any]]
    own_settings: ClassVar[Mapping[str, Any]] = {}
    options: ClassVar[Mapping[str, Option]] = {}

    def hints(self) -> dict[str, Any]:
        """Return the type annotations of everything that a recipe may set, by name."""
        common = {
            "seed": Seed,
            "device": str | None,
            "conditional": bool,
            "start": str | None,
            "keep": Count | None,
            "workers": Workers | None,
        }
        return {**hints_of(self.settings), **hints_of(Hardware), **common, **self.own_settings}

    def automatic(self, resolution: int, images: int, devices: int) -> dict[str, Any] | None:
        """Return the settings of the recipe ``auto`` for data of a resolution and a number of images; None without."""
        return None

    def base(
        self, cfg: str, given: Mapping[str, Any], resolution: int, images: int, devices: int
    ) -> dict[str, Any] | None:
        """Return the settings of the official program's base configuration of a name; None where it has none.

        Args:
            cfg: the name.
            given: other settings and options given with it, by name.
            resolution, images, devices: as of ``automatic``.

        Raises:
            SettingsError: the name is unknown, or the configuration needs an option that is not given.
        """
        return None

    def chosen(self, name: str, data: Dataset) -> Recipe:
        """Return one of ``recipes``, with settings that depend on the data where it has any."""
        made = self.automatic(data.resolution, len(data), processes.count()) if name == AUTO else None
        return self.recipes[name] if made is None else Recipe(AUTO, made)

    def configured(self, cfg: str, changes: Sequence[Change], data: Dataset) -> Recipe:
        """Return the base configuration of a name in the model's official program.

        Raises:
            BadInputError: there is none.
        """
        given = {change.name.replace("-", "_"): change.value for change in changes}
        with user_errors():
            made = self.base(cfg, given, data.resolution, len(data), processes.count())
        return super().configured(cfg, changes, data) if made is None else Recipe(cfg, made)

    def changed(self, recipe: Recipe, changes: Sequence[Change]) -> Recipe:
        """Return a recipe with some settings changed.

        Raises:
            BadInputError: a name is unknown, an option has no meaning here, or two changes contradict each other.
        """
        given = [Given(*change) for change in changes]
        with user_errors():
            return replace(recipe, settings=changed(recipe.settings, given, self.hints(), self.options))

    @abstractmethod
    def prepare(self, data: Dataset, settings: dict[str, Any], run_dir: Path, **options: Any) -> PreparedRun[Any]:
        """Return a run that is ready to start.

        Args:
            data: the images.
            settings: settings of the recipe; those of the adapter itself must be removed before the rest is passed on.
            run_dir: the run folder.
            options: see ``baselines.training.frame.Options``.
        """

    @abstractmethod
    def model_in(self, training: Any, data: Dataset) -> Any:
        """Return the model, a ``Generator`` or a ``Translator``, in a run on some data."""

    def train(self, data: Dataset, recipe: Recipe, run_dir: Path, resume: bool, progress: Progress) -> Path:
        """Train, and return the path of the weights.

        Args:
            data: the images.
            recipe: settings of the model's ``Recipe``, and optionally ``seed`` (default 0), ``device`` (default a GPU
                if there is one, a separate one for each process, else the CPU), ``conditional`` (default False:
                whether to use the data's labels), ``start`` (weights to start from; see ``transfer.read``), ``keep``
                (default None: all; number of snapshots whose weights are kept), ``workers`` (see ``workers_for``), and
                ``batch_gpu``, ``allow_tf32`` and ``nobench`` of ``baselines.training.hardware.Hardware``.
            run_dir: the run folder.
            resume: whether to continue from the newest intact snapshot in the run folder.
            progress: called at each tick, in the first of several processes; where that wrote weights, also with their
                ``model``, in memory. The others may do a part; see ``SharedProgress``.

        Raises:
            BadInputError: the recipe, the data or the run folder do not allow it.
        """
        given = recipe.settings.get("start")
        with user_errors():
            check_value("start", given, str | None)
            workers = workers_for(data, recipe.settings.get("workers"))
            if given and resume:
                check_resumed(run_dir, given)
            source = read(self, given) if given and not resume else None  # early, as the data may take long to prepare
            run = self._prepared(data, recipe, run_dir)
            if source is not None:
                begin(run, source)

            def told(tick: Mapping[str, Any]) -> None:
                if not tick["weights"]:
                    return progress(tick)
                with modes_kept(run.training.result()):
                    progress({**tick, "model": self.model_in(run.training, data)})

            @contextmanager
            def beside() -> Iterator[None]:
                if not isinstance(progress, SharedProgress):
                    yield
                    return
                with modes_kept(run.training.result()), progress.beside(self.model_in(run.training, data)):
                    yield

            return run.run(resume=resume, on_tick=told, beside=beside, workers=workers)

    def cost(self, data: Dataset, recipe: Recipe, told: Callable[[str], None]) -> tuple[str, ...]:
        """Return lines on what training would cost, after a few steps that leave nothing behind; see ``Adapter``."""
        with user_errors():
            found = dry_run(self._prepared(data, recipe, Path()), told)
        counts = ", ".join(f"{name} {count:,}" for name, count in found.parameters.items() if count)
        hours = found.sec_per_kimg * found.kimg / 3600
        return (
            f"parameters: {counts}",
            f"memory: {found.memory / 2**30:.1f} GiB at most",
            f"time: {_rounded(found.sec_per_kimg)} s a kimg, {_rounded(hours)} hours for {found.kimg:g} kimg",
        )

    def untrained(self, data: Dataset, recipe: Recipe) -> Any:
        """Return the untrained model, on the CPU; for arguments and errors see ``train``."""
        on_cpu = Recipe(recipe.name, {**recipe.settings, "device": "cpu"})
        with user_errors():
            return self.model_in(self._prepared(data, on_cpu, Path()).training, data)

    def _prepared(self, data: Dataset, recipe: Recipe, run_dir: Path) -> PreparedRun[Any]:
        if recipe.name == AUTO and not recipe.settings:
            recipe = self.chosen(AUTO, data)
        settings = dict(recipe.settings)
        given = {name: settings.get(name) for name in ("start", "keep", *self.own_settings)}
        settings.pop("start", None)
        seed, device, keep = settings.pop("seed", 0), settings.pop("device", None), settings.pop("keep", None)
        settings.pop("workers", None)  # the weights do not depend on them
        check_value("seed", seed, Seed)
        check_value("device", device, str | None)
        check_value("keep", keep, Count | None)
        check_value("conditional", settings.get("conditional", False), bool)
        hardware = recipe_of(Hardware, {each.name: settings.pop(each.name, each.default) for each in fields(Hardware)})
        options: Options = {
            "recipe_name": recipe.name,
            "seed": seed,
            "device": device_of_process(device),
            "hardware": hardware,
            "data_name": data.name,
            "keep": keep,
        }
        return replace(self.prepare(data, settings, run_dir, **options), given=given)


def _rounded(number: float) -> str:
    """Return three digits of a number, without an exponent."""
    return f"{number:,.0f}" if number >= 100 else f"{number:.3g}"


def workers_for(data: Dataset, asked: Any) -> int:
    """Return the number of processes that read images ahead; by default none for data in memory, which need none.

    Raises:
        SettingsError: the number asked for is not one.
    """
    check_value("workers", asked, Workers | None)
    if asked is not None:
        return int(asked)
    return default_workers() if isinstance(data, WatchedDataset) else 0


def fingerprint_of(data: Dataset) -> str | Later:
    """Return the fingerprint of data in memory; that of files, which are all decoded for it and may change, later."""
    return Later(lambda: data.fingerprint, data.changed) if isinstance(data, WatchedDataset) else data.fingerprint


@contextmanager
def modes_kept(network: nn.Module) -> Iterator[None]:
    """Put every part of a network back into its former mode afterwards: models are in eval mode, also in training."""
    before = [(module, module.training) for module in network.modules()]
    try:
        yield
    finally:
        for module, training in before:
            module.training = training


def always_by_domain(settings: dict[str, Any], model: str) -> None:
    """Remove the setting ``conditional``, which translators do not have.

    Raises:
        SettingsError: the setting is True.
    """
    if settings.pop("conditional", False):
        raise SettingsError(
            f"expected no conditional for {model}, whose labels are its domains, found True: leave out conditional."
        )


class Pictures:
    """Images of a data set, one at a time, for the training loop.

    Args:
        data: the data set.
        indices: positions of the images; None for all.
    """

    def __init__(self, data: Dataset, indices: Sequence[int] | None = None) -> None:
        self.data, self.indices = data, range(len(data)) if indices is None else indices
        self._names = data.names if isinstance(data, WithNames) else None

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, index: int) -> Tensor:
        """Return image ``index``, ``[C, H, W]`` uint8."""
        place = self.indices[index]
        reading(f"{self.data.name}/{self._names[place]}" if self._names else f"image {place} of {self.data.name}")
        return self.data.images([place])[0]
