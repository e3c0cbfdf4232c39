"""Pairs of images and their perceptual distance, for the diversity of generated images and, beside it, of real ones."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, cast

import torch
from torch import Tensor

from ganbench.images import box_downsample_to
from ganbench.inputs.batch import Batch, Setting
from ganbench.inputs.sources import NO_REALS, Samples
from ganbench.rng import Streams
from ganbench.types import Dataset, PerceptualExtractor


@dataclass(frozen=True)
class SamplePairs:
    """Independent samples 2i and 2i + 1 as pair i: ``image0, image1 [N, C, H, W]`` float32, nominally -1..1.

    No image is in two pairs, so the pairs are independent; a conditional model draws a label for each image.

    Attributes:
        samples: that are paired.
    """

    samples: Samples = field(default_factory=Samples)

    weight: ClassVar[int] = 2  # images

    @property
    def name(self) -> str:
        """What the pass is called."""
        return f"pairs of {self.samples.name}"

    def depends(self, setting: Setting) -> Mapping[str, Any]:
        """Return what the samples depend on."""
        return self.samples.depends(setting)

    def length(self, setting: Setting) -> int | None:
        """Return the number of whole pairs where a folder stands in for the model, else None."""
        images = self.samples.length(setting)
        return None if images is None else images // 2

    def problems(self, setting: Setting) -> list[str]:
        """Return what the model lacks."""
        return self.samples.problems(setting)

    def draw(self, setting: Setting, indices: tuple[int, ...]) -> Mapping[str, Tensor]:
        """Return ``image0`` and ``image1``."""
        both = tuple(index for pair in indices for index in (2 * pair, 2 * pair + 1))
        image = self.samples.draw(setting, both)["image"]
        return {"image0": image[0::2], "image1": image[1::2]}


@dataclass(frozen=True)
class RealPairs:
    """Two different reals, drawn anew for every pair: ``image0, image1 [N, C, H, W]`` float32, -1..1.

    Neighbours are no pairs, because in most data sets neighbours are alike.

    Attributes:
        alike: whether both are of one class or domain, as the outputs of a translator are for one target.
    """

    alike: bool = False

    weight: ClassVar[int] = 2  # images

    @property
    def name(self) -> str:
        """What the pass is called."""
        return "pairs of reals of one class" if self.alike else "pairs of reals"

    def depends(self, setting: Setting) -> Mapping[str, Any]:
        """Return the fingerprint of the data, and the seed."""
        return {"data": setting.data.fingerprint if setting.data else None, "seed": setting.seed}

    def length(self, setting: Setting) -> int | None:
        """Return None: there is no end."""
        return None

    def problems(self, setting: Setting) -> list[str]:
        """Return the lack of data, if it is one."""
        if setting.data is None:
            return [NO_REALS]
        have = len(setting.data)
        if have < 2:
            return [f"it compares two reals and the data has {have}: name more with --data."]
        if self.alike and not setting.data.label_dim:
            return [f"it compares reals of one class and {setting.data.name} has no classes: name other data."]
        if self.alike and min(map(len, _classes(setting.data))) < 2:
            return [f"it compares two reals of one class and {setting.data.name} has a class of one: add images."]
        return []

    def draw(self, setting: Setting, indices: tuple[int, ...]) -> Mapping[str, Tensor]:
        """Return ``image0`` and ``image1``."""
        assert setting.data is not None
        streams, count = Streams(setting.seed, indices), len(setting.data)
        first = streams.integers("pair-first", count)
        if self.alike:
            second = _of_one_class(setting.data, first, streams.uniform("pair-of-class"))
        else:  # any but the first, equally likely
            second = (first + 1 + streams.integers("pair-second", count - 1)) % count
        image0, image1 = (setting.data.images(chosen.tolist()).float() / 127.5 - 1 for chosen in (first, second))
        return {"image0": image0, "image1": image1}


def _of_one_class(data: Dataset, first: Tensor, draws: Tensor) -> Tensor:
    """Return an image of each one's class, any but itself, by draws from [0, 1)."""
    members = {image: members for members in _classes(data) for image in members}
    second = []
    for image, draw in zip(first.tolist(), draws.tolist(), strict=True):
        others = members[image]
        step = 1 + int(draw * (len(others) - 1))
        second.append(others[(others.index(image) + step) % len(others)])
    return torch.tensor(second)


def _classes(data: Dataset) -> list[list[int]]:
    """Return the indices of the images of each class that has any."""
    place = data.labels(range(len(data))).argmax(1)
    found = [(place == one).nonzero()[:, 0].tolist() for one in range(data.label_dim)]
    return [members for members in found if members]


@dataclass(frozen=True)
class PairDistance:
    """Perceptual distance of the two images of a pair, ``[N, 1]``; images larger than 256 are box-reduced to it.

    Float images, neither clipped nor quantised.

    Attributes:
        extractor: that measures the distance.
    """

    extractor: str

    def problems(self, setting: Setting) -> list[str]:
        """Return that the extractor measures no perceptual distance, if it is so."""
        return perceptual_problems(setting, self.extractor)

    def compute(self, batch: Batch) -> Tensor:
        """Return the distances."""
        return perceptual_distances(batch, self.extractor, batch.drawn["image0"], batch.drawn["image1"])[:, None]


def perceptual_problems(setting: Setting, extractor: str) -> list[str]:
    """Return that the extractor of that name measures no perceptual distance, if it is so."""
    if isinstance(setting.extractors.get(extractor), PerceptualExtractor | None):
        return []
    return [f"the extractor {extractor!r} measures no perceptual distance: choose a benchmark whose extractor does."]


def perceptual_distances(batch: Batch, extractor: str, first: Tensor, second: Tensor) -> Tensor:
    """Return the perceptual distances of two times ``[N, C, H, W]`` float images in -1..1, ``[N]``.

    Images larger than 256x256 are box-reduced to it, as for path lengths.
    """
    network = cast(PerceptualExtractor, batch.setting.extractor_in(extractor, False))
    images = box_downsample_to(batch.on_device(torch.cat([first, second])), 256)
    one, other = network.embed((images + 1) * 127.5).chunk(2)
    return (one - other).square().sum(1)
