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
    """Distance of validation images from their translations there and back; lower is better.

    Two numbers, each a plain mean over ordered pairs of domains: ``_l1``, the mean absolute difference of pixels on the
    scale -1..1 (so 2 at worst, if the model keeps that range), and ``_lpips``, the perceptual distance. Float images,
    neither clipped nor quantised. A translator with styles uses a style of ``mode`` on the way there, and that of the
    source image on the way back. A low error alone says little: a model that changes nothing has an error of 0.

    Attributes:
        num_outputs: outputs per source image; 1 by default.
        val_batch_size: None, because one reference is enough.
        extractor: name of the extractor that measures perceptual distance.

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
"""L1 and LPIPS of images translated there with a random style and back with their own; lower is better."""
cycle_reference = CycleReconstruction("cycle_reference", "reference")
"""L1 and LPIPS of images translated there with a reference's style and back with their own; lower is better."""
