"""A translator of one direction, and pairs that it can be measured on: blobs by day and by night."""

from collections.abc import Sequence

import torch
from torch import Tensor

from ganbench.benchmarks import Benchmark
from toygan.translators import Adapter, Blobs, Blur

DOMAINS = ("day", "night")


class Nights(Blobs):
    """One split of the pairs: blobs on a bright ground, and after them the same blobs on a dark one."""

    domains, label_dim = DOMAINS, 2

    def images(self, indices: Sequence[int]) -> Tensor:
        blobs = super().images([index % (len(self) // 2) for index in indices])
        nights = self.labels(indices).bool()[:, 1, None, None, None]
        return torch.where(nights, blobs // 2, 255 - blobs)

    def partners(self, indices: Sequence[int]) -> list[int]:
        return [(index + len(self) // 2) % len(self) for index in indices]


class DaysAndNights(Nights):
    """The pairs of both splits."""

    def __init__(self) -> None:
        super().__init__("nights", (9, 9))
        self.validation = Nights("nights", (33, 33))


def open_nights(variant: str = "") -> DaysAndNights:
    """Return the pairs; they come in one variant."""
    return DaysAndNights()


class Dusk(Blur):
    """A translator of days to nights alone."""

    domains, targets = DOMAINS, DOMAINS[1:]


dusk = Adapter(Dusk, "toy-pairs")

benchmark = Benchmark(
    name="toy-pairs",
    description="nights of days beside true nights",
    data="nights",
    metrics=("ssim", "psnr"),
    extractors={"inception": "pool", "lpips-alex": "pool"},
)
