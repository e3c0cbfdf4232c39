"""Equivariance to translation (EQ-T) and rotation (EQ-R)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from ganbench.functional import equivariance_psnr
from ganbench.inputs import EquivarianceError, Input, Sums, Transformed
from ganbench.inputs.views import Motion
from ganbench.metrics.base import BaseMetric, Number


@dataclass(frozen=True)
class Equivariance(BaseMetric):
    """EQ-T or EQ-R: how exactly the image follows when the generator's input is moved, in dB; higher is better.

    Peak signal-to-noise ratio for a range of 2 (-1..1); the error is a ratio of sums over all samples. In float32 the
    sums are accurate to about 1e-3 (0.005 dB) up to some 90 dB; use ``float64`` beyond.

    Attributes:
        name: name as in papers.
        count: number of images.
        motion: ``int`` whole pixels, ``frac`` any shift, ``rot`` rotation.
        translate_max: largest shift, in image widths.
        rotate_max: largest angle, in half turns.
        float64: whether networks run in float64.

    Source: Karras et al., Alias-free generative adversarial networks (NeurIPS 2021), equation 3 and appendix E.
    Deviation: every image has its own motion; the official code draws one for each batch of four.
    """

    name: str
    count: int
    motion: Motion
    translate_max: float = 0.125
    rotate_max: float = 1.0
    float64: bool = False

    version: ClassVar[int] = 1
    higher_is_better: ClassVar[bool] = True
    unit: ClassVar[str] = "dB"

    def inputs(self) -> Mapping[str, Input]:
        """Return the sums of masked errors and masks."""
        source = Transformed(self.translate_max, self.rotate_max, self.float64)
        return {"sums": Input(source, EquivarianceError(self.motion, self.float64), Sums, self.count)}

    def compute(self, sums: Sums) -> dict[str, Number]:
        """Return the ratio in dB."""
        error, mask = sums.sum.tolist()
        return {self.name: Number(equivariance_psnr(error, mask), self.higher_is_better)}


eqt50k_int = Equivariance("eqt50k_int", 50_000, "int")
"""EQ-T: equivariance to shifts by whole pixels, dB; higher is better."""
eqt50k_frac = Equivariance("eqt50k_frac", 50_000, "frac")
"""EQ-T: equivariance to any shift, dB; higher is better."""
eqr50k = Equivariance("eqr50k", 50_000, "rot")
"""EQ-R: equivariance to rotation, dB; higher is better."""
