"""What a paper measures and how: one file a paper, found by entry point."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ganbench.benchmarks.published import Published, published_for

__all__ = ["Benchmark", "Experiment", "Published"]


@dataclass(frozen=True)
class Experiment:
    """What a paper's headline numbers were measured on; a plan without a model and data goes by it.

    Attributes:
        data: name of the real images, for people, such as ``FFHQ``.
        images: number of them; of data with domains, of training images in each.
        resolution: height and width in pixels.
        model: as registered; "" where ganbench has none of the paper's.
        recipe: of the model, whose networks are built.
        domains: of the data; none for data without.
        validation: number of validation images in each domain.
    """

    data: str
    images: int
    resolution: int
    model: str = ""
    recipe: str = ""
    domains: tuple[str, ...] = ()
    validation: int = 0


@dataclass(frozen=True)
class Benchmark:
    """A measuring protocol: data, of which nothing is computed.

    Attributes:
        name: as registered.
        description: one line.
        data: the reals' name; None where they must be named with ``--data``.
        metrics: measured when none are asked for, with their counts.
        version: raised whenever equal models would get other numbers.
        short_names: what ``fid``, ``ppl``, ``eqt`` and so on mean here.
        extractors: replacements for the extractors that metrics name, such as ``inception`` -> ``digits``.
        ddof: covariances divide by N - ddof; None for each metric's usual divisor.
        quantiser: how generated images become 8-bit ones; None for each metric's usual way.
        resize: how images are brought to an extractor's size; None for the extractor's usual way.
        embedded: whether everything it needs ships with ganbench.
        paper: authors, title, venue and arXiv number; "" where no paper is behind it.
        experiment: the paper's main one; None where no paper is behind it.
        papers: models whose published numbers were measured like this, as ``published.csv`` names them.
        sources: beginnings of the sources that they are taken from; none for every source.
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
        """What it changes in metrics that have such fields; None leaves them as they are."""
        return {"ddof": self.ddof, "quantiser": self.quantiser, "resize": self.resize}

    @property
    def published(self) -> tuple[Published, ...]:
        """The published numbers of its papers, with source and confidence."""
        return published_for(self.papers, self.sources)
