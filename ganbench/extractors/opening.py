"""From the name of an extractor to the extractor."""

import inspect

from ganbench import registry
from ganbench.checkpoints.download import without_fetching
from ganbench.types import Extractor

__all__ = ["open_extractor", "without_fetching"]


def open_extractor(spec: str) -> Extractor:
    """Return an extractor, float32, on the CPU.

    Args:
        spec: a registered name, with what it understands after a colon: ``inception``, ``attributes:FILE``.

    Raises:
        UnknownNameError: nothing is called like that.
        GanbenchError: its weights are missing, or cannot be used.
    """
    name, colon, variant = spec.partition(":")
    opener = registry.load("extractors", name)
    if colon and not inspect.signature(opener).parameters:
        raise registry.unknown("extractors", spec, registry.names("extractors"))
    opened: Extractor = opener(*([variant] if colon else []))
    return opened
