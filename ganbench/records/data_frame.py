"""Records as a pandas ``DataFrame``, for analyses that the tables do not cover."""

import math
import warnings
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganbench.errors import BadInputError
from ganbench.paths import expanded
from ganbench.records.collect import collect
from ganbench.records.record import Result, RunRecord

if TYPE_CHECKING:
    import pandas as pd

TYPES = {
    "id": "object",
    "created": "datetime64[ns, UTC]",
    "model": "object",
    "weights": "object",
    "weights_sha256": "object",
    "kimg": "float64",
    "data": "object",
    "benchmark": "object",
    "seed": "int64",
    "metric": "object",
    "key": "object",
    "part": "object",
    "value": "float64",
    "low": "float64",
    "high": "float64",
    "level": "float64",
    "method": "object",
    "error_samples": "float64",
    "error_reals": "float64",
    "error_pairs": "float64",
    "bias": "float64",
    "count": "Int64",
    "extractor": "object",
    "version": "int64",
    "unit": "object",
    "higher_is_better": "boolean",
}
SHARED = ("metric", "key", "count", "extractor", "version", "unit", "higher_is_better")  # by a number and its parts


def frame(
    records_or_folder: RunRecord | Iterable[RunRecord] | Path | str | None = None, *, parts: bool = False
) -> "pd.DataFrame":
    """Return records as a ``DataFrame``: a row for each number, oldest record first unless they are given in an order.

    The columns are those of ``TYPES``. ``id`` is the record's, ``part`` is None for the number itself, ``low``,
    ``high``, ``level`` and ``method`` are its interval, and ``error_samples``, ``error_reals`` and ``error_pairs`` its
    standard errors. What a record does not hold is missing (``pandas.isna``); infinite values stay infinite.

    A file of a folder that is not a readable record is named in a ``UserWarning`` and left out.

    Args:
        records_or_folder: records, a record's file, or a folder of them; None for the default results folder.
        parts: add a row for each part of a number, such as ``0->1`` for an ordered pair of domains.

    Raises:
        BadInputError: there is no readable record.
    """
    import pandas as pd  # not above: it takes half a second

    rows = [row for record in _records(records_or_folder) for row in _rows(record, parts)]
    columns = {name: pd.Series([row.get(name) for row in rows], dtype=kind) for name, kind in TYPES.items()}
    return pd.DataFrame(columns)


def _records(source: RunRecord | Iterable[RunRecord] | Path | str | None) -> list[RunRecord]:
    if isinstance(source, RunRecord):
        return [source]
    if source is not None and not isinstance(source, Path | str):
        return list(source)
    skipped: list[BadInputError] = []
    records = collect([] if source is None else [expanded(source)], None, skipped.append)
    if not records:
        raise skipped[0]
    for error in skipped:
        warnings.warn(str(error), UserWarning, stacklevel=3)
    return records


def _rows(record: RunRecord, parts: bool) -> Iterator[dict[str, Any]]:
    """Return the rows of a record; cells that are not in a row are missing."""
    run = {
        "id": record.id,
        "created": datetime.fromisoformat(record.created),
        "model": record.model["name"],
        "weights": record.model["weights"],
        "weights_sha256": record.model["sha256"],
        "kimg": record.model.get("kimg", math.nan),
        "data": record.data["name"] if record.data else None,
        "benchmark": record.benchmark,
        "seed": record.seed,
    }
    for result in record.results:
        shared = run | {name: getattr(result, name) for name in SHARED}
        yield shared | _number(result)
        for part, value in result.parts.items() if parts else ():
            yield shared | {"part": part, "value": value}


def _number(result: Result) -> dict[str, Any]:
    errors = {f"error_{what}": error for what, error in result.errors.items()}
    return {"value": result.value, "bias": result.bias, **errors, **(result.interval or {})}
