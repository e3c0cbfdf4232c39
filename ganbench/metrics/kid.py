"""Kernel inception distance."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from ganbench.functional import draw_subsets, kernel_distance_error, kernel_distances
from ganbench.inputs import Input, Rows
from ganbench.metrics.base import Number, Uncertainty
from ganbench.metrics.truncated import OfSamples


@dataclass(frozen=True)
class KernelInceptionDistance(OfSamples):
    """KID between generated and real features, and its standard deviation over subsets; lower is better.

    The deviation is that of one pair of subsets (the root of the mean squared deviation), as torch-fidelity reports it:
    it says how small the subsets are, and is no error of the mean.

    Attributes:
        name: name as in papers.
        count: number of generated images.
        max_real: largest number of reals; None for all.
        num_subsets: number of pairs of random subsets that are averaged.
        max_subset_size: size of a subset, or all rows if there are fewer.
        subset_seed: seed of the random subsets, the same in every run.
        extractor: name of the extractor whose ``features`` are compared.

    Source: Bińkowski et al. (ICLR 2018), section 4; parameters as in StyleGAN2-ADA's official code.
    """

    name: str
    count: int
    max_real: int | None
    num_subsets: int = 100
    max_subset_size: int = 1000
    subset_seed: int = 0
    extractor: str = "inception"

    version: ClassVar[int] = 1
    higher_is_better: ClassVar[bool] = False
    unit: ClassVar[str] = ""
    uncertainty: ClassVar[Uncertainty] = "per-sample"

    def inputs(self) -> Mapping[str, Input]:
        """Return all real and generated features."""
        view = self.view_of(self.extractor)
        return {
            "real": Input(self.reals, view, Rows, self.max_real, minimum=2),
            "fake": Input(self.samples, view, Rows, self.count, minimum=2),
        }

    def compute(self, real: Rows, fake: Rows) -> dict[str, Number]:
        """Return the squared maximum mean discrepancy over subsets: mean, maybe slightly negative, and deviation."""
        x, y = real.rows(), fake.rows()
        subsets = draw_subsets(len(x), len(y), self.num_subsets, self.max_subset_size, self.subset_seed)
        found = kernel_distances(x, y, subsets)
        # The spread over subsets is neither good nor bad.
        return {
            self.name: Number(float(found.mean()), self.higher_is_better),
            f"{self.name}_std": Number(float((found - found[0]).std()), None),  # 0 where all are equal
        }

    def standard_errors(self, real: Rows, fake: Rows) -> dict[str, float]:
        """Return the standard error of the mean over new samples, for the same reals."""
        how = {"num_subsets": self.num_subsets, "max_subset_size": self.max_subset_size, "seed": self.subset_seed}
        return {self.name: kernel_distance_error(real.rows(), fake.rows(), **how)}


kid50k = KernelInceptionDistance("kid50k", 50_000, max_real=50_000)
"""KID of 50,000 samples against the first 50,000 reals, and its deviation over subsets; lower is better."""
kid50k_full = KernelInceptionDistance("kid50k_full", 50_000, max_real=1_000_000)
"""KID of 50,000 samples against up to a million reals, and its deviation over subsets; lower is better."""
