"""Metrics of truncated samples."""

import dataclasses
from dataclasses import dataclass
from typing import Any

from ganbench.errors import BadInputError
from ganbench.inputs import Samples
from ganbench.metrics.base import Metric
from ganbench.truncation import Truncation


@dataclass(frozen=True, kw_only=True)
class OfSamples:
    """What metrics of generated images share: the images may be truncated.

    Attributes:
        truncation_psi: 1 for none.
        truncation_cutoff: number of layers truncated; None for all.
    """

    truncation_psi: float = 1.0
    truncation_cutoff: int | None = None

    @property
    def samples(self) -> Samples:
        """The generated images."""
        return Samples(self.truncation_psi, self.truncation_cutoff)


def truncated(metric: Metric, truncation: Truncation) -> Metric:
    """Return the metric with its samples truncated, and a name that says so; the same metric at psi 1.

    Raises:
        BadInputError: the metric is not one of plain samples, or psi is not finite.
    """
    if not truncation.suffix:
        return metric
    if not isinstance(metric, OfSamples):
        raise BadInputError(f"{metric.name} is not measured on truncated samples: leave the truncation out.")
    if not abs(truncation.psi) < float("inf"):
        raise BadInputError(f"a truncation psi of {truncation.psi} makes no images: write a number such as 0.7.")
    changes: dict[str, Any] = {
        "name": f"{metric.name}{truncation.suffix}",
        "truncation_psi": truncation.psi,
        "truncation_cutoff": truncation.cutoff,
    }
    return dataclasses.replace(metric, **changes)
