"""Perceptual path length."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from ganbench.functional import path_length, path_length_error
from ganbench.inputs import Input, PathDistance, PathPairs, Rows
from ganbench.inputs.sources import Sampling, Space
from ganbench.metrics.base import BaseMetric, Number, Uncertainty


@dataclass(frozen=True)
class PerceptualPathLength(BaseMetric):
    """PPL: how much images change perceptually along short steps between latents; lower is better.

    A difference of two nearly equal float32 images is divided by epsilon squared (1e8), so single distances carry
    rounding noise of about 1 % and the filtered mean about 0.05 %; ``float64`` computes everything in float64.

    Attributes:
        name: name as in papers.
        count: number of path steps, two images each.
        space: ``z`` or ``w``.
        sampling: ``full`` for t uniform in 0..1, ``end`` for t = 0.
        crop: whether only the face region counts (v1 protocol).
        epsilon: step along the path.
        extractor: name of the extractor that measures perceptual distance.
        float64: whether networks run in float64.

    Source: Karras et al. (CVPR 2019), section 4.1 (``ppl_*``, cropped); Karras et al. (CVPR 2020), which reports only
    ``ppl2_wend`` of the four that do not crop.
    """

    name: str
    count: int
    space: Space
    sampling: Sampling
    crop: bool
    epsilon: float = 1e-4
    extractor: str = "lpips-vgg16"
    float64: bool = False

    version: ClassVar[int] = 1
    higher_is_better: ClassVar[bool] = False
    unit: ClassVar[str] = ""
    uncertainty: ClassVar[Uncertainty] = "per-sample"

    def inputs(self) -> Mapping[str, Input]:
        """Return the distance of every path step."""
        source = PathPairs(self.space, self.sampling, self.epsilon, self.float64)
        return {
            "distances": Input(
                source, PathDistance(self.extractor, self.crop, self.epsilon, self.float64), Rows, self.count
            )
        }

    def compute(self, distances: Rows) -> dict[str, Number]:
        """Return the mean of the distances between their 1st and 99th percentile."""
        return {self.name: Number(path_length(distances.rows()[:, 0]), self.higher_is_better)}

    def standard_errors(self, distances: Rows) -> dict[str, float]:
        """Return the standard error of the mean between the percentiles."""
        return {self.name: path_length_error(distances.rows()[:, 0])}


ppl_zfull = PerceptualPathLength("ppl_zfull", 50_000, "z", "full", crop=True)
"""Perceptual path length in z, whole paths, cropped (StyleGAN); lower is better."""
ppl_wfull = PerceptualPathLength("ppl_wfull", 50_000, "w", "full", crop=True)
"""Perceptual path length in w, whole paths, cropped (StyleGAN); lower is better."""
ppl_zend = PerceptualPathLength("ppl_zend", 50_000, "z", "end", crop=True)
"""Perceptual path length in z, path ends, cropped (StyleGAN); lower is better."""
ppl_wend = PerceptualPathLength("ppl_wend", 50_000, "w", "end", crop=True)
"""Perceptual path length in w, path ends, cropped (StyleGAN); lower is better."""
ppl2_zfull = PerceptualPathLength("ppl2_zfull", 50_000, "z", "full", crop=False)
"""Perceptual path length in z, whole paths, not cropped (as StyleGAN2 measures); lower is better."""
ppl2_wfull = PerceptualPathLength("ppl2_wfull", 50_000, "w", "full", crop=False)
"""Perceptual path length in w, whole paths, not cropped (as StyleGAN2 measures); lower is better."""
ppl2_zend = PerceptualPathLength("ppl2_zend", 50_000, "z", "end", crop=False)
"""Perceptual path length in z, path ends, not cropped (as StyleGAN2 measures); lower is better."""
ppl2_wend = PerceptualPathLength("ppl2_wend", 50_000, "w", "end", crop=False)
"""Perceptual path length in w, path ends, not cropped (StyleGAN2); lower is better."""
