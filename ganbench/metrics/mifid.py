"""Memorisation-informed Fréchet inception distance."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

from ganbench.functional import frechet_distance, memorization_distance
from ganbench.inputs import Input, Moments, Rows
from ganbench.metrics.base import Number, Uncertainty
from ganbench.metrics.truncated import OfSamples

TINY = 1e-14  # added to the distance, so that copies have a large number and not an infinite one
NO_FID = 1e-8  # up to which FID is taken for rounding, which would become large over a distance of zero


@dataclass(frozen=True)
class MemorizationInformedFID(OfSamples):
    """FID over the mean cosine distance to the nearest training image, where that is small; lower is better.

    It equals FID where the mean distance is ``threshold`` or more. The reals have to be the images that the model was
    trained on.

    Attributes:
        name: as in papers.
        count: number of generated images.
        max_real: largest number of reals; None for all, because copies of images left out go unseen.
        threshold: of the mean distance, below which FID is divided by it.
        mean_over: whose distances to the nearest of the other side are averaged: ``samples`` or ``reals``.
        extractor: whose ``features`` are compared.
        ddof: the covariance divides by N - ddof.

    Source: Bai et al., On training sample memorization: lessons from benchmarking generative modeling with a
    large-scale competition (KDD 2021).
    Deviation: torchmetrics averages over the reals, each to the nearest sample; ``mean_over="reals"`` gives its number.
    It also drops rows of features whose sum is zero; here only those that are zero.
    """

    name: str
    count: int
    max_real: int | None = None
    threshold: float = 0.1
    mean_over: Literal["samples", "reals"] = "samples"
    extractor: str = "inception"
    ddof: int = 1

    version: ClassVar[int] = 1
    higher_is_better: ClassVar[bool] = False
    unit: ClassVar[str] = ""
    uncertainty: ClassVar[Uncertainty] = "groups"

    def inputs(self) -> Mapping[str, Input]:
        """Return all real and generated features."""
        view = self.view_of(self.extractor)
        return {
            "real": Input(self.reals, view, Rows, self.max_real, minimum=2),
            "fake": Input(self.samples, view, Rows, self.count, minimum=2),
            "real_moments": Input(self.reals, view, Moments, self.max_real, minimum=2),
            "fake_moments": Input(self.samples, view, Moments, self.count, minimum=2),
        }

    def compute(self, real: Rows, fake: Rows, real_moments: Moments, fake_moments: Moments) -> dict[str, Number]:
        """Return FID over the distance to the nearest, or FID."""
        fid = frechet_distance(*fake_moments.mean_cov(self.ddof), *real_moments.mean_cov(self.ddof))
        sides = (fake.rows(), real.rows()) if self.mean_over == "samples" else (real.rows(), fake.rows())
        distance = memorization_distance(*sides)
        value = fid / (distance + TINY if distance < self.threshold else 1) if fid > NO_FID else 0.0
        return {self.name: Number(value, self.higher_is_better)}


mifid50k = MemorizationInformedFID("mifid50k", 50_000)
"""MiFID of 50,000 samples against all reals; lower is better."""
