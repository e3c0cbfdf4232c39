"""A conditional generator and labelled data: three shades of plane waves."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ganbench.benchmarks import Benchmark
from ganbench.types import Checkpoint, Dataset, Recipe
from toygan import Stripes


class Shades(nn.Module):
    """A generator of waves whose brightness and frequency say which of three classes they are of."""

    z_dim, c_dim, img_resolution, img_channels = 4, 3, 32, 1

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.eye(4))

    def forward(self, z: Tensor, c: Tensor) -> Tensor:
        place, (a, b, shift, _) = c.argmax(1).to(z), (z @ self.weight).tanh().T[:, :, None, None]
        ticks = torch.arange(32).to(z) / 5
        waves = (a * ticks[:, None] * (1 + place[:, None, None]) + shift).sin() * (b * ticks + 1).cos()
        return (0.3 * place[:, None, None] - 0.3 + 0.5 * waves)[:, None]


class ShadesAdapter:
    """The way in for ganbench."""

    recipes: Mapping[str, Recipe] = {}
    published: Mapping[str, Checkpoint] = {}
    benchmark = "toy-classes"

    def load(self, weights: Path | None, device: str) -> Shades:
        return Shades().eval().requires_grad_(False).to(device)

    def train(
        self, data: Dataset, recipe: Recipe, run_dir: Path, resume: bool, progress: Callable[[Mapping[str, Any]], None]
    ) -> Path:
        raise ValueError("shades have nothing to train: use them as they are.")


class ShadedStripes(Stripes):
    """Stripes of three classes: image ``i`` is of class ``i % 3`` and as bright as its class says."""

    name, label_dim = "shades", 3
    fingerprint = hashlib.sha256(b"shaded stripes").hexdigest()

    def images(self, indices: Sequence[int]) -> Tensor:
        shades = torch.tensor([60 * (i % 3) for i in indices], dtype=torch.uint8)
        return super().images(indices) // 2 + shades[:, None, None, None]

    def labels(self, indices: Sequence[int]) -> Tensor:
        return torch.eye(3)[[i % 3 for i in indices]]


def open_shaded_stripes(variant: str = "") -> ShadedStripes:
    """Return the stripes; they come in one variant."""
    return ShadedStripes()


adapter = ShadesAdapter()

benchmark = Benchmark(
    name="toy-classes",
    description="waves of three shades against stripes",
    data="shades",
    metrics=("fid@64",),
    extractors={"inception": "pool"},
)
