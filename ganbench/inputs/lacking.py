"""Problems of views with their extractors, found before any work; extractors that did not open are skipped."""

from ganbench.inputs.context import Context
from ganbench.types import PerceptualExtractor


def layer_problems(context: Context, extractor: str, layer: str) -> list[str]:
    """Return a problem if an extractor, by name, lacks a layer."""
    found = context.extractors.get(extractor)
    if found is None or layer in found.layers:
        return []
    return [
        f"expected the layer {layer!r} of an extractor, found {', '.join(found.layers) or 'none'} in {extractor!r}: "
        "choose another extractor."
    ]


def perceptual_problems(context: Context, extractor: str) -> list[str]:
    """Return a problem if an extractor, by name, measures no perceptual distance."""
    if isinstance(context.extractors.get(extractor), PerceptualExtractor | None):
        return []
    return [f"the extractor {extractor!r} measures no perceptual distance: choose a benchmark whose extractor does."]
