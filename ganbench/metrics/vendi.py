"""Vendi score."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ganbench.errors import BadInputError
from ganbench.functional import vendi_score
from ganbench.inputs import Input, Moments, UnitFeatures
from ganbench.metrics.base import Number
from ganbench.metrics.truncated import OfSamples


@dataclass(frozen=True)
class VendiScore(OfSamples):
    """Number of effectively different samples, by the cosine of their features; higher is better.

    It looks at samples alone, so features that do not suit the images are praised as well: read it beside FID.

    Attributes:
        name: with the number of samples in it.
        count: number of generated images.
        extractor: whose ``features`` are compared, each of length 1.

    Source: Friedman and Dieng, The Vendi score (TMLR 2023), definition 3.1 with order 1, and its package for the
    dual form, which takes the eigenvalues of D x D second moments, and for Inception's features.
    """

    name: str
    count: int
    extractor: str = "inception"

    version: ClassVar[int] = 1
    higher_is_better: ClassVar[bool] = True
    unit: ClassVar[str] = ""
    biased: ClassVar[bool] = True

    def inputs(self) -> Mapping[str, Input]:
        """Return moments of generated features of length 1."""
        return {"fake": Input(self.samples, UnitFeatures(self.view_of(self.extractor)), Moments, self.count)}

    def compute(self, fake: Moments) -> dict[str, Number]:
        """Return the score, from 1 to the number of samples or of features.

        Raises:
            BadInputError: features of a sample are all zero, so that they have no direction.
        """
        mean, cov = fake.mean_cov()
        about_zero = cov + np.outer(mean, mean)
        zeros = round(fake.count * (1 - float(np.trace(about_zero))))
        if zeros:
            raise BadInputError(
                f"expected features with a direction, found {zeros} of {fake.count} samples whose features are all "
                "zero: look at these samples, or choose another extractor."
            )
        return {self.name: Number(vendi_score(about_zero), self.higher_is_better)}


vendi50k = VendiScore("vendi50k", 50_000)
"""Vendi score of 50,000 samples: how many of them are effectively different; higher is better."""
