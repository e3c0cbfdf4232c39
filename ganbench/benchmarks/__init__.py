"""What a paper measures and how: one file a paper, found by entry point."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Benchmark:
    """A measuring protocol.

    Attributes:
        name: as registered.
        description: one line.
        data: the reals' name; None where they must be named with ``--data``.
        metrics: measured when none are asked for.
        short_names: what ``fid``, ``ppl``, ``eqt`` and so on mean here.
        extractors: replacements for the extractors that metrics name, such as ``inception`` -> ``digits``.
        embedded: whether everything it needs ships with ganbench.
    """

    name: str
    description: str
    data: str | None
    metrics: tuple[str, ...]
    short_names: Mapping[str, str] = field(default_factory=dict)
    extractors: Mapping[str, str] = field(default_factory=dict)
    embedded: bool = False
