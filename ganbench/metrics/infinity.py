"""FID and inception score of infinitely many samples."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganbench.functional import extrapolate, frechet_distance, inception_score, random_subsets
from ganbench.inputs import Input, Moments, Rows
from ganbench.metrics.base import Number, Uncertainty
from ganbench.metrics.truncated import OfSamples

FEWEST = 20  # samples, of which a tenth, the smallest subset, has a covariance
AT_ONCE = 1024  # rows whose float64 copy is in memory


@dataclass(frozen=True)
class FrechetInceptionDistanceInfinity(OfSamples):
    """FID without the bias of a finite number of samples; lower is better.

    FID of ``num_points`` random subsets of the samples, from a tenth of them to all, each to the same reals, continued
    to infinitely many by the line that it is in one over the number. Slightly negative where the distributions agree.

    Attributes:
        name: as FID's, with ``_inf``.
        count: number of generated images.
        max_real: largest number of reals; None for all.
        num_points: subsets that the line is fitted to.
        subset_seed: of the random subsets, the same in every run.
        extractor: whose ``features`` are compared.
        ddof: covariances divide by N - ddof; 1 in the paper's code.

    Source: Chong and Forsyth, Effectively unbiased FID and inception score and where to find them (CVPR 2020); 15
    subsets of 5,000 to 50,000 as in its code.
    Deviation: latents are independent and not points of a Sobol sequence, which in the paper make the number vary less
    from seed to seed, and do not move its mean.
    """

    name: str
    count: int
    max_real: int | None
    num_points: int = 15
    subset_seed: int = 0
    extractor: str = "inception"
    ddof: int = 1

    version: ClassVar[int] = 1
    higher_is_better: ClassVar[bool] = False
    unit: ClassVar[str] = ""
    uncertainty: ClassVar[Uncertainty] = "groups"

    def inputs(self) -> Mapping[str, Input]:
        """Return moments of the reals and all generated features."""
        view = self.view_of(self.extractor)
        return {
            "real": Input(self.reals, view, Moments, self.max_real, minimum=2),
            "fake": Input(self.samples, view, Rows, self.count, minimum=FEWEST),
        }

    def compute(self, real: Moments, fake: Rows) -> dict[str, Number]:
        """Return the distance of infinitely many samples."""
        rows, reals = fake.rows(), real.mean_cov(self.ddof)
        subsets = random_subsets(len(rows), self.num_points, self.subset_seed)
        distances = [frechet_distance(*_mean_cov(rows, subset, self.ddof), *reals) for subset in subsets]
        value = extrapolate(distances, [len(subset) for subset in subsets])
        return {self.name: Number(value, self.higher_is_better)}


def _mean_cov(rows: Tensor, subset: NDArray[np.int64], ddof: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    moments = Moments()
    for part in torch.split(torch.from_numpy(subset), AT_ONCE):
        moments.update(rows[part])
    return moments.mean_cov(ddof)


@dataclass(frozen=True)
class InceptionScoreInfinity(OfSamples):
    """IS without the bias of a finite number of samples, in one split; higher is better.

    Attributes:
        name: as IS's, with ``_inf``.
        count: number of generated images.
        num_points: subsets that the line is fitted to.
        subset_seed: of the random subsets, the same in every run.
        extractor: whose class ``probabilities`` are used.

    Source: as for FID: Chong and Forsyth (CVPR 2020).
    Deviation: latents are independent and not points of a Sobol sequence.
    """

    name: str
    count: int
    num_points: int = 15
    subset_seed: int = 0
    extractor: str = "inception"

    version: ClassVar[int] = 1
    higher_is_better: ClassVar[bool] = True
    unit: ClassVar[str] = ""
    uncertainty: ClassVar[Uncertainty] = "groups"

    def inputs(self) -> Mapping[str, Input]:
        """Return the class probabilities of generated images."""
        view = self.view_of(self.extractor, "probabilities")
        return {"fake": Input(self.samples, view, Rows, self.count, minimum=FEWEST)}

    def compute(self, fake: Rows) -> dict[str, Number]:
        """Return the score of infinitely many samples."""
        rows = fake.rows()
        subsets = random_subsets(len(rows), self.num_points, self.subset_seed)
        scores = [inception_score(rows[torch.from_numpy(subset)], num_splits=1)[0] for subset in subsets]
        value = extrapolate(scores, [len(subset) for subset in subsets])
        return {self.name: Number(value, self.higher_is_better)}


fid50k_inf = FrechetInceptionDistanceInfinity("fid50k_inf", 50_000, max_real=None)
"""FID of infinitely many samples, from 15 subsets of 50,000, against all reals; lower is better."""
is50k_inf = InceptionScoreInfinity("is50k_inf", 50_000)
"""Inception score of infinitely many samples, from 15 subsets of 50,000; higher is better."""
