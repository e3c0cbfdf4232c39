"""What a metric can ask for: a source of batches, a view of each batch, an accumulator for what is seen."""

from dataclasses import dataclass

from ganbench.images import Quantiser, ResizeMethod
from ganbench.inputs.accumulators import Accumulator, Moments, Rows, Sums
from ganbench.inputs.batch import BaseSource, BaseView, Batch, Source, View
from ganbench.inputs.classes import Classes
from ganbench.inputs.context import Context
from ganbench.inputs.image_pairs import PairDistance, RealPairs, SamplePairs
from ganbench.inputs.known import answers, mismatch, moments_of
from ganbench.inputs.sources import PathPairs, Reals, Samples, Transformed
from ganbench.inputs.translated import Domains, Drawn, OutputDiversity, TranslatedFeatures
from ganbench.inputs.translations import Mode, Translations
from ganbench.inputs.unit_features import UnitFeatures
from ganbench.inputs.views import AttributeLogits, EquivarianceError, Features, Latents, PathDistance, Uint8
from ganbench.plugins import completed

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
    """One thing a metric needs: the first ``count`` samples of a source, seen through a view, accumulated.

    Attributes:
        source: equal sources share one pass.
        view: equal views are computed once a batch.
        into: class of the accumulator.
        count: number of samples; None for all that the source has. Of a finite source no more than it has.
        minimum: fewest samples from which the metric is defined.

    A third party's source or view that lacks members gets those of ``BaseSource`` and ``BaseView``.
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
        """Return what keeps it from being answered: what the source lacks, or else what the view lacks."""
        if self._is_known(context):
            assert context.statistics is not None
            return mismatch(context.statistics, self.view, self.count, context)
        return self.source.problems(context) or self.view.problems(context)

    def answer(self, context: Context) -> Accumulator | None:
        """Return its accumulator where statistics of the reals stand for them; None where there is work to do."""
        return moments_of(context.statistics) if context.statistics and self._is_known(context) else None

    def _is_known(self, context: Context) -> bool:
        """Return whether statistics answer it; those beside images only where they are of the same protocol."""
        known = context.statistics
        if known is None or not answers(self.source, self.view, self.into, context):
            return False
        return context.data is None or not mismatch(known, self.view, self.count, context)

    def samples(self, context: Context) -> int:
        """Return how many samples answer it: ``count``, or as many as there are."""
        if context.statistics is not None and self._is_known(context):
            return context.statistics.count or self.count or self.minimum
        have = self.source.length(context)
        wanted = have if self.count is None else self.count
        assert wanted is not None, f"{self.source} has no end and {self} no count"
        return wanted if have is None else min(wanted, have)
