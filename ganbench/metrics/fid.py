"""Fréchet inception distance."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from ganbench.functional import frechet_distance
from ganbench.inputs import Input, Moments
from ganbench.metrics.base import Number
from ganbench.metrics.truncated import OfSamples


@dataclass(frozen=True)
class FrechetInceptionDistance(OfSamples):
    """FID between generated and real features; lower is better.

    Attributes:
        name: name as in papers.
        count: number of generated images.
        max_real: largest number of reals; None for all. ``fid50k`` and ``fid50k_full`` differ in this alone.
        extractor: name of the extractor whose ``features`` are compared.
        ddof: the covariance divides by N - ddof: 0 in StyleGAN2-ADA and StyleGAN3, 1 in tools that use numpy.cov.

    Source: Heusel et al. (NeurIPS 2017), equation 6; counts as in StyleGAN2-ADA's official code.
    """

    name: str
    count: int
    max_real: int | None
    extractor: str = "inception"
    ddof: int = 0

    version: ClassVar[int] = 1
    higher_is_better: ClassVar[bool] = False
    unit: ClassVar[str] = ""
    biased: ClassVar[bool] = True

    def inputs(self) -> Mapping[str, Input]:
        """Return the moments of real and generated features."""
        view = self.view_of(self.extractor)
        return {
            "real": Input(self.reals, view, Moments, self.max_real, minimum=2),
            "fake": Input(self.samples, view, Moments, self.count, minimum=2),
        }

    def compute(self, real: Moments, fake: Moments) -> dict[str, Number]:
        """Return the distance."""
        value = frechet_distance(*fake.mean_cov(self.ddof), *real.mean_cov(self.ddof))
        return {self.name: Number(value, self.higher_is_better)}

    def warnings(self, filled: Mapping[str, Any]) -> list[str]:
        """Return a warning where there are fewer samples than features, which makes the distance far too large."""
        count, width = filled["fake"].count, len(filled["fake"].mean)
        if count > width:
            return []
        return [
            f"{self.name} rests on {count} samples of {width} features, too few for their covariance: it is far too "
            "large; ask for more samples"
        ]


fid50k = FrechetInceptionDistance("fid50k", 50_000, max_real=50_000)
"""FID of 50,000 samples against the first 50,000 reals; lower is better."""
fid50k_full = FrechetInceptionDistance("fid50k_full", 50_000, max_real=None)
"""FID of 50,000 samples against all reals; lower is better."""
