"""Pairs of images and their perceptual distance, for the diversity of generated and of real images."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import torch
from torch import Tensor

from ganbench.data.labels import classes_of
from ganbench.images import to_float
from ganbench.inputs.batch import BaseSource, BaseView, Batch
from ganbench.inputs.context import Context
from ganbench.inputs.lacking import perceptual_problems
from ganbench.inputs.perceptual import perceptual_distances
from ganbench.inputs.sources import Reals, Samples
from ganbench.rng import Streams
from ganbench.types import Dataset


@dataclass(frozen=True)
class SamplePairs(BaseSource):
    """Independent samples 2i and 2i + 1 as pair i: ``image0, image1 [N, C, H, W]`` float32, nominally -1..1.

    No image is in two pairs, so that pairs are independent; a conditional model draws a label for each image.

    Attributes:
        samples: source of the samples.
    """

    samples: Samples = field(default_factory=Samples)

    reads_data: ClassVar[bool] = False
    images_per_sample = 2

    @property
    def name(self) -> str:
        """Name of the pass."""
        return f"pairs of {self.samples.name}"

    def depends(self, context: Context) -> Mapping[str, Any]:
        """Return what the samples depend on."""
        return self.samples.depends(context)

    def length(self, context: Context) -> int | None:
        """Return the number of complete pairs if a folder of samples stands in for the model, else None."""
        images = self.samples.length(context)
        return None if images is None else images // 2

    def shortage(self, context: Context, count: int) -> str:
        """Return a problem if a folder has fewer pairs than the metric's name says."""
        have = self.length(context)
        if have is None or have >= count:
            return ""
        return f"expected {count} pairs of samples, found {have}: ask for fewer, as with --limit {have}."

    def problems(self, context: Context) -> list[str]:
        """Return what the model lacks."""
        return self.samples.problems(context)

    def draw(self, context: Context, indices: tuple[int, ...]) -> Mapping[str, Tensor]:
        """Return ``image0`` and ``image1``."""
        both = tuple(index for pair in indices for index in (2 * pair, 2 * pair + 1))
        image = self.samples.draw(context, both)["image"]
        return {"image0": image[0::2], "image1": image[1::2]}


@dataclass(frozen=True)
class RealPairs(BaseSource):
    """Two different reals, drawn at random for every pair: ``image0, image1 [N, C, H, W]`` float32, -1..1.

    Neighbours are not paired with each other, because they are alike in most data sets.

    Attributes:
        same_class: whether both are of the same class or domain, as a translator's outputs for one target are.
    """

    same_class: bool = False

    generates: ClassVar[bool] = False
    only_reads: ClassVar[bool] = True
    images_per_sample = 2

    @property
    def name(self) -> str:
        """Name of the pass."""
        return "pairs of reals of one class" if self.same_class else "pairs of reals"

    def depends(self, context: Context) -> Mapping[str, Any]:
        """Return the fingerprint of the data, and the seed."""
        return {"data": context.data.fingerprint if context.data else None, "seed": context.seed}

    def problems(self, context: Context) -> list[str]:
        """Return a problem if the data is missing, too small, or without classes."""
        if context.data is None:
            return Reals().problems(context)
        have = len(context.data)
        if have < 2:
            return [f"expected two or more reals, found {have}: name more with --data."]
        if self.same_class and not context.data.label_dim:
            return [f"expected classes of reals, found none in {context.data.name}: name other data."]
        if self.same_class and min(map(len, _classes(context.data))) < 2:
            return [
                f"expected two or more reals of each class, found one of a class in {context.data.name}: add images."
            ]
        return []

    def draw(self, context: Context, indices: tuple[int, ...]) -> Mapping[str, Tensor]:
        """Return ``image0`` and ``image1``."""
        assert context.data is not None
        streams, count = Streams(context.seed, indices), len(context.data)
        first = streams.integers("pair-first", count)
        if self.same_class:
            second = _of_one_class(context.data, first, streams.uniform("pair-of-class"))
        else:  # any other image, with equal probability
            second = (first + 1 + streams.integers("pair-second", count - 1)) % count
        image0, image1 = (to_float(context.data.images(chosen.tolist())) for chosen in (first, second))
        return {"image0": image0, "image1": image1}


def _of_one_class(data: Dataset, first: Tensor, draws: Tensor) -> Tensor:
    """Return, for each image, another one of its class, chosen by draws from [0, 1)."""
    members = {image: members for members in _classes(data) for image in members}
    second = []
    for image, draw in zip(first.tolist(), draws.tolist(), strict=True):
        others = members[image]
        step = 1 + int(draw * (len(others) - 1))
        second.append(others[(others.index(image) + step) % len(others)])
    return torch.tensor(second)


def _classes(data: Dataset) -> list[list[int]]:
    """Return the indices of the images of each class; empty classes are left out."""
    place = classes_of(data)
    found = [(place == one).nonzero()[:, 0].tolist() for one in range(data.label_dim)]
    return [members for members in found if members]


@dataclass(frozen=True)
class PairDistance(BaseView):
    """Perceptual distance of the two images of a pair, ``[N, 1]``; larger images are box-downsampled to 256x256.

    Float images, neither clipped nor quantised.

    Attributes:
        extractor: name of the extractor that measures the distance.
    """

    extractor: str

    def problems(self, context: Context) -> list[str]:
        """Return a problem if the extractor measures no perceptual distance."""
        return perceptual_problems(context, self.extractor)

    def compute(self, batch: Batch) -> Tensor:
        """Return the distances."""
        return perceptual_distances(batch, self.extractor, batch.drawn["image0"], batch.drawn["image1"])[:, None]
