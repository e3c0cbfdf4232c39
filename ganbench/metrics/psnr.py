"""Peak signal-to-noise ratio of translations and their ground truth."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from ganbench.inputs import Input, Quantiser, Rows
from ganbench.inputs.paired import TruthRatio
from ganbench.metrics.base import Number
from ganbench.metrics.pairs import mean_of_rows
from ganbench.metrics.translation import OfTranslations


@dataclass(frozen=True)
class PeakSignalToNoise(OfTranslations):
    """Peak signal-to-noise ratio of translations, taken for their ground truth with noise; in dB, higher is better.

    8-bit images at the model's size. The mean over images of each image's own ratio, and over ordered pairs of domains,
    of which a translator of one direction has one. Equal images, whose ratio is infinite, count with 100 dB.

    Attributes:
        quantiser: how translated images become 8-bit ones, of ``ganbench.images.to_uint8``.

    Source: as scikit-image's ``peak_signal_noise_ratio`` with a range of 255, which images are usually compared by.
    """

    num_outputs: int = 1
    val_batch_size: int | None = None
    quantiser: Quantiser = "cyclegan"

    version: ClassVar[int] = 1
    higher_is_better: ClassVar[bool] = True
    unit: ClassVar[str] = "dB"

    def inputs(self) -> Mapping[str, Input]:
        """Return the ratio of each translation."""
        return {"ratio": Input(self.translations, TruthRatio(self.quantiser), Rows, None), "task": self.task}

    def compute(self, ratio: Rows, task: Rows) -> dict[str, Number]:
        """Return the mean ratio, and that of each pair of domains."""
        return {self.name: mean_of_rows(ratio.rows(), task.rows(), self.higher_is_better)}


psnr = PeakSignalToNoise("psnr", "plain")
"""Peak signal-to-noise ratio of translations beside their ground truth, 8-bit, in dB; higher is better."""
