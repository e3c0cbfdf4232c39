"""What the adapters of the StyleGANs share: loading the averaged generator of a file, and training."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar

import torch
from torch import nn

from baselines.training.frame import PreparedRun
from baselines.training.settings import recipe_of
from ganbench import registry
from ganbench.checkpoints import load_one
from ganbench.checkpoints.recognition import AVERAGED, title_of
from ganbench.errors import BadInputError
from ganbench.models.training import Pictures, TrainableAdapter
from ganbench.types import Checkpoint, Dataset, Embedded, Recipe


class StyleGANAdapter(TrainableAdapter, ABC):
    """The way in for a StyleGAN.

    Attributes:
        title: the model's name, for people.
        settings: the class of its training settings.
        network: its generator's class, or classes.
        recipes: published and embedded training configurations.
        published: official checkpoints by short name, such as ``ffhq-1024-t``.
        benchmark: the paper's protocol.
        embedded: the weights that come along.
    """

    title: ClassVar[str]
    network: ClassVar[type[nn.Module] | tuple[type[nn.Module], ...]]
    recipes: Mapping[str, Recipe]
    published: Mapping[str, Checkpoint]
    benchmark: str
    embedded: Embedded

    @abstractmethod
    def trainer(self) -> Callable[..., PreparedRun[Any]]:
        """Return the function of the paper's package that prepares a run."""

    def load(self, weights: Path | None, device: str, entry: str | None = None) -> Any:
        """Return the generator of a file: the averaged one of an official snapshot, or safetensors written here.

        Args:
            weights: the file; None for the embedded weights.
            device: where to put it.
            entry: which network of the file; None for the averaged generator.

        Raises:
            BadInputError: the file cannot be read, or holds another architecture.
        """
        path = self.embedded.weights if weights is None else weights
        network = load_one(path, *AVERAGED, entry=entry)
        if not isinstance(network, self.network):
            remedy = f"measure it with {other}" if (other := _model_of(network)) else "give its weights"
            raise BadInputError(f"{path} holds a {title_of(network)}, not a {self.title} generator: {remedy}.")
        return network.to(device)

    def load_entry(self, weights: Path, device: str, entry: str) -> Any:
        """Return what one part of a file holds; arguments and errors are those of ``load``."""
        return self.load(weights, device, entry)

    def prepare(self, data: Dataset, settings: dict[str, Any], run_dir: Path, **options: Any) -> PreparedRun[Any]:
        """Return a run that can begin; see ``TrainableAdapter``."""
        labels = _labels(data) if settings.pop("conditional", False) else None
        recipe = recipe_of(self.settings, settings)
        return self.trainer()(
            Pictures(data), recipe, run_dir, labels=labels, data_fingerprint=data.fingerprint, **options
        )

    def model_in(self, training: Any, data: Dataset) -> Any:
        """Return the averaged generator."""
        return training.result()


def _model_of(network: nn.Module) -> str:
    """Return the option that names the StyleGAN whose generator a network is; "" where it is of none.

    StyleGAN2's configuration A, say, is a generator of StyleGAN.
    """
    for name in registry.names("models"):
        adapter = registry.load("models", name)
        if isinstance(adapter, StyleGANAdapter) and isinstance(network, adapter.network):
            return f"--model {name}"
    return ""


def _labels(data: Dataset) -> torch.Tensor:
    if not data.label_dim:
        raise BadInputError(f"{data.name} has no labels to train a conditional model with: leave out conditional.")
    return data.labels(range(len(data)))
