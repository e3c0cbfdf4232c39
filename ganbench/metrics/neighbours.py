"""What metrics of manifolds of features share: reals and samples beside their nearest neighbours."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from ganbench.inputs import Input, Rows
from ganbench.metrics.base import Uncertainty
from ganbench.metrics.truncated import OfSamples


@dataclass(frozen=True)
class OfNeighbours(OfSamples):
    """Metrics that look at the k nearest neighbours of each real or sample; higher is better.

    Attributes:
        name: as in papers.
        count: number of generated images.
        max_real: largest number of reals; None for all.
        nhood_size: k of the k-th nearest neighbour.
        extractor: name of the extractor whose ``features`` are compared.
    """

    name: str
    count: int
    max_real: int | None
    nhood_size: int = 3
    extractor: str = "vgg16"

    version: ClassVar[int] = 1
    higher_is_better: ClassVar[bool] = True
    unit: ClassVar[str] = ""
    uncertainty: ClassVar[Uncertainty] = "groups"

    def inputs(self) -> Mapping[str, Input]:
        """Return all real and generated features."""
        # The k-th neighbour of a sample is another one, so k + 1 samples are needed.
        view, least = self.view_of(self.extractor), self.nhood_size + 1
        return {
            "real": Input(self.reals, view, Rows, self.max_real, minimum=least),
            "fake": Input(self.samples, view, Rows, self.count, minimum=least),
        }
