"""Published numbers, each with its source and how sure its transcription is."""

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
        resolution: of the images in pixels, such as ``1024`` or ``512x384``; empty where it is not stated.
        metric: as ganbench names it, where it measures it.
        value: in the unit of the source.
        unit: of the value, with its direction.
        source: paper and table, or page.
        confidence: ``high`` where two transcriptions agree or the source was read, ``low`` where it should be checked.
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
        sources: beginnings of their sources; none for every source.
    """
    return tuple(row for row in every() if row.model in models and row.source.startswith(sources or ""))


@cache
def every() -> tuple[Published, ...]:
    """Return all published numbers."""
    with TABLE.open(encoding="utf-8", newline="") as file:
        return tuple(_row(**row) for row in csv.DictReader(file))


def _row(value: str, **texts: Any) -> Published:
    return Published(value=float(value), **texts)
