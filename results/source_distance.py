"""How far translations are from their source images: a metric of this folder's own, for what a translator keeps."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from ganbench.inputs import Input, Rows
from ganbench.inputs.batch import BaseView, Batch
from ganbench.metrics.base import Number
from ganbench.metrics.pairs import mean_of_rows
from ganbench.metrics.translation import OfTranslations


@dataclass(frozen=True)
class SourceError(BaseView):
    """Mean absolute difference of translations and their source images, ``[N, 1]``, on the scale -1..1."""

    extractor = None

    def compute(self, batch: Batch) -> Tensor:
        """Return the mean over outputs, channels and pixels."""
        change = batch.drawn["image"] - batch.drawn["source"][:, None]
        return change.abs().reshape(len(batch.indices), -1).mean(1, keepdim=True)


@dataclass(frozen=True)
class SourceDistance(OfTranslations):
    """L1 of translations and their source images, mean over ordered pairs of domains; lower keeps more of the source.

    Source: Zhu et al., Unpaired image-to-image translation using cycle-consistent adversarial networks (ICCV 2017),
    section 5.2, asks that the identity loss keep the colours of the source; digits have no colours, but strokes.
    """

    num_outputs: int = 1
    val_batch_size: int | None = None

    version: ClassVar[int] = 1
    higher_is_better: ClassVar[bool] = False
    unit: ClassVar[str] = ""

    def inputs(self) -> Mapping[str, Input]:
        """Return the difference for each source image."""
        return {"l1": Input(self.translations, SourceError(), Rows, None), "task": self.task}

    def compute(self, l1: Rows, task: Rows) -> dict[str, Number]:
        """Return the mean difference, and that of each pair of domains."""
        return {self.name: mean_of_rows(l1.rows(), task.rows(), self.higher_is_better)}


source_l1 = SourceDistance("source_l1", "plain")
"""L1 of translations without style and their source images."""
