"""What the parts of ganbench promise each other: protocols of models, data, extractors and adapters.

Every optional capability is a protocol, and callers test for it with ``isinstance``. ``ganbench.models.BaseAdapter``
holds the defaults of an adapter.
"""

from ganbench.types.adapters import Adapter, Checkpoint, Embedded, LoadedModel, Progress, Recipe
from ganbench.types.data import (
    Dataset,
    DomainDataset,
    NotedDataset,
    ResizableDataset,
    Statistics,
    WatchedDataset,
    WithDomains,
    WithImages,
    WithPairs,
    WithStatistics,
)
from ganbench.types.extractors import (
    AttributeExtractor,
    ClassExtractor,
    Extractor,
    PerceptualExtractor,
    ResizingExtractor,
    SegmentationExtractor,
)
from ganbench.types.interface import Interface
from ganbench.types.models import (
    EquivariantGenerator,
    Fingerprinted,
    FirstBatch,
    FixedSamples,
    Foreign,
    Generator,
    MaskedTranslator,
    Noise,
    NoiseMode,
    PartialTranslator,
    Sized,
    StyleGenerator,
    StyleTranslator,
    Translator,
)
from ganbench.types.weights import WeightsFile, needed_by, needs

__all__ = [
    "Adapter",
    "AttributeExtractor",
    "Checkpoint",
    "ClassExtractor",
    "Dataset",
    "DomainDataset",
    "Embedded",
    "EquivariantGenerator",
    "Extractor",
    "Fingerprinted",
    "FirstBatch",
    "FixedSamples",
    "Foreign",
    "Generator",
    "Interface",
    "LoadedModel",
    "MaskedTranslator",
    "Noise",
    "NoiseMode",
    "NotedDataset",
    "PartialTranslator",
    "PerceptualExtractor",
    "Progress",
    "Recipe",
    "ResizableDataset",
    "ResizingExtractor",
    "SegmentationExtractor",
    "Sized",
    "Statistics",
    "StyleGenerator",
    "StyleTranslator",
    "Translator",
    "WatchedDataset",
    "WeightsFile",
    "WithDomains",
    "WithImages",
    "WithPairs",
    "WithStatistics",
    "needed_by",
    "needs",
]
