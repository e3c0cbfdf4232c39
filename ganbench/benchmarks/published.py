"""Published numbers, each with its source and the confidence in its transcription."""

import csv
from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

Confidence = Literal["high", "med", "low"]
TABLE = Path(__file__).with_name("published.csv")


@dataclass(frozen=True)
class Published:
    """One published number.

    Attributes:
        model: such as ``stylegan3``.
        variant: configuration or training, such as ``t``.
        dataset: such as ``ffhqu``.
        resolution: of the images in pixels, such as ``1024`` or ``512x384``; empty if not stated.
        metric: ganbench's name if it measures it, else the source's.
        value: in the unit of the source.
        unit: of the value, and whether lower or higher is better.
        source: paper and table, or page.
        confidence: ``high`` if two transcriptions agree or the source was read, ``low`` if it should be checked.
        notes: what else the source says.
    """

    model: str
    variant: str
    dataset: str
    resolution: str
    metric: str
    value: float
    unit: str
    source: str
    confidence: Confidence
    notes: str


def published_for(models: Collection[str], sources: tuple[str, ...] = ()) -> tuple[Published, ...]:
    """Return the published numbers of some models, in the order of the table.

    Args:
        models: as the table names them.
        sources: prefixes of their sources; empty for every source.
    """
    return tuple(row for row in every() if row.model in models and row.source.startswith(sources or ""))


@cache
def every() -> tuple[Published, ...]:
    """Return all published numbers."""
    with TABLE.open(encoding="utf-8", newline="") as file:
        return tuple(_row(**row) for row in csv.DictReader(file))


def _row(value: str, **texts: Any) -> Published:
    return Published(value=float(value), **texts)
