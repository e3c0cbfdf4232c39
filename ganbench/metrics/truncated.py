"""The base of metrics of samples, which may be truncated or of one class."""

import dataclasses
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from ganbench.errors import BadInputError
from ganbench.inputs import Features, Quantiser, Reals, ResizeMethod, Samples
from ganbench.metrics.base import BaseMetric
from ganbench.truncation import Truncation


@dataclass(frozen=True, kw_only=True)
class OfSamples(BaseMetric):
    """Base of the metrics of generated images, which may be truncated or of one class.

    Attributes:
        truncation_psi: factor of the distance from w_avg; 1 for no truncation.
        truncation_cutoff: number of layers truncated; None for all.
        quantiser: name of a quantiser of ``ganbench.images.to_uint8``, for samples.
        resize: method of resizing to the extractor's input size; None for the extractor's usual one.
        label: number of the class to measure; None for all classes together.
    """

    truncation_psi: float = 1.0
    truncation_cutoff: int | None = None
    quantiser: Quantiser = "stylegan"
    resize: ResizeMethod | None = None
    label: int | None = None

    optional: ClassVar[frozenset[str]] = frozenset(
        {"truncation_psi", "truncation_cutoff", "quantiser", "resize", "label"}
    )

    @property
    def samples(self) -> Samples:
        """The generated images."""
        return Samples(self.truncation_psi, self.truncation_cutoff, self.label)

    @property
    def reals(self) -> Reals:
        """The real images to compare them with."""
        return Reals(self.label)

    def view_of(self, extractor: str, layer: str = "features") -> Features:
        """Return the view of an extractor's layer with this metric's quantiser and resizing."""
        return Features(extractor, layer, self.quantiser, self.resize)

    def of_class(self, label: int) -> Self:
        """Return the metric of one class: ``fid50k`` of class 2 is ``fid50k_class2``.

        Samples and reals are of that class alone; a count is that of its samples, ``max_real`` that of its reals.
        """
        # Metrics have a name.
        changes: dict[str, Any] = {"name": f"{self.name}_class{label}", "label": label}  # type: ignore[attr-defined]
        return dataclasses.replace(self, **changes)

    def spec(self) -> dict[str, Any]:
        """Return the parameters as for every metric; with truncation, also ``truncation_cutoff``."""
        how = {} if self.truncation_psi == 1 else {"truncation_cutoff": self.truncation_cutoff}
        return {**super().spec(), **how}

    def truncated(self, truncation: Truncation) -> Self:
        """Return the metric with truncated samples, renamed accordingly.

        Raises:
            BadInputError: psi is out of range, or the samples are truncated already.
        """
        name: str = self.name  # type: ignore[attr-defined]  # every metric has one
        if not abs(truncation.psi) <= MOST_PSI:
            raise BadInputError(
                f"expected a truncation from -{MOST_PSI} to {MOST_PSI}, found {truncation.psi}: write for example 0.7."
            )
        if self.truncation_psi != 1:
            raise BadInputError(
                f"expected one truncation of {name}, found two: leave out either its psi or the truncation of the run."
            )
        psi, cutoff = truncation
        changes: dict[str, Any] = {"truncation_psi": psi, "truncation_cutoff": cutoff}
        changes["name"] = f"{name}{truncation.suffix}"
        return dataclasses.replace(self, **changes)


MOST_PSI = 100  # beyond, latents are so far from those of training that float32 images are only rounding noise
