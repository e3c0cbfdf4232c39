"""The base of the StyleGANs' adapters: loading the averaged generator of a file, and training."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar

from torch import nn

from baselines.training.frame import PreparedRun
from baselines.training.settings import recipe_of
from ganbench import registry
from ganbench.checkpoints import load_one
from ganbench.checkpoints.recognition import AVERAGED, title_of
from ganbench.data.classes import names_of, with_classes
from ganbench.errors import BadInputError
from ganbench.models.training import Pictures, TrainableAdapter, fingerprint_of
from ganbench.types import Checkpoint, Dataset, Embedded, Recipe


class StyleGANAdapter(TrainableAdapter, ABC):
    """Adapter of a StyleGAN.

    Attributes:
        title: the model's name in messages.
        settings: class of its training settings.
        network: class or classes of its generator.
        recipes: published and embedded training configurations by name.
        published: official checkpoints by short name, such as ``ffhq-1024-t``.
        benchmark: name of the paper's benchmark.
        embedded: the weights that come with ganbench.
    """

    title: ClassVar[str]
    network: ClassVar[type[nn.Module] | tuple[type[nn.Module], ...]]
    recipes: Mapping[str, Recipe]
    published: Mapping[str, Checkpoint]
    benchmark: str
    embedded: Embedded

    @abstractmethod
    def trainer(self) -> Callable[..., PreparedRun[Any]]:
        """Return the function that prepares a run, from the paper's package in ``baselines``."""

    def load(self, weights: Path | None, device: str, entry: str | None = None) -> Any:
        """Return the generator in a file: the averaged one of an official snapshot, or our safetensors.

        Args:
            weights: the file; None for the embedded weights.
            device: device of the model.
            entry: name or key of one network in the file; None for the averaged generator.

        Raises:
            BadInputError: the file cannot be read, or holds another architecture.
        """
        path = self.embedded.weights if weights is None else weights
        network = load_one(path, *AVERAGED, entry=entry)
        if not isinstance(network, self.network):
            remedy = f"measure it with {other}" if (other := _model_of(network)) else "give its weights"
            raise BadInputError(f"expected a {self.title} generator in {path}, found a {title_of(network)}: {remedy}.")
        return network.to(device)

    def load_entry(self, weights: Path, device: str, entry: str) -> Any:
        """Return the generator in one entry of a file; for arguments and errors see ``load``."""
        return self.load(weights, device, entry)

    def prepare(self, data: Dataset, settings: dict[str, Any], run_dir: Path, **options: Any) -> PreparedRun[Any]:
        """Return a run that is ready to start; see ``TrainableAdapter``."""
        labels, names = None, tuple[str, ...]()
        if settings.pop("conditional", False):
            data = with_classes(data)
            labels, names = data.labels(range(len(data))), names_of(data)
        recipe = recipe_of(self.settings, settings)
        run = self.trainer()(
            Pictures(data), recipe, run_dir, labels=labels, data_fingerprint=fingerprint_of(data), **options
        )
        if names:
            run.training.note({"classes": list(names)})
        return run

    def model_in(self, training: Any, data: Dataset) -> Any:
        """Return the averaged generator."""
        return training.result()


def _model_of(network: nn.Module) -> str:
    """Return the ``--model`` option for the StyleGAN that a generator belongs to; "" if there is none.

    A StyleGAN2 file of configuration A, for example, holds a StyleGAN generator.
    """
    for name in registry.names("models"):
        adapter = registry.load("models", name)
        if isinstance(adapter, StyleGANAdapter) and isinstance(network, adapter.network):
            return f"--model {name}"
    return ""
