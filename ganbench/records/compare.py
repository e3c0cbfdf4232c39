"""Two records side by side: the difference of each number with its interval, and what differs in provenance."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from ganbench.errors import BadInputError
from ganbench.records.check import incomparable
from ganbench.records.difference import Difference, difference
from ganbench.records.protocol import protocol
from ganbench.records.record import Result, RunRecord

LONGEST = 120  # characters of a value of provenance


class Finding(Enum):
    """How a number of the second record is against that of the first."""

    BETTER = "better"
    WORSE = "worse"
    DIFFERENT = "different"
    NO_EVIDENCE = "no evidence"
    UNKNOWN = "cannot tell"


@dataclass(frozen=True)
class Compared:
    """One number of two records.

    Attributes:
        key: of the number.
        finding: what can be said of the second number.
        first, second: the values, None where a record lacks it.
        reason: why that can be said, as the end of a sentence.
        details: extractor, sample count and whatever else must be shown with the numbers.
        difference: of the two; None where they do not compare.
        worse: whether the second is worse and not by chance, even if program or machine alone made it so.
    """

    key: str
    finding: Finding
    first: float | None
    second: float | None
    reason: str
    details: str = ""
    difference: Difference | None = None
    worse: bool = False


@dataclass(frozen=True)
class Change:
    """A field of provenance that differs, with its text in both records."""

    name: str
    first: str
    second: str


@dataclass(frozen=True)
class Comparison:
    """Two records, their numbers in the order of the first, and what differs in their provenance."""

    first: RunRecord
    second: RunRecord
    numbers: tuple[Compared, ...]
    provenance: tuple[Change, ...]


def compare(first: RunRecord, second: RunRecord) -> Comparison:
    """Return the comparison of two records."""
    results = [{result.key: result for result in record.results} for record in (first, second)]
    keys = dict.fromkeys([*results[0], *results[1]])
    numbers = tuple(_compared(first, results[0].get(key), second, results[1].get(key)) for key in keys)
    return Comparison(first, second, numbers, provenance(first, second))


def pairs(
    first: Sequence[RunRecord], second: Sequence[RunRecord]
) -> tuple[list[tuple[RunRecord, RunRecord]], list[str]]:
    """Return the records of two folders in pairs, and sentences on those that remain.

    The last written record of a model by a benchmark stands for it. Where each folder has only one such model, the two
    are compared whatever their names.

    Args:
        first, second: records, in the order of writing.

    Raises:
        BadInputError: no model is in both.
    """
    newest = [{(each.model["name"], each.benchmark): each for each in records} for records in (first, second)]
    if len(newest[0]) == len(newest[1]) == 1:
        return list(zip(newest[0].values(), newest[1].values(), strict=True)), []
    shared = [key for key in newest[0] if key in newest[1]]
    named = [" and ".join(f"{model} on {benchmark}" for model, benchmark in each) for each in newest]
    if not shared:
        raise BadInputError(
            f"expected a model that both have, found {named[0]} in A and {named[1]} in B: name records."
        )
    left = [(*key, "A" if key in newest[0] else "B") for key in {**newest[0], **newest[1]} if key not in shared]
    remarks = [f"{model} on {benchmark} is in {where} alone and left out." for model, benchmark, where in left]
    return [(newest[0][key], newest[1][key]) for key in shared], remarks


def _compared(first: RunRecord, before: Result | None, second: RunRecord, now: Result | None) -> Compared:
    if before is None or now is None:
        present = before or now
        assert present is not None
        record, where = (second, "B") if now is None else (first, "A")
        reason = record.missing.get(present.metric) or f"not measured in {where}"
        values = (before.value if before else None, now.value if now else None)
        return Compared(present.key, Finding.UNKNOWN, *values, reason)
    details = ", ".join(protocol(second, now).details)
    known = before.key, Finding.UNKNOWN, before.value, now.value
    if reason := incomparable(first, before, second, now):
        return Compared(*known, reason)
    try:
        found = difference(first, before, second, now)
    except BadInputError as error:
        return Compared(*known, str(error))
    values = before.value, now.value
    return Compared(before.key, _finding(found, now), *values, _reason(found), details, found, _is_worse(found, now))


def _finding(found: Difference, now: Result) -> Finding:
    if found.excludes_zero is None:
        return Finding.UNKNOWN
    if not found.excludes_zero:
        return Finding.NO_EVIDENCE
    if now.higher_is_better is None or found.same_samples:
        return Finding.DIFFERENT  # of one model: by another program or machine, which says nothing of the model
    return Finding.WORSE if _is_worse(found, now) else Finding.BETTER


def _is_worse(found: Difference, now: Result) -> bool:
    known = found.excludes_zero and now.higher_is_better is not None
    return bool(known) and (found.change > 0) != now.higher_is_better


def _reason(found: Difference) -> str:
    if found.same_samples and found.excludes_zero:
        return f"{found.why}, so that program or machine make the difference"
    return found.why


def provenance(first: RunRecord, second: RunRecord) -> tuple[Change, ...]:
    """Return what differs in all that a record says of how it was made, but for time, command and speed."""
    one, other = _provenance(first), _provenance(second)
    names = dict.fromkeys([*one, *other])
    texts = [(name, *(_shown(each.get(name)) for each in (one, other))) for name in names]
    return tuple(Change(*each) for each in texts if one.get(each[0]) != other.get(each[0]))


def _provenance(record: RunRecord) -> dict[str, Any]:
    data = record.data
    of_data = {"data": f"{data['name']} ({data['fingerprint'][:8]}, {data['count']:,} images)"} if data else {}
    return {
        "model": record.model["name"],
        "weights": f"{record.model['weights']} ({record.model['sha256'][:8]})",
        **_prefixed("program", record.model.get("provenance", {})),
        **of_data,
        "extractors": _extractors(record),
        "benchmark": record.benchmark,
        "seed": record.seed,
        "limit": record.limit,
        **_prefixed("option", _resolved(record)),
        "device": record.device,
        "batch size": record.batch_size,
        "ganbench": record.ganbench,
        **_prefixed("", record.environment),
    }


def _prefixed(prefix: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    return {f"{prefix} {name}".strip(): value for name, value in fields.items()}


def _resolved(record: RunRecord) -> dict[str, Any]:
    """Return the options as used, without those that stand in the record by themselves."""
    options = record.options.get("resolved", {})
    return {
        name: value for name, value in options.items() if name not in ("batch_size", "device", "limit", "benchmark")
    }


def _extractors(record: RunRecord) -> str:
    named = (f"{each.extractor} ({(each.extractor_sha256 or '')[:8]})" for each in record.results if each.extractor)
    return ", ".join(sorted(set(named))) or "none"


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) else "-" if value is None else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."
