"""A third party's package: one model, metric, data set, extractor and benchmark, found by entry point alone."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from ganbench.benchmarks import Benchmark
from ganbench.inputs import Batch, Input, Samples, Sums, Uint8
from ganbench.types import Checkpoint, Dataset, Recipe


class Waves(nn.Module):
    """A style generator whose images are sums of plane waves, so that moving its input moves the image exactly."""

    z_dim, c_dim, w_dim, num_ws = 6, 0, 6, 3
    img_resolution, img_channels = 32, 1
    frequencies: Tensor

    def __init__(self, noise: float = 0.0) -> None:
        super().__init__()
        self.noise = noise
        generator = torch.Generator().manual_seed(0)
        self.register_buffer("frequencies", torch.randint(-4, 5, (6, 2), generator=generator).float())
        self.weight = nn.Parameter(torch.eye(6))
        self.transform = torch.eye(3)

    def mapping(
        self, z: Tensor, c: Tensor | None = None, *, truncation_psi: float = 1.0, truncation_cutoff: int | None = None
    ) -> Tensor:
        ws = (z @ self.weight + 0.1).tanh()[:, None].repeat(1, self.num_ws, 1)
        ws[:, :truncation_cutoff] *= truncation_psi
        return ws

    def set_transform(self, matrix: Tensor) -> None:
        self.transform = matrix

    def synthesis(
        self, ws: Tensor, *, noise_mode: str = "const", streams: Any = None, force_fp32: bool = False
    ) -> Tensor:
        size = self.img_resolution
        ticks = ((torch.arange(size) + 0.5) / size - 0.5).to(ws)
        y, x = torch.meshgrid(ticks, ticks, indexing="ij")
        matrix = self.transform.to(ws).expand(len(ws), 3, 3)
        points = torch.stack([x, y, torch.ones_like(x)], -1)[None] @ matrix[:, None].transpose(-1, -2)
        phase = 2 * torch.pi * points[..., :2] @ self.frequencies.to(ws).T + 1
        image = (phase.cos() * ws[:, -1, None, None]).sum(-1)[:, None] * 0.4
        if noise_mode == "random" and self.noise:
            image = image + self.noise * streams.normal("noise", (1, size, size)).to(image)
        return image

    def forward(self, z: Tensor, c: Tensor | None = None) -> Tensor:
        return self.synthesis(self.mapping(z, c))


class WavesAdapter:
    """The way in for ganbench."""

    recipes: Mapping[str, Recipe] = {}
    published: Mapping[str, Checkpoint] = {}
    benchmark = "toy"

    def load(self, weights: Path | None, device: str) -> Waves:
        return Waves().eval().requires_grad_(False).to(device)

    def train(
        self, data: Dataset, recipe: Recipe, run_dir: Path, resume: bool, progress: Callable[[Mapping[str, Any]], None]
    ) -> Path:
        raise ValueError("waves have nothing to train: use them as they are.")


adapter = WavesAdapter()


@dataclass(frozen=True)
class Brightness:
    """A view: mean grey value of each 8-bit image, ``[N, 1]``."""

    extractor = None

    def compute(self, batch: Batch) -> Tensor:
        return batch.of(Uint8()).float().flatten(1).mean(1, keepdim=True)


@dataclass(frozen=True)
class MeanBrightness:
    """A metric: mean grey value of all images, 0..255; higher is brighter."""

    name: str
    count: int

    version: ClassVar[int] = 1
    higher_is_better: ClassVar[bool] = True
    unit: ClassVar[str] = ""

    def inputs(self) -> Mapping[str, Input]:
        return {"sums": Input(Samples(), Brightness(), Sums, self.count)}

    def compute(self, sums: Sums) -> dict[str, float]:
        return {self.name: float(sums.sum[0]) / sums.count}


brightness1k = MeanBrightness("brightness1k", 1000)


class Stripes:
    """A data set: 200 images of stripes."""

    name, resolution, channels, label_dim = "stripes", 32, 1, 0
    fingerprint = hashlib.sha256(b"stripes").hexdigest()

    def __len__(self) -> int:
        return 200

    def images(self, indices: Sequence[int]) -> Tensor:
        x = torch.arange(32.0)
        rows = [((x * (1 + i % 7) / 5 + i * 0.37).sin() * 127 + 128).byte().expand(1, 32, 32) for i in indices]
        return torch.stack(rows)

    def labels(self, indices: Sequence[int]) -> Tensor:
        return torch.zeros(len(indices), 0)


def open_stripes(variant: str = "") -> Stripes:
    """Return the stripes; they come in one variant."""
    return Stripes()


class Pool:
    """An extractor: means of sixteen blocks, of 8x8 pixels where images are 32x32; the spatial ones of four blocks."""

    name = "pool"
    sha256 = hashlib.sha256(b"pool").hexdigest()
    layers: Mapping[str, int] = {"features": 16, "probabilities": 16, "spatial": 4}
    resolution = None

    def to(self, device: str, float64: bool = False) -> "Pool":
        return self

    def __call__(self, images: Tensor) -> Mapping[str, Tensor]:
        pooled = nn.functional.adaptive_avg_pool2d(images.float().mean(1, keepdim=True) / 255, 4).flatten(1)
        return {"features": pooled, "probabilities": (8 * pooled).softmax(1), "spatial": pooled[:, :4]}

    def embed(self, images: Tensor) -> Tensor:
        return nn.functional.avg_pool2d(images, 8).flatten(1) / 255

    attributes = ("left", "top")

    def attribute_logits(self, images: Tensor) -> Tensor:
        left, top = images.chunk(2, 3), images.chunk(2, 2)
        return torch.stack([(a - b).flatten(1).mean(1) for a, b in (left, top)], 1)


def open_pool() -> Pool:
    """Return the extractor."""
    return Pool()


benchmark = Benchmark(
    name="toy",
    description="waves against stripes",
    data="stripes",
    metrics=("fid@64", "brightness1k"),
    short_names={"brightness": "brightness1k", "ppl": "ppl_wend@40"},
    extractors={
        "inception": "pool",
        "vgg16": "pool",
        "lpips-vgg16": "pool",
        "lpips-alex": "pool",
        "celebahq": "pool",
        "clip-l14-336": "pool",
    },
)
