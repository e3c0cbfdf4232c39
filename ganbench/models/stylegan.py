"""What the adapters of the StyleGANs share: loading the averaged generator of a file, and training."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar

import torch
from torch import nn

from baselines.training.ranks import device_of_process
from ganbench.checkpoints import load_one
from ganbench.checkpoints.recognition import AVERAGED, title_of
from ganbench.errors import BadInputError
from ganbench.models.adapter import BaseAdapter
from ganbench.types import Checkpoint, Dataset, Embedded, Recipe


class StyleGANAdapter(BaseAdapter, ABC):
    """The way in for a StyleGAN.

    Attributes:
        title: the model's name, for people.
        network: its generator's class.
        recipes: published and embedded training configurations.
        published: official checkpoints by short name, such as ``ffhq-1024-t``.
        benchmark: the paper's protocol.
        embedded: the weights that come along.
    """

    title: ClassVar[str]
    network: ClassVar[type[nn.Module]]
    recipes: Mapping[str, Recipe]
    published: Mapping[str, Checkpoint]
    benchmark: str
    embedded: Embedded

    @abstractmethod
    def trainer(self) -> tuple[Callable[..., Path], Callable[..., Any]]:
        """Return the function that trains, and the class of its settings."""

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
            raise BadInputError(f"{path} holds a {title_of(network)}, not a {self.title} generator: give its weights.")
        return network.to(device)

    def load_entry(self, weights: Path, device: str, entry: str) -> Any:
        """Return what one part of a file holds; arguments and errors are those of ``load``."""
        return self.load(weights, device, entry)

    def train(
        self, data: Dataset, recipe: Recipe, run_dir: Path, resume: bool, progress: Callable[[Mapping[str, Any]], None]
    ) -> Path:
        """Return the path of the averaged generator's weights after training.

        Args:
            data: the images.
            recipe: its settings are those of the model's own ``Recipe``, and may also have ``seed`` (default 0),
                ``device`` (default a GPU where there is one, each process its own, else the CPU) and ``conditional``
                (default no: whether the data's labels are used).
            run_dir: the run's folder.
            resume: go on from the last whole snapshot there.
            progress: told of each tick.

        Raises:
            BadInputError: the recipe, the data or the run folder do not allow it.
        """
        train, settings_class = self.trainer()
        settings = dict(recipe.settings)
        seed, device = settings.pop("seed", 0), settings.pop("device", None)
        labels = _labels(data) if settings.pop("conditional", False) else None
        try:
            return train(
                Pictures(data),
                settings_class(**settings),
                run_dir,
                recipe_name=recipe.name,
                labels=labels,
                resume=resume,
                device=device_of_process(device),
                seed=seed,
                data_fingerprint=data.fingerprint,
                on_tick=progress,
            )
        except (ValueError, TypeError, OSError) as error:
            raise BadInputError(str(error)) from error


def _labels(data: Dataset) -> torch.Tensor:
    if not data.label_dim:
        raise BadInputError(f"{data.name} has no labels to train a conditional model with: leave out conditional.")
    return data.labels(range(len(data)))


class Pictures:
    """A data set as the training loop reads it: one image at a time."""

    def __init__(self, data: Dataset) -> None:
        self.data = data

    def __len__(self) -> int:
        return len(self.data)

    def __getitem__(self, index: int) -> torch.Tensor:
        """Return image ``index``, ``[C, H, W]`` uint8."""
        return self.data.images([index])[0]
