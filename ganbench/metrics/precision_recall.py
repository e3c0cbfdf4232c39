"""Improved precision and recall."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from ganbench.functional import precision_recall
from ganbench.inputs import Input, Rows
from ganbench.metrics.base import Number, Uncertainty
from ganbench.metrics.truncated import OfSamples


@dataclass(frozen=True)
class PrecisionRecall(OfSamples):
    """Share of fakes inside the manifold of the reals, and of reals inside that of the fakes; higher is better.

    Attributes:
        name: name as in papers.
        count: number of generated images.
        max_real: largest number of reals; None for all.
        nhood_size: k of the k-th nearest neighbour.
        extractor: name of the extractor whose ``features`` are compared.

    Source: Kynkäänniemi et al. (NeurIPS 2019), equations 1 and 2.
    Deviation: distances in float64; the official code compares in float16 (see ``ganbench.functional.manifold``).
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

    def compute(self, real: Rows, fake: Rows) -> dict[str, Number]:
        """Return precision and recall, 0..1."""
        precision, recall = precision_recall(real.rows(), fake.rows(), nhood_size=self.nhood_size)
        values = {"precision": precision, "recall": recall}
        return {f"{self.name}_{key}": Number(value, self.higher_is_better) for key, value in values.items()}


pr50k3 = PrecisionRecall("pr50k3", 50_000, max_real=50_000)
"""Precision and recall, 50,000 samples against the first 50,000 reals, k = 3; higher is better."""
pr50k3_full = PrecisionRecall("pr50k3_full", 50_000, max_real=200_000)
"""Precision and recall, 50,000 samples against up to 200,000 reals, k = 3; higher is better."""
