"""Which records are shown: the newest numbers of the newest weights."""

from collections.abc import Iterable

from ganbench.records.protocol import Protocol, protocol
from ganbench.records.record import RunRecord
from ganbench.records.truncation import truncation


def newest(found: Iterable[RunRecord]) -> list[RunRecord]:
    """Return the records that hold the newest number of something, of the newest weights of each model, oldest first.

    Args:
        found: oldest first.
    """
    found = list(found)
    weights = {(record.model["name"], record.benchmark): record.model["sha256"] for record in found}
    seen: set[tuple[str, Protocol]] = set()
    kept = []
    for record in reversed(found):
        name = record.model["name"]
        told = {(name, protocol(record, result)) for result in record.results}
        if record.model["sha256"] == weights[name, record.benchmark] and told - seen:
            kept.append(record)
            seen |= told
    return kept[::-1]


def is_study(record: RunRecord) -> bool:
    """Return whether a record is of several truncations."""
    return len({truncation(result) for result in record.results}) > 1
