"""CLIP maximum mean discrepancy."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from ganbench.errors import BadInputError
from ganbench.functional import gaussian_mmd
from ganbench.functional.rows import of_unit_length
from ganbench.inputs import Input, Rows
from ganbench.metrics.base import Number, Uncertainty
from ganbench.metrics.truncated import OfSamples


@dataclass(frozen=True)
class ClipMaximumMeanDiscrepancy(OfSamples):
    """CMMD between the CLIP embeddings of generated and real images; lower is better.

    Attributes:
        name: name as in papers.
        count: number of generated images.
        max_real: largest number of reals; None for all.
        sigma: width of the Gaussian kernel.
        scale: factor of the squared discrepancy.
        extractor: name of the extractor whose ``features`` are compared, each scaled to length 1.

    Source: Jayasumana et al., Rethinking FID (CVPR 2024), section 4, and its code, for the length of embeddings, the
    estimate with all pairs and the scale; 30,000 images as in section 5.
    """

    name: str
    count: int
    max_real: int | None
    sigma: float = 10.0
    scale: float = 1000.0
    extractor: str = "clip-l14-336"

    version: ClassVar[int] = 1
    higher_is_better: ClassVar[bool] = False
    unit: ClassVar[str] = ""
    uncertainty: ClassVar[Uncertainty] = "groups"

    def inputs(self) -> Mapping[str, Input]:
        """Return all real and generated features."""
        view = self.view_of(self.extractor)
        return {
            "real": Input(self.reals, view, Rows, self.max_real),
            "fake": Input(self.samples, view, Rows, self.count),
        }

    def compute(self, real: Rows, fake: Rows) -> dict[str, Number]:
        """Return the scaled squared discrepancy.

        Raises:
            BadInputError: features of an image are all zero, so that they have no direction.
        """
        unit = [_directions(side.rows(), name) for side, name in ((real, "real"), (fake, "generated"))]
        return {self.name: Number(self.scale * gaussian_mmd(*unit, sigma=self.sigma), self.higher_is_better)}


def _directions(rows: Tensor, name: str) -> Tensor:
    """Return float64 rows of length 1, all of which have a direction."""
    zeros = int((~rows.any(dim=1)).sum())
    if zeros:
        raise BadInputError(
            f"expected features with a direction, found {zeros} of {len(rows)} {name} images whose features are all "
            "zero: look at these images, or choose another extractor."
        )
    return of_unit_length(rows.double())


cmmd30k = ClipMaximumMeanDiscrepancy("cmmd30k", 30_000, max_real=30_000)
"""CMMD of 30,000 samples against the first 30,000 reals; lower is better."""
