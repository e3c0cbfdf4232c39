"""Improved precision and recall."""

from dataclasses import dataclass

from ganbench.functional import precision_recall
from ganbench.inputs import Rows
from ganbench.metrics.base import Number
from ganbench.metrics.neighbours import OfNeighbours


@dataclass(frozen=True)
class PrecisionRecall(OfNeighbours):
    """Share of fakes inside the manifold of the reals, and of reals inside that of the fakes; higher is better.

    Attributes:
        name: name as in papers.
        count: number of generated images.
        max_real: largest number of reals; None for all.
        nhood_size: k of the k-th nearest neighbour.
        extractor: name of the extractor whose ``features`` are compared.

    Source: Kynkäänniemi et al. (NeurIPS 2019), equations 1 and 2.
    Deviation: distances are compared as if in float64, whatever products are taken in; the official code compares in
    float16 (see ``ganbench.functional.manifold``).
    """

    def compute(self, real: Rows, fake: Rows) -> dict[str, Number]:
        """Return precision and recall, 0..1."""
        precision, recall = precision_recall(real.rows(), fake.rows(), nhood_size=self.nhood_size)
        values = {"precision": precision, "recall": recall}
        return {f"{self.name}_{key}": Number(value, self.higher_is_better) for key, value in values.items()}


pr50k3 = PrecisionRecall("pr50k3", 50_000, max_real=50_000)
"""Precision and recall, 50,000 samples against the first 50,000 reals, k = 3; higher is better."""
pr50k3_full = PrecisionRecall("pr50k3_full", 50_000, max_real=200_000)
"""Precision and recall, 50,000 samples against up to 200,000 reals, k = 3; higher is better."""
