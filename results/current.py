"""Which records are shown: the newest of each model."""

from collections.abc import Iterable

from ganbench.records.record import RunRecord
from ganbench.records.truncation import is_study


def newest(found: Iterable[RunRecord]) -> list[RunRecord]:
    """Return the newest record of each model by each benchmark, and its newest study of truncation, oldest first.

    Args:
        found: oldest first.
    """
    last = {(record.model["name"], record.benchmark, is_study(record)): record for record in found}
    return sorted(last.values(), key=lambda record: record.created)
