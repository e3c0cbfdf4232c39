"""The gate: is a record worse than a baseline, by more than is tolerated?"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from enum import Enum

from ganbench.errors import BadInputError, UnknownNameError
from ganbench.records import keys
from ganbench.records.protocol import differences, protocol
from ganbench.records.record import Result, RunRecord


class Verdict(Enum):
    """What the gate says of one number."""

    GOOD = "ok"
    WORSE = "REGRESSION"
    UNKNOWN = "cannot judge"


@dataclass(frozen=True)
class Tolerance:
    """How much worse a number may be.

    Attributes:
        amount: at least 0; a share of the baseline's size where ``relative``, else in the number's own unit.
        relative: whether it was given in percent.
    """

    amount: Decimal
    relative: bool

    def __str__(self) -> str:
        return f"{(self.amount * 100).normalize():f} %" if self.relative else f"{self.amount:f}"

    def allowed(self, baseline: float) -> Decimal:
        """Return the largest loss that is tolerated; no share of an infinite baseline is."""
        if not self.relative:
            return self.amount
        return self.amount * abs(_exact(baseline)) if math.isfinite(baseline) else Decimal(0)


@dataclass(frozen=True)
class Judgement:
    """The verdict on one number.

    Attributes:
        name: the key, or the name as asked for where there is none.
        verdict: of the gate.
        baseline, now: the two values, or None.
        tolerance: that was asked for.
        reason: why it cannot be judged; else empty.
        details: the extractor and the sample count behind the numbers.
    """

    name: str
    verdict: Verdict
    baseline: float | None
    now: float | None
    tolerance: Tolerance
    reason: str = ""
    details: str = ""

    def __str__(self) -> str:
        if self.verdict is Verdict.UNKNOWN:
            return f"{self.name}  cannot judge: {self.reason}"
        assert self.baseline is not None
        assert self.now is not None
        change = _change(self.baseline, self.now)
        values = f"baseline {self.baseline:.6g}  now {self.now:.6g}  change {change}"
        return f"{self.name} ({self.details})  {values}  (tolerated {self.tolerance})  {self.verdict.value}"


def parse_tolerances(texts: Sequence[str]) -> dict[str, Tolerance]:
    """Return tolerances by name from ``NAME=2%`` (of the baseline) or ``NAME=0.5`` (in the number's unit).

    Raises:
        BadInputError: none at all, one that is malformed, negative or infinite, or one name twice.
    """
    if not texts:
        raise BadInputError("nothing to judge: say what may not get worse, such as --max-regression fid=2%.")
    found: dict[str, Tolerance] = {}
    for text in texts:
        name, equals, amount = (part.strip() for part in text.partition("="))
        if not name or not equals:
            raise BadInputError(f"{text!r} is no tolerance: write for example fid=2% or ppl=0.5.")
        if name in found:
            raise BadInputError(f"{name!r} has two tolerances: give it one.")
        found[name] = _tolerance(text, amount)
    return found


def judge(baseline: RunRecord, record: RunRecord, tolerances: Mapping[str, Tolerance]) -> list[Judgement]:
    """Return a judgement for each tolerance, in order."""
    return [_judge(baseline, record, name, tolerance) for name, tolerance in tolerances.items()]


def newest_like(baseline: RunRecord, records: Sequence[RunRecord]) -> RunRecord:
    """Return the newest record of the baseline's model and benchmark.

    Args:
        baseline: what it is to be compared with.
        records: oldest first.

    Raises:
        BadInputError: there is none.
    """
    model, benchmark = baseline.model["name"], baseline.benchmark
    for record in reversed(records):
        if (record.model["name"], record.benchmark) == (model, benchmark):
            return record
    raise BadInputError(
        f"there is no other record of {model} on {benchmark} to compare with: make one with `ganbench run`."
    )


def exit_code(judgements: Sequence[Judgement]) -> int:
    """Return 1 if anything regressed, else 2 if anything could not be judged, else 0."""
    verdicts = {judgement.verdict for judgement in judgements}
    return 1 if Verdict.WORSE in verdicts else 2 if Verdict.UNKNOWN in verdicts or not verdicts else 0


def _judge(baseline: RunRecord, record: RunRecord, name: str, tolerance: Tolerance) -> Judgement:
    try:
        before = _find(baseline, name)
    except (BadInputError, UnknownNameError) as error:
        return Judgement(name, Verdict.UNKNOWN, None, None, tolerance, f"in the baseline, {error}")
    now = next((result for result in record.results if result.key == before.key), None)
    if now is None:
        others = ", ".join(result.key for result in record.results) or "nothing"
        reason = f"the record has no {before.key!r}, only {others}: measure it too."
        return Judgement(before.key, Verdict.UNKNOWN, before.value, None, tolerance, reason)
    reason = _obstacle(baseline, before, record, now)
    if reason:
        return Judgement(before.key, Verdict.UNKNOWN, before.value, now.value, tolerance, reason)
    loss = _loss(before.value, now.value, bool(before.higher_is_better))
    verdict = Verdict.WORSE if loss > tolerance.allowed(before.value) else Verdict.GOOD
    details = ", ".join(protocol(record, now).details)
    return Judgement(before.key, verdict, before.value, now.value, tolerance, details=details)


def _find(record: RunRecord, name: str) -> Result:
    results = {result.key: result for result in record.results}
    found = keys.matching(name, {key: result.metric for key, result in results.items()})
    if len(found) > 1:
        raise BadInputError(f"{name!r} may be {' or '.join(found)}: name one of them.")
    return results[found[0]]


def _obstacle(baseline: RunRecord, before: Result, record: RunRecord, now: Result) -> str:
    """Return why two results do not compare, or nothing."""
    protocols = [protocol(baseline, before), protocol(record, now)]
    if protocols[0] != protocols[1]:
        was, is_now = differences(protocols)
        return f"the two were measured differently (baseline: {was}; now: {is_now}): measure both in the same way."
    if before.higher_is_better is None or before.higher_is_better != now.higher_is_better:
        return "neither more nor less of it is better: choose another number."
    return ""


def _loss(before: float, now: float, higher_is_better: bool) -> Decimal:
    """Return by how much a number got worse; negative where it got better."""
    if before == now:
        return Decimal(0)
    return _exact(before) - _exact(now) if higher_is_better else _exact(now) - _exact(before)


def _exact(value: float) -> Decimal:
    """Return a number as it is written, so that 3.06 is exactly 2 % more than 3."""
    return Decimal(repr(value))


def _tolerance(text: str, amount: str) -> Tolerance:
    relative = amount.endswith("%")
    try:
        number = Decimal(amount.removesuffix("%").strip())
    except InvalidOperation:
        number = Decimal("nan")
    if not (number.is_finite() and 0 <= number < 10**9):
        raise BadInputError(f"{text!r} tolerates no amount that makes sense: write for example fid=2% or ppl=0.5.")
    return Tolerance(number / 100 if relative else number, relative)


def _change(before: float, now: float) -> str:
    if before == now:
        return "none"
    if not (math.isfinite(before) and math.isfinite(now)) or before == 0:
        return f"{now - before:+.6g}"
    return f"{now - before:+.6g} ({(now - before) / abs(before):+.2%})"
