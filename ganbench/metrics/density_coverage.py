"""Density and coverage."""

from dataclasses import dataclass

from ganbench.functional import density_coverage
from ganbench.inputs import Rows
from ganbench.metrics.base import Number
from ganbench.metrics.neighbours import OfNeighbours


@dataclass(frozen=True)
class DensityCoverage(OfNeighbours):
    """How densely fakes lie among the reals, and the share of reals with a fake beside them; higher is better.

    Density is about 1, coverage about ``1 - 2**-nhood_size`` or more, where both are of one distribution.

    Attributes:
        name: with the number of samples and k in it, like that of precision and recall.
        count: number of generated images.
        max_real: largest number of reals; None for all.
        nhood_size: k of the k-th nearest neighbour.
        extractor: whose ``features`` are compared.

    Source: Naeem et al., Reliable fidelity and diversity metrics for generative models (ICML 2020), equations 4 and 5;
    10,000 images on each side, k = 5 and VGG16 as in its experiments.
    Deviation: the boundary of a ball counts as inside, and ImageNet's weights are the default, which the paper calls
    T4096; it prefers random weights for images unlike ImageNet's.
    """

    nhood_size: int = 5

    def compute(self, real: Rows, fake: Rows) -> dict[str, Number]:
        """Return density, 0 or more, and coverage, 0..1."""
        density, coverage = density_coverage(real.rows(), fake.rows(), nhood_size=self.nhood_size)
        values = {"density": density, "coverage": coverage}
        return {f"{self.name}_{key}": Number(value, self.higher_is_better) for key, value in values.items()}


dc10k5 = DensityCoverage("dc10k5", 10_000, max_real=10_000)
"""Density and coverage, 10,000 samples against the first 10,000 reals, k = 5; higher is better."""
