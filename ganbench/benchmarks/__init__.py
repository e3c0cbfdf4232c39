"""What a paper measures and how: one file per paper, found by entry point."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ganbench.benchmarks.published import Published, published_for

__all__ = ["Benchmark", "Experiment", "Published"]


@dataclass(frozen=True)
class Experiment:
    """What a paper's headline numbers were measured on; a plan without model and data uses it.

    Attributes:
        data: name of the real images, for people, such as ``FFHQ``.
        images: how many there are; for data with domains, training images in each.
        resolution: height and width in pixels.
        model: as registered; "" if ganbench does not have the paper's.
        recipe: of the model; its networks are built.
        domains: of the data; empty for data without domains.
        validation: number of validation images in each domain.
        paired: whether the domains' images are in pairs.
    """

    data: str
    images: int
    resolution: int
    model: str = ""
    recipe: str = ""
    domains: tuple[str, ...] = ()
    validation: int = 0
    paired: bool = False


@dataclass(frozen=True)
class Benchmark:
    """A measuring protocol, as plain data.

    Attributes:
        name: as registered.
        description: one line.
        data: name of the reals; None if they must be named with ``--data``.
        metrics: measured by default, with their counts.
        version: raised whenever the same model would get other numbers.
        short_names: what ``fid``, ``ppl``, ``eqt`` and so on mean here.
        extractors: replacements for the extractors that metrics name, such as ``inception`` -> ``digits``.
        ddof: covariances divide by N - ddof; None for each metric's usual divisor.
        quantiser: how generated images become 8-bit ones; None for each metric's usual way.
        resize: how images are brought to an extractor's size; None for the extractor's usual way.
        embedded: whether everything it needs ships with ganbench.
        paper: authors, title, venue and arXiv number; "" if it follows no paper.
        experiment: the main one of the paper; None if unknown.
        papers: models whose published numbers were measured like this, as ``published.csv`` names them.
        sources: prefixes of the sources to take them from; empty for every source.
    """

    name: str
    description: str
    data: str | None
    metrics: tuple[str, ...]
    version: int = 1
    short_names: Mapping[str, str] = field(default_factory=dict)
    extractors: Mapping[str, str] = field(default_factory=dict)
    ddof: int | None = None
    quantiser: str | None = None
    resize: str | None = None
    embedded: bool = False
    paper: str = ""
    experiment: Experiment | None = None
    papers: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()

    @property
    def fields(self) -> dict[str, Any]:
        """Values for the fields of metrics that have them; None leaves a field as it is."""
        return {"ddof": self.ddof, "quantiser": self.quantiser, "resize": self.resize}

    @property
    def published(self) -> tuple[Published, ...]:
        """The published numbers measured like this, with source and confidence."""
        return published_for(self.papers, self.sources)
