"""What a metric can ask for: a source of batches, a view of each batch, an accumulator for what is seen."""

from dataclasses import dataclass

from ganbench.images import Quantiser
from ganbench.inputs.accumulators import Accumulator, Moments, Rows, Sums
from ganbench.inputs.batch import Batch, Setting, Source, View
from ganbench.inputs.image_pairs import PairDistance, RealPairs, SamplePairs
from ganbench.inputs.sources import PathPairs, Reals, Samples, Transformed
from ganbench.inputs.translated import Domains, Drawn, OutputDiversity, TranslatedFeatures
from ganbench.inputs.translations import Mode, Translations
from ganbench.inputs.views import AttributeLogits, EquivarianceError, Features, Latents, PathDistance, Uint8

__all__ = [
    "Accumulator",
    "AttributeLogits",
    "Batch",
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
    "Rows",
    "SamplePairs",
    "Samples",
    "Setting",
    "Source",
    "Sums",
    "Transformed",
    "TranslatedFeatures",
    "Translations",
    "Uint8",
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
    """

    source: Source
    view: View
    into: type[Accumulator]
    count: int | None
    minimum: int = 1
