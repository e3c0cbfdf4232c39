"""Distance of translations from their ground truth: of pixels, and as perceived."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from ganbench.inputs import Input, Rows
from ganbench.inputs.paired import TruthDistance, TruthError
from ganbench.metrics.base import Number
from ganbench.metrics.pairs import mean_of_rows
from ganbench.metrics.translation import OfTranslations


@dataclass(frozen=True)
class PairedError(OfTranslations):
    """Mean absolute difference of translations and their ground truth, in a range of -1..1; lower is better.

    Float images, neither clipped nor quantised; the plain mean over ordered pairs of domains.

    Source: Isola et al., Image-to-image translation with conditional adversarial networks (CVPR 2017), equation 3.
    """

    num_outputs: int = 1
    val_batch_size: int | None = None

    version: ClassVar[int] = 1
    higher_is_better: ClassVar[bool] = False
    unit: ClassVar[str] = ""

    def inputs(self) -> Mapping[str, Input]:
        """Return the error of each translation."""
        return {"error": Input(self.translations, TruthError(), Rows, None), "task": self.task}

    def compute(self, error: Rows, task: Rows) -> dict[str, Number]:
        """Return the mean error, and that of each pair of domains."""
        return {self.name: mean_of_rows(error.rows(), task.rows(), self.higher_is_better)}


@dataclass(frozen=True)
class PairedDistance(OfTranslations):
    """LPIPS of translations and their ground truth, the plain mean over ordered pairs of domains; lower is better.

    Float images, neither clipped nor quantised; those larger than 256 are box-reduced to it.

    Attributes:
        extractor: that measures perceptual distance.

    Source: Zhang et al., The unreasonable effectiveness of deep features as a perceptual metric (CVPR 2018).
    """

    num_outputs: int = 1
    val_batch_size: int | None = None
    extractor: str = "lpips-alex"

    version: ClassVar[int] = 1
    higher_is_better: ClassVar[bool] = False
    unit: ClassVar[str] = ""

    def inputs(self) -> Mapping[str, Input]:
        """Return the distance of each translation."""
        return {"distance": Input(self.translations, TruthDistance(self.extractor), Rows, None), "task": self.task}

    def compute(self, distance: Rows, task: Rows) -> dict[str, Number]:
        """Return the mean distance, and that of each pair of domains."""
        return {self.name: mean_of_rows(distance.rows(), task.rows(), self.higher_is_better)}


l1_paired = PairedError("l1_paired", "plain")
"""Mean absolute difference of translations and their ground truth, in a range of -1..1; lower is better."""
lpips_paired = PairedDistance("lpips_paired", "plain")
"""LPIPS of translations and their ground truth; lower is better."""
