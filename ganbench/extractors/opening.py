"""From the name of an extractor to the extractor."""

import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from ganbench import registry
from ganbench.checkpoints.download import without_fetching
from ganbench.errors import MissingWeightsError
from ganbench.types import Extractor

__all__ = ["open_extractor", "with_stand_ins", "without_fetching"]

_lacking: ContextVar[dict[str, str] | None] = ContextVar("_lacking", default=None)


@contextmanager
def with_stand_ins() -> Iterator[dict[str, str]]:
    """Open extractors whose weights are missing with random ones, within this context, for planning.

    Yields a mapping, filled as extractors are opened, from the name of each such extractor to the message of its
    ``MissingWeightsError``.
    """
    lacking: dict[str, str] = {}
    token = _lacking.set(lacking)
    try:
        yield lacking
    finally:
        _lacking.reset(token)


def open_extractor(spec: str) -> Extractor:
    """Return an extractor, float32, on the CPU.

    Args:
        spec: a registered name, perhaps with an argument after a colon: ``inception``, ``attributes:FILE``.

    Raises:
        UnknownNameError: no extractor has that name.
        GanbenchError: its weights are missing or cannot be used.
    """
    name, colon, variant = spec.partition(":")
    opener = registry.load("extractors", name)
    if colon and not inspect.signature(opener).parameters:
        raise registry.unknown("extractors", spec, registry.names("extractors"))
    try:
        opened: Extractor = opener(*([variant] if colon else []))
    except MissingWeightsError as error:
        return _stand_in(name, error)
    return opened


def _stand_in(name: str, error: MissingWeightsError) -> Extractor:
    """Return a built-in extractor with random weights within ``with_stand_ins``, else raise the error."""
    from ganbench.extractors.untrained import untrained

    lacking = _lacking.get()
    found = untrained(name) if lacking is not None else None
    if lacking is None or found is None:
        raise error
    lacking[name] = str(error)
    return found
