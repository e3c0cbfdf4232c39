"""The inputs of metrics: a source of batches, a view of each batch, and an accumulator of its rows."""

from dataclasses import dataclass

from ganbench.images import Quantiser, ResizeMethod
from ganbench.inputs.accumulators import Accumulator, Moments, Rows, Sums
from ganbench.inputs.batch import BaseSource, BaseView, Batch, Source, View
from ganbench.inputs.classes import Classes
from ganbench.inputs.context import Context
from ganbench.inputs.image_pairs import PairDistance, RealPairs, SamplePairs
from ganbench.inputs.known import accumulated, available, known_for, lacking, mismatch
from ganbench.inputs.sources import PathPairs, Reals, Samples, Transformed
from ganbench.inputs.translated import Domains, Drawn, OutputDiversity, TranslatedFeatures
from ganbench.inputs.translations import Mode, Translations
from ganbench.inputs.unit_features import UnitFeatures
from ganbench.inputs.views import AttributeLogits, EquivarianceError, Features, Latents, PathDistance, Uint8
from ganbench.plugins import completed
from ganbench.types import Statistics

__all__ = [
    "Accumulator",
    "AttributeLogits",
    "BaseSource",
    "BaseView",
    "Batch",
    "Classes",
    "Context",
    "Domains",
    "Drawn",
    "EquivarianceError",
    "Features",
    "Input",
    "Latents",
    "Mode",
    "Moments",
    "OutputDiversity",
    "PairDistance",
    "PathDistance",
    "PathPairs",
    "Quantiser",
    "RealPairs",
    "Reals",
    "ResizeMethod",
    "Rows",
    "SamplePairs",
    "Samples",
    "Source",
    "Sums",
    "Transformed",
    "TranslatedFeatures",
    "Translations",
    "Uint8",
    "UnitFeatures",
    "View",
]


@dataclass(frozen=True)
class Input:
    """One input of a metric: the first ``count`` samples of a source, seen through a view, accumulated.

    A third party's source or view that lacks members gets those of ``BaseSource`` and ``BaseView``.

    Attributes:
        source: source of the batches; equal sources share one pass.
        view: view of each batch; equal views are computed once per batch.
        into: class of the accumulator.
        count: number of samples, at most as many as the source has; None for all of them.
        minimum: fewest samples for which the metric is defined.
    """

    source: Source
    view: View
    into: type[Accumulator]
    count: int | None
    minimum: int = 1

    def __post_init__(self) -> None:
        object.__setattr__(self, "source", completed(self.source, BaseSource))
        object.__setattr__(self, "view", completed(self.view, BaseView))

    def problems(self, context: Context) -> list[str]:
        """Return what keeps this input from being answered: the problems of the source, or else those of the view."""
        if (known := self._known(context)) is not None:
            return mismatch(known, self.view, self.count, context)
        return (
            lacking(self.source, self.view, self.into, context)
            or self.source.problems(context)
            or self.view.problems(context)
        )

    def answer(self, context: Context) -> Accumulator | None:
        """Return the filled accumulator if statistics of the reals answer this input, else None."""
        known = self._known(context)
        return None if known is None else accumulated(known, self.into, self.count)

    def is_known(self, context: Context) -> bool:
        """Return whether statistics of the reals answer this input."""
        return self._known(context) is not None

    def _known(self, context: Context) -> Statistics | None:
        """Return the statistics that answer this input; beside images, only those of the same protocol."""
        known = known_for(self.source, self.view, self.into, context)
        if known is None or context.data is None:
            return known
        return None if mismatch(known, self.view, self.count, context) else known

    def samples(self, context: Context) -> int:
        """Return the number of samples that answer this input: ``count``, or as many as there are."""
        if (known := self._known(context)) is not None:
            return available(known, self.count) or self.count or self.minimum
        have = self.source.length(context)
        wanted = have if self.count is None else self.count
        assert wanted is not None, f"{self.source} has no end and {self} no count"
        return wanted if have is None else min(wanted, have)
