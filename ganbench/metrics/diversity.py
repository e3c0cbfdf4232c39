"""LPIPS diversity of any generator, and of the real images for comparison."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from ganbench.inputs import Input, PairDistance, RealPairs, SamplePairs, Sums
from ganbench.metrics.base import BaseMetric, Number
from ganbench.metrics.truncated import OfSamples


@dataclass(frozen=True)
class Diversity(OfSamples):
    """Mean LPIPS over pairs of independent samples; higher is more diverse. Compare it with that of pairs of reals.

    Attributes:
        name: name with the number of pairs.
        count: number of pairs; no sample is in two pairs.
        extractor: name of the extractor that measures perceptual distance.

    Source: the diversity of Zhu et al., Toward multimodal image-to-image translation (NeurIPS 2017), section 5.2, and
    of StarGAN v2.
    Deviation: they pair outputs of one source image; a generator has no source images, so any two samples are paired.
    """

    name: str
    count: int
    extractor: str = "lpips-alex"

    version: ClassVar[int] = 1
    higher_is_better: ClassVar[bool] = True
    unit: ClassVar[str] = ""

    def inputs(self) -> Mapping[str, Input]:
        """Return the sum of the distances."""
        return {"distances": Input(SamplePairs(self.samples), PairDistance(self.extractor), Sums, self.count)}

    def compute(self, distances: Sums) -> dict[str, Number]:
        """Return the mean distance."""
        return {self.name: Number(float(distances.sum[0]) / distances.count, self.higher_is_better)}


@dataclass(frozen=True)
class RealDiversity(BaseMetric):
    """Mean LPIPS over random pairs of different reals: the value of ``lpips10k`` for a perfect model.

    The number describes the data and does not depend on the model.

    Attributes:
        name: name with the number of pairs.
        count: number of pairs.
        extractor: name of the extractor that measures perceptual distance.
        same_class: whether both images are of one class or domain, like the outputs that ``lpips_latent`` compares.
    """

    name: str
    count: int
    extractor: str = "lpips-alex"
    same_class: bool = False

    version: ClassVar[int] = 1
    higher_is_better: ClassVar[bool | None] = None
    unit: ClassVar[str] = ""

    def inputs(self) -> Mapping[str, Input]:
        """Return the sum of the distances."""
        return {"distances": Input(RealPairs(self.same_class), PairDistance(self.extractor), Sums, self.count)}

    def compute(self, distances: Sums) -> dict[str, Number]:
        """Return the mean distance."""
        return {self.name: Number(float(distances.sum[0]) / distances.count, self.higher_is_better)}


lpips10k = Diversity("lpips10k", 10_000)
"""LPIPS over 10,000 pairs of independent samples; higher is more diverse."""
lpips10k_real = RealDiversity("lpips10k_real", 10_000)
"""LPIPS over 10,000 random pairs of reals, to compare lpips10k with."""
lpips10k_real_class = RealDiversity("lpips10k_real_class", 10_000, same_class=True)
"""LPIPS over 10,000 random pairs of reals of one class or domain, to compare lpips_latent and lpips_reference with."""
