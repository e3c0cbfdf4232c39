"""The gate: is a record worse than a baseline by more than its tolerance?"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal, InvalidOperation
from enum import Enum

from ganbench.errors import BadInputError, UnknownNameError
from ganbench.printable import quoted
from ganbench.records import keys
from ganbench.records.protocol import differences, protocol
from ganbench.records.record import Result, RunRecord
from ganbench.records.store import Store, read


class Verdict(Enum):
    """The gate's answer for one number."""

    GOOD = "ok"
    WORSE = "REGRESSION"
    UNKNOWN = "cannot judge"


@dataclass(frozen=True)
class Tolerance:
    """How much worse a number may be.

    Attributes:
        amount: at least 0; a share of the baseline's absolute value if ``relative``, else in the number's unit.
        relative: whether it was given in percent.
    """

    amount: Decimal
    relative: bool

    def __str__(self) -> str:
        return f"{(self.amount * 100).normalize():f} %" if self.relative else f"{self.amount:f}"

    def allowed(self, baseline: float) -> Decimal:
        """Return the largest loss that is tolerated; a share of an infinite baseline is 0."""
        if not self.relative:
            return self.amount
        return self.amount * abs(_exact(baseline)) if math.isfinite(baseline) else Decimal(0)


@dataclass(frozen=True)
class Judgement:
    """The verdict on one number.

    Attributes:
        name: the key, or the name as typed if no key fits.
        verdict: of the gate.
        baseline, now: the two values, or None.
        tolerance: as given.
        reason: why it cannot be judged; else empty.
        details: extractor, sample count and whatever else must be shown with the numbers.
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
        BadInputError: there is no tolerance, one is malformed, negative or infinite, or a name has two.
    """
    if not texts:
        raise BadInputError("expected a number to judge, found none: add for example --max-regression fid=2%.")
    found: dict[str, Tolerance] = {}
    for text in texts:
        name, equals, amount = (part.strip() for part in text.partition("="))
        if not name or not equals:
            raise BadInputError(f"expected a tolerance such as fid=2% or ppl=0.5, found {quoted(text)}: correct it.")
        if name in found:
            raise BadInputError(f"expected one tolerance for {name!r}, found two: leave one out.")
        found[name] = _tolerance(text, amount)
    return found


def judge(baseline: RunRecord, record: RunRecord, tolerances: Mapping[str, Tolerance]) -> list[Judgement]:
    """Return a judgement for each tolerance, in order."""
    return [_judge(baseline, record, name, tolerance) for name, tolerance in tolerances.items()]


def newest_of_model(model: str, store: Store) -> RunRecord:
    """Return the record that the newest run of a store wrote of a model.

    A run of several models writes a record of each: they have one command, and each model once. Records of older runs
    are ignored: a gate must not pass because of what was measured before the change that it checks.

    Raises:
        BadInputError: there is none, or a record of that run cannot be read.
    """
    run: dict[str, RunRecord] = {}
    for path in store.newest_first():
        record = read(path)
        if run and (record.command != next(iter(run.values())).command or record.model["name"] in run):
            break
        run[record.model["name"]] = record
        if model in run:
            return run[model]
    found = f"of {' and '.join(run)}" if run else "none"
    raise BadInputError(
        f"expected a record of {model} from the newest run in {store.folder}, found {found}: measure {model} with "
        "`ganbench run`, or name the record to judge."
    )


def is_same_run(one: RunRecord, other: RunRecord) -> bool:
    """Return whether two records are of one run: the same id, or equal in everything else, times included."""
    return one.id == other.id or replace(one, id=other.id) == other


def remarks(baseline: RunRecord, record: RunRecord) -> list[str]:
    """Return remarks on two records that differ in more than the weights but still compare."""
    found = []
    if record.model["name"] != baseline.model["name"]:
        found.append(f"the record is of the model {record.model['name']}, the baseline of {baseline.model['name']}.")
    if record.seed != baseline.seed:
        found.append(f"the record is of seed {record.seed}, the baseline of seed {baseline.seed}.")
    if record.benchmark != baseline.benchmark:
        found.append(f"the record is of the benchmark {record.benchmark}, the baseline of {baseline.benchmark}.")
    if datetime.fromisoformat(record.created) < datetime.fromisoformat(baseline.created):
        found.append(f"by its clock the record ({record.created}) is older than the baseline ({baseline.created}).")
    return found + [f"warning on the record: {warning}" for warning in record.warnings]


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
        why = record.missing.get(before.metric)
        reason = why or f"expected {before.key!r} in the record, found {others}: measure it too."
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
        raise BadInputError(
            f"expected the name of one number, found {name!r} for {' and '.join(found)}: name one of them."
        )
    return results[found[0]]


def _obstacle(baseline: RunRecord, before: Result, record: RunRecord, now: Result) -> str:
    """Return why two results do not compare; "" if they do."""
    protocols = [protocol(baseline, before), protocol(record, now)]
    if protocols[0] != protocols[1]:
        was, is_now = differences(protocols)
        return f"expected two numbers measured alike, found {was} in the baseline and {is_now} now: measure both alike."
    if before.higher_is_better is None or before.higher_is_better != now.higher_is_better:
        return f"expected a number of which higher or lower is better, found {before.key}: choose another."
    return ""


def _loss(before: float, now: float, higher_is_better: bool) -> Decimal:
    """Return by how much a number got worse; negative if it got better."""
    if before == now:
        return Decimal(0)
    return _exact(before) - _exact(now) if higher_is_better else _exact(now) - _exact(before)


def _exact(value: float) -> Decimal:
    """Return a number as it is written, so that 3.06 is exactly 2 % more than 3."""
    return Decimal(repr(value))


def _tolerance(text: str, amount: str) -> Tolerance:
    relative = amount.endswith("%")
    if not re.fullmatch(
        r"\+?[0-9]{0,9}\.?[0-9]{0,30}(e[+-]?[0-9])?", digits := amount.removesuffix("%").strip().lower()
    ):
        raise _not_an_amount(text)
    try:
        number = Decimal(digits)
    except InvalidOperation as error:
        raise _not_an_amount(text) from error
    if number >= 10**9:
        raise _not_an_amount(text)
    return Tolerance(number / 100 if relative else number, relative)


def _not_an_amount(text: str) -> BadInputError:
    return BadInputError(
        f"expected a tolerance below 1,000,000,000, such as fid=2% or ppl=0.5, found {quoted(text)}: correct it."
    )


def _change(before: float, now: float) -> str:
    if before == now:
        return "none"
    if not (math.isfinite(before) and math.isfinite(now)) or before == 0:
        return f"{now - before:+.6g}"
    return f"{now - before:+.6g} ({(now - before) / abs(before):+.2%})"
