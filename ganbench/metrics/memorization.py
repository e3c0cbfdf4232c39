"""Memorisation of training images, by nearest neighbours."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from ganbench.functional import memorization
from ganbench.inputs import Input, Rows
from ganbench.metrics.base import Number, Uncertainty
from ganbench.metrics.truncated import OfSamples


@dataclass(frozen=True)
class Memorization(OfSamples):
    """How often samples are nearer to training images than those to one another (lower is better), and authenticity.

    The first number is about 0.5 of new images of the same distribution and 1 of copies; below 0.5 samples are farther
    from the reals than reals are, which is no memorisation but poor quality. Authenticity, where higher is better, is
    the share of samples that are farther from the nearest real than that real is from its own nearest. The reals have
    to be the images that the model was trained on.

    Attributes:
        name: with the number of samples in it.
        count: number of generated images.
        max_real: largest number of reals; None for all, because copies of images left out go unseen.
        extractor: whose ``features`` are compared.

    Source: see ``ganbench.functional.memorization``: the statistic of Meehan et al. 2020, and authenticity of Alaa et
    al. 2022, which dgm-eval calls AuthPct and multiplies by 100.
    Deviation: dgm-eval takes DINOv2's features, here ``--extractor dinov2``; VGG16's are those of precision and recall.
    """

    name: str
    count: int
    max_real: int | None = None
    extractor: str = "vgg16"

    version: ClassVar[int] = 1
    higher_is_better: ClassVar[bool] = False
    unit: ClassVar[str] = ""
    uncertainty: ClassVar[Uncertainty] = "groups"

    def inputs(self) -> Mapping[str, Input]:
        """Return all real and generated features."""
        view = self.view_of(self.extractor)
        return {
            "real": Input(self.reals, view, Rows, self.max_real, minimum=2),
            "fake": Input(self.samples, view, Rows, self.count),
        }

    def compute(self, real: Rows, fake: Rows) -> dict[str, Number]:
        """Return both shares, 0..1."""
        nearer, authenticity = memorization(real.rows(), fake.rows())
        return {
            f"{self.name}_nearer": Number(nearer, self.higher_is_better),
            f"{self.name}_authenticity": Number(authenticity, higher_is_better=True),
        }


memorization50k = Memorization("memorization50k", 50_000)
"""Share of 50,000 samples nearer to reals than reals to one another, lower is better; and authenticity."""
