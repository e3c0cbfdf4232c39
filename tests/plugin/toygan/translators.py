"""Translators between three domains of blobs: one with styles, one without."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ganbench.benchmarks import Benchmark
from ganbench.types import Checkpoint, Dataset, Recipe
from toygan import Pool

DOMAINS = ("ant", "bee", "cat")


class Blobs:
    """One split of the blobs: domains have blobs of other sizes, images have them at other places."""

    resolution, channels, label_dim = 32, 1, len(DOMAINS)
    domains = DOMAINS

    def __init__(self, name: str, counts: Sequence[int]) -> None:
        self.name = name
        self.fingerprint = hashlib.sha256(f"{name} {counts}".encode()).hexdigest()
        self._domains = torch.repeat_interleave(torch.arange(len(counts)), torch.tensor(counts))

    def __len__(self) -> int:
        return len(self._domains)

    def images(self, indices: Sequence[int]) -> Tensor:
        y, x = torch.meshgrid(torch.arange(32.0), torch.arange(32.0), indexing="ij")
        made = []
        for index in indices:
            width = 3.0 + 2 * int(self._domains[index])
            away = (x - 8 - index * 7 % 17).square() + (y - 9 - index * 5 % 13).square()
            made.append((255 * (-away / width**2).exp())[None])
        return torch.stack(made).byte()

    def labels(self, indices: Sequence[int]) -> Tensor:
        return nn.functional.one_hot(self._domains[list(indices)], self.label_dim).float()


class DomainsOfBlobs(Blobs):
    """The blobs of both splits."""

    def __init__(self) -> None:
        super().__init__("blobs", (9, 12, 10))
        self.validation = Blobs("blobs", (33, 32, 35))


def open_blobs(variant: str = "") -> DomainsOfBlobs:
    """Return the blobs; they come in one variant."""
    return DomainsOfBlobs()


class Blur(nn.Module):
    """A translator without style: each domain has its own convolution."""

    domains = DOMAINS
    img_resolution, img_channels = 32, 1

    def __init__(self) -> None:
        super().__init__()
        rng = torch.Generator().manual_seed(1)
        self.first = nn.Parameter(torch.randn(len(self.domains), 6, 1, 3, 3, generator=rng) / 3)
        self.second = nn.Parameter(torch.randn(len(self.domains), 1, 6, 3, 3, generator=rng) / 5)

    def index(self, target: Any) -> int:
        return self.domains.index(target) if isinstance(target, str) else int(target)

    def translate(self, x: Tensor, target: Any, style: Tensor | None = None) -> Tensor:
        index = self.index(target)
        hidden = nn.functional.conv2d(x, self.first[index], padding=1)
        if style is not None:
            hidden = hidden * (1 + style[:, :, None, None])
        return 1.2 * nn.functional.conv2d(hidden.relu(), self.second[index], padding=1).tanh()


class Tint(Blur):
    """A translator with styles, which scale its channels."""

    latent_dim, style_dim = 4, 6

    def __init__(self) -> None:
        super().__init__()
        rng = torch.Generator().manual_seed(2)
        self.heads = nn.Parameter(torch.randn(len(self.domains), 4, 6, generator=rng))
        self.encoders = nn.Parameter(torch.randn(len(self.domains), 16, 6, generator=rng))

    def style_from_latent(self, z: Tensor, target: Any) -> Tensor:
        return (z @ self.heads[self.index(target)]).sin()

    def style_from_reference(self, x: Tensor, target: Any) -> Tensor:
        return (nn.functional.avg_pool2d(x, 8).flatten(1) @ self.encoders[self.index(target)]).sin()


class Knowing(Pool):
    """An extractor that takes its first means for the three domains, and pixels for classes by their brightness."""

    name = "knowing"
    layers: Mapping[str, int] = {"probabilities": 3}
    classes = DOMAINS
    palette = torch.tensor([[0, 0, 0], [128, 128, 128], [255, 255, 255]], dtype=torch.uint8)

    def __call__(self, images: Tensor) -> Mapping[str, Tensor]:
        return {"probabilities": (8 * super().__call__(images)["features"][:, 4:7]).softmax(1)}

    def segment(self, images: Tensor) -> Tensor:
        return (images[:, 0] / 86).floor().long().clamp(max=2)


def open_knowing() -> Knowing:
    """Return the extractor."""
    return Knowing()


class Adapter:
    """The way in for ganbench."""

    recipes: Mapping[str, Recipe] = {}
    published: Mapping[str, Checkpoint] = {}

    def __init__(self, network: type[Blur], benchmark: str = "toy-domains") -> None:
        self.network, self.benchmark = network, benchmark

    def load(self, weights: Path | None, device: str) -> Blur:
        return self.network().eval().requires_grad_(False).to(device)

    def train(
        self, data: Dataset, recipe: Recipe, run_dir: Path, resume: bool, progress: Callable[[Mapping[str, Any]], None]
    ) -> Path:
        raise ValueError("these translators have nothing to train: use them as they are.")


blur = Adapter(Blur)
tint = Adapter(Tint)

benchmark = Benchmark(
    name="toy-domains",
    description="translators of blobs",
    data="blobs",
    metrics=("fid_latent", "lpips_latent"),
    short_names={"fid": "fid_latent"},
    extractors={
        "inception": "pool",
        "inception-torchvision": "pool",
        "lpips-alex": "pool",
        "lpips-alex-stargan": "pool",
        "digits": "knowing",
        "fcn": "knowing",
    },
)
