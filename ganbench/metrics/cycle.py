"""Cycle reconstruction error of translators."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from ganbench.inputs import Input, Rows
from ganbench.inputs.cycles import CycleDistance, CycleError
from ganbench.metrics.base import Number
from ganbench.metrics.pairs import mean_of_rows
from ganbench.metrics.translation import OfTranslations


@dataclass(frozen=True)
class CycleReconstruction(OfTranslations):
    """How far validation images are from themselves after a translation there and back; lower is better.

    Two numbers, each a plain mean over ordered pairs of domains: ``_l1``, the mean absolute difference of pixels in a
    range of -1..1 (so 2 at worst, if the model keeps the range), and ``_lpips``, the perceptual distance. Float images,
    neither clipped nor quantised. A translator with styles goes there by a style of ``mode`` and comes back by that of
    the source image. A low error alone says little: a model that changes nothing has none.

    Attributes:
        num_outputs: outputs a source image; 1 by default.
        val_batch_size: None: one reference will do.
        extractor: that measures perceptual distance.

    Source: Zhu et al., Unpaired image-to-image translation using cycle-consistent adversarial networks (ICCV 2017),
    equation 2, whose norm this is.
    """

    num_outputs: int = 1
    val_batch_size: int | None = None
    extractor: str = "lpips-alex"

    version: ClassVar[int] = 1
    higher_is_better: ClassVar[bool] = False
    unit: ClassVar[str] = ""

    def inputs(self) -> Mapping[str, Input]:
        """Return both errors of each source image."""
        return {
            "l1": Input(self.translations, CycleError(), Rows, None),
            "lpips": Input(self.translations, CycleDistance(self.extractor), Rows, None),
            "task": self.task,
        }

    def compute(self, l1: Rows, lpips: Rows, task: Rows) -> dict[str, Number]:
        """Return the mean errors, and those of each pair of domains."""
        return {
            f"{self.name}_{key}": mean_of_rows(errors.rows(), task.rows(), self.higher_is_better)
            for key, errors in (("l1", l1), ("lpips", lpips))
        }


cycle = CycleReconstruction("cycle", "plain")
"""L1 and LPIPS of images translated there and back, mean over directions; lower is better."""
cycle_latent = CycleReconstruction("cycle_latent", "latent")
"""L1 and LPIPS of images translated there by a random style and back by their own; lower is better."""
cycle_reference = CycleReconstruction("cycle_reference", "reference")
"""L1 and LPIPS of images translated there by a reference's style and back by their own; lower is better."""
