"""Features of length 1, of which only the direction counts."""

from dataclasses import dataclass

from torch import Tensor

from ganbench.functional.rows import of_unit_length
from ganbench.inputs.batch import BaseView, Batch
from ganbench.inputs.context import Context
from ganbench.inputs.views import Features


@dataclass(frozen=True)
class UnitFeatures(BaseView):
    """Features divided by their length, ``[N, D]`` float64; zeros stay zeros.

    Attributes:
        features: of which the length is taken away.
    """

    features: Features

    @property
    def extractor(self) -> str:
        """Name of the extractor."""
        return self.features.extractor

    def problems(self, context: Context) -> list[str]:
        """Return the problems of the features."""
        return self.features.problems(context)

    def compute(self, batch: Batch) -> Tensor:
        """Return the features, of length 1."""
        return of_unit_length(batch.of(self.features).double())
