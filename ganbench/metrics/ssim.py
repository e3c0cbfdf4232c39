"""Structural similarity of translations and their ground truth."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from ganbench.inputs import Input, Quantiser, Rows
from ganbench.inputs.paired import TruthSimilarity
from ganbench.metrics.base import Number
from ganbench.metrics.pairs import mean_of_rows
from ganbench.metrics.translation import OfTranslations


@dataclass(frozen=True)
class StructuralSimilarity(OfTranslations):
    """How alike translations and their ground truth are in structure, -1..1, 1 of equal images; higher is better.

    8-bit images at the model's size, 11x11 Gaussian windows of deviation 1.5, the mean over RGB and images; see
    ``ganbench.functional.ssim``. The number is the plain mean over ordered pairs of domains, of which a translator of
    one direction has one.

    Attributes:
        quantiser: how translated images become 8-bit ones, of ``ganbench.images.to_uint8``.

    Source: Wang et al., Image quality assessment: from error visibility to structural similarity (IEEE TIP 2004).
    """

    num_outputs: int = 1
    val_batch_size: int | None = None
    quantiser: Quantiser = "cyclegan"

    version: ClassVar[int] = 1
    higher_is_better: ClassVar[bool] = True
    unit: ClassVar[str] = ""

    def inputs(self) -> Mapping[str, Input]:
        """Return the similarity of each translation."""
        view = TruthSimilarity(self.quantiser)
        return {"similarity": Input(self.translations, view, Rows, None), "task": self.task}

    def compute(self, similarity: Rows, task: Rows) -> dict[str, Number]:
        """Return the mean similarity, and that of each pair of domains."""
        return {self.name: mean_of_rows(similarity.rows(), task.rows(), self.higher_is_better)}


ssim = StructuralSimilarity("ssim", "plain")
"""Structural similarity of translations and their ground truth, 8-bit, mean over RGB; higher is better."""
