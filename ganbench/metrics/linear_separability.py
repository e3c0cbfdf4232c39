"""Linear separability."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from ganbench.functional import separability
from ganbench.inputs import AttributeLogits, Input, Latents, Rows, Samples
from ganbench.metrics.base import BaseMetric, Number, Uncertainty

MUCH = 0.2  # of the score; at the official count, 40 attributes and 512 dimensions, chance takes 0.1 of it


@dataclass(frozen=True)
class LinearSeparability(BaseMetric):
    """How well hyperplanes in Z and in W predict attributes of the images; 1 at best, lower is better.

    For every attribute, a linear support vector machine is fitted to the half of the samples with the most confident
    classifications; the score is ``2 ** sum of H(Y | X)`` in bits.

    Attributes:
        name: name as in papers.
        count: number of generated images.
        keep: share of the images that is fitted to.
        extractor: name of the classifier of the attributes.

    Source: Karras et al., A style-based generator architecture (CVPR 2019), section 4.2 and appendix C.
    Deviation: as in ``ganbench.functional.separability``; every image has its own noise.
    """

    name: str
    count: int
    keep: float = 0.5
    extractor: str = "celebahq"

    version: ClassVar[int] = 1
    higher_is_better: ClassVar[bool] = False
    unit: ClassVar[str] = ""
    uncertainty: ClassVar[Uncertainty] = "jackknife"
    replicates: ClassVar[int] = 5  # all machines are fitted anew without each group

    def inputs(self) -> Mapping[str, Input]:
        """Return latents and attributes of generated images."""
        logits = AttributeLogits(self.extractor)
        return {
            "logits": Input(Samples(), logits, Rows, self.count, minimum=2),
            "z": Input(Samples(), Latents("z"), Rows, self.count, minimum=2),
            "w": Input(Samples(), Latents("w"), Rows, self.count, minimum=2),
        }

    def compute(self, logits: Rows, z: Rows, w: Rows) -> dict[str, Number]:
        """Return the score in Z and in W."""
        kept = round(logits.count * self.keep)
        scores = {"z": z, "w": w}
        return {
            f"{self.name}_{space}": Number(separability(latents.rows(), logits.rows().T, kept), self.higher_is_better)
            for space, latents in scores.items()
        }

    def warnings(self, filled: Mapping[str, Any]) -> list[str]:
        """Return a warning where a good part of the fit is chance.

        Source: Wilks, The large-sample distribution of the likelihood ratio (1938): fitting D parameters to n samples
        lowers their mean negative log likelihood by some ``D / 2n`` nats below the truth, here taken for ``H(Y | X)``.
        """
        logits, dims = filled["logits"], filled["z"].rows().shape[1]
        kept, attributes = round(logits.count * self.keep), logits.rows().shape[1]
        by_chance = 1 - 2 ** (-attributes * dims / (2 * math.log(2) * kept))
        if by_chance <= MUCH:
            return []
        return [
            f"{self.name} fits hyperplanes in {dims} dimensions to {kept} images, so that chance alone lowers it by "
            f"some {100 * by_chance:.0f} %, down to 1 at most; ask for more samples"
        ]


ls = LinearSeparability("ls", 200_000)
"""Linear separability in z and w, 200,000 samples of which half are kept; lower is better."""
