"""Spatial FID."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from ganbench.inputs import Input, Moments
from ganbench.metrics.fid import FrechetInceptionDistance

LAYER = "spatial"


@dataclass(frozen=True)
class SpatialFrechetInceptionDistance(FrechetInceptionDistance):
    """FID on features that still have a place in the image, so that it sees how an image is composed; lower is better.

    Attributes:
        name: as in papers.
        count: number of generated images.
        max_real: largest number of reals; None for all.
        extractor: whose ``spatial`` features are compared.
        ddof: covariances divide by N - ddof; 1 in ADM's evaluator.

    Source: Nash et al., Generating images with sparse representations (ICML 2021); layer and order of ADM's evaluator
    (Dhariwal and Nichol 2021).
    """

    ddof: int = 1

    version: ClassVar[int] = 1

    def inputs(self) -> Mapping[str, Input]:
        """Return moments of real and of generated spatial features."""
        view = self.view_of(self.extractor, LAYER)
        return {
            "real": Input(self.reals, view, Moments, self.max_real, minimum=2),
            "fake": Input(self.samples, view, Moments, self.count, minimum=2),
        }


sfid50k = SpatialFrechetInceptionDistance("sfid50k", 50_000, max_real=None)
"""FID of 50,000 samples on spatial features against all reals; lower is better."""
