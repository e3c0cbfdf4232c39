"""Inception score."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from ganbench.functional import inception_score
from ganbench.inputs import Input, Rows
from ganbench.metrics.base import Number
from ganbench.metrics.truncated import OfSamples


@dataclass(frozen=True)
class InceptionScore(OfSamples):
    """IS of generated images, mean and standard deviation over splits; higher is better.

    Attributes:
        name: name as in papers.
        count: number of generated images.
        num_splits: number of consecutive parts whose scores are averaged.
        extractor: name of the extractor whose class ``probabilities`` are used.

    Source: Salimans et al. (NeurIPS 2016), section 4; ten splits in order as in the official code.
    """

    name: str
    count: int
    num_splits: int = 10
    extractor: str = "inception"

    version: ClassVar[int] = 1
    higher_is_better: ClassVar[bool] = True
    unit: ClassVar[str] = ""
    biased: ClassVar[bool] = True

    def inputs(self) -> Mapping[str, Input]:
        """Return the class probabilities of generated images."""
        view = self.view_of(self.extractor, "probabilities")
        return {"fake": Input(self.samples, view, Rows, self.count, minimum=self.num_splits)}

    def compute(self, fake: Rows) -> dict[str, Number]:
        """Return mean and standard deviation."""
        mean, std = inception_score(fake.rows(), num_splits=self.num_splits)
        # The spread over splits is neither good nor bad.
        return {f"{self.name}_mean": Number(mean, self.higher_is_better), f"{self.name}_std": Number(std, None)}


is50k = InceptionScore("is50k", 50_000)
"""Inception score of 50,000 samples, ten splits; higher is better."""
