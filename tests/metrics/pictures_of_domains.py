"""Two domains of pictures in memory, and what tests of translator metrics do with a translator of them."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ganbench.engine.cache import Cache
from ganbench.engine.plan import Plan
from ganbench.engine.results import results_of
from ganbench.engine.run import Silence, fill
from ganbench.metrics import Metric
from ganbench.records.record import Result
from ganbench.types import LoadedModel


class Pictures:
    """Given images of given domains; validation images and, as nothing here looks at them, training images too.

    Args:
        images: ``[N, C, H, W]`` uint8.
        places: domain of each image.
        domains: their names.
    """

    name = "pictures"

    def __init__(self, images: Tensor, places: Sequence[int], domains: tuple[str, ...]) -> None:
        self.domains, self.label_dim = domains, len(domains)
        self.channels, self.resolution = images.shape[1], images.shape[2]
        self.all, self.places = images, torch.tensor(places)
        self.fingerprint = f"{images.double().mean()} {places}"
        self.validation = self

    def __len__(self) -> int:
        return len(self.all)

    def images(self, indices: Sequence[int]) -> Tensor:
        return self.all[list(indices)]

    def labels(self, indices: Sequence[int]) -> Tensor:
        return torch.nn.functional.one_hot(self.places[list(indices)], self.label_dim).float()

    def floats(self) -> Tensor:
        """Return the images as translators get them."""
        return self.all.float() / 127.5 - 1


def noise_pictures(
    count: int = 6, size: int = 32, channels: int = 1, domains: tuple[str, ...] = ("a", "b")
) -> Pictures:
    """Return random pictures, the first half of them of the first domain, of less contrast."""
    random = torch.Generator().manual_seed(7)
    images = torch.randint(0, 256, [count, 1, size, size], generator=random)
    images[: count // 2] = images[: count // 2] // 4 + 96
    return Pictures(images.byte(), [int(i >= count // 2) for i in range(count)], ("a", "b"))


class Mapped:
    """A translator without style: ``function(x, target)``."""

    img_resolution = img_channels = None

    def __init__(self, function: Callable[[Tensor, int], Tensor], domains: tuple[str, ...] = ("a", "b")) -> None:
        self.function, self.domains = function, domains

    def translate(self, x: Tensor, target: Any, style: Tensor | None = None) -> Tensor:
        assert style is None
        return self.function(x, target)


def planned(model: Any, metrics: Sequence[Metric], data: Any, seed: int = 0) -> Plan:
    return Plan.build(LoadedModel("toy", model, "none", "0" * 64, benchmark="toy"), list(metrics), data=data, seed=seed)


def results(plan: Plan, folder: Path) -> dict[str, Result]:
    """Return the results of a plan by column name, with their parts."""
    filled, failures, _ = fill(plan, 64, Cache(folder), Silence())
    return {result.key: result for one in plan.metrics for result in results_of(one, plan, filled, failures)}
