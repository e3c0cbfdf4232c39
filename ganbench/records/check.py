"""The gate: is a record worse than a baseline, by more than is tolerated and by more than chance?

A number has regressed if it is worse by more than its tolerance and the 95 % interval of the difference excludes 0; see
``ganbench.records.difference``. Without intervals the tolerance decides alone. A model that is no worse fails a number
in at most 2.5 % of the runs, for one end of an interval in two is the good one.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from enum import Enum
from pathlib import Path

from ganbench.atomic import write_output
from ganbench.errors import BadInputError, UnknownNameError
from ganbench.records import keys
from ganbench.records.difference import Difference, difference
from ganbench.records.protocol import caption, differences, protocol
from ganbench.records.record import Result, RunRecord
from ganbench.records.store import Store, read
from ganbench.records.tolerances import Tolerance, exact


class Verdict(Enum):
    """The gate's answer for one number; one that chance explains passes, although it is worse than tolerated."""

    GOOD = "ok"
    CHANCE = "ok, no evidence"
    WORSE = "REGRESSION"
    UNKNOWN = "cannot judge"


@dataclass(frozen=True)
class Judgement:
    """The verdict on one number.

    Attributes:
        name: the key, or the name as typed if no key fits.
        verdict: of the gate.
        baseline, now: the two values, or None.
        tolerance: as given.
        reason: why the verdict is what it is, as the end of a sentence.
        details: extractor, sample count and whatever else must be shown with the numbers.
        difference: of the two values; None where it cannot be judged.
    """

    name: str
    verdict: Verdict
    baseline: float | None
    now: float | None
    tolerance: Tolerance
    reason: str
    details: str = ""
    difference: Difference | None = None

    def __str__(self) -> str:
        if self.difference is None:
            return f"{self.name}  cannot judge: {self.reason}"
        values = f"baseline {self.baseline:.6g}  now {self.now:.6g}  change {self.difference}{_ends(self.difference)}"
        return (
            f"{self.name} ({self.details})  {values}  (tolerated {self.tolerance}: {self.reason})  {self.verdict.value}"
        )


@dataclass(frozen=True)
class Check:
    """All that the gate has to say.

    Attributes:
        title: what was compared with what.
        judgements: one a tolerance; none where the records could not be read.
        remarks: sentences on two records that compare but differ in more than the weights.
        problem: why nothing could be judged; else empty.
    """

    title: str
    judgements: Sequence[Judgement] = ()
    remarks: Sequence[str] = ()
    problem: str = ""

    @property
    def exit_code(self) -> int:
        """1 if anything regressed, else 2 if anything could not be judged, else 0."""
        return exit_code(self.judgements)

    @property
    def verdict(self) -> Verdict:
        """Of all numbers together."""
        return {0: Verdict.GOOD, 1: Verdict.WORSE, 2: Verdict.UNKNOWN}[self.exit_code]


def check(baseline: RunRecord, record: RunRecord, tolerances: Mapping[str, Tolerance], name: str) -> Check:
    """Return what the gate says of a record against a baseline.

    Args:
        baseline, record: two records.
        tolerances: by name of the number.
        name: of the baseline, for messages.

    Raises:
        BadInputError: both are of one run, so that nothing was measured since.
    """
    if is_same_run(baseline, record):
        raise BadInputError(
            f"expected a record newer than the baseline, found one of the same run: {name}; measure again with "
            "`ganbench run`, or name another RECORD."
        )
    title = f"{caption(record)}, {record.created}, against {name}"
    return Check(title, judge(baseline, record, tolerances), remarks(baseline, record))


def replace_baseline(path: Path, record: RunRecord) -> None:
    """Write a record as the new baseline, whole or not at all; its folder is created if necessary.

    Raises:
        BadInputError: the record has no numbers, or the file cannot be written.
    """
    if not record.results:
        raise BadInputError(f"expected a record with numbers for the baseline {path}, found none: measure again.")
    try:
        write_output(path, record.to_json().encode())
    except OSError as error:
        raise BadInputError(f"cannot write {path} ({error.strerror}): choose another file.") from error


def judge(baseline: RunRecord, record: RunRecord, tolerances: Mapping[str, Tolerance]) -> list[Judgement]:
    """Return a judgement for each tolerance, in order.

    Raises:
        BadInputError: two tolerances are of one number.
    """
    found = [_judge(baseline, record, name, tolerance) for name, tolerance in tolerances.items()]
    keys_found = [each.name for each in found]
    for each in found:
        if keys_found.count(each.name) > 1:
            raise BadInputError(
                f"expected one tolerance for {each.name}, found {' and '.join(tolerances)}: leave one out."
            )
    return found


def newest_of_model(model: str, store: Store, skip: Callable[[BadInputError], None] | None = None) -> RunRecord:
    """Return the record that the newest run of a store wrote of a model.

    A run of several models writes a record of each: they have one command, and each model once. Records of older runs
    are ignored: a gate must not pass because of what was measured before the change that it checks.

    Args:
        model: name.
        store: where to look.
        skip: is told of a record that cannot be read, which is then passed over: the verdict may be of an older run.
            None to raise.

    Raises:
        BadInputError: there is none, or a record of that run cannot be read.
    """
    run: dict[str, RunRecord] = {}
    for path in store.newest_first():
        try:
            record = read(path)
        except BadInputError as error:
            if skip is None:
                raise
            skip(error)
            continue
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
    reason = incomparable(baseline, before, record, now)
    if not reason and before.higher_is_better is None:
        reason = f"expected a number of which higher or lower is better, found {before.key}: choose another."
    if reason:
        return Judgement(before.key, Verdict.UNKNOWN, before.value, now.value, tolerance, reason)
    details = ", ".join(protocol(record, now).details)
    try:
        found = difference(baseline, before, record, now)
    except BadInputError as error:
        return Judgement(before.key, Verdict.UNKNOWN, before.value, now.value, tolerance, str(error))
    verdict, reason = _verdict(found, tolerance, bool(before.higher_is_better))
    return Judgement(before.key, verdict, before.value, now.value, tolerance, reason, details, found)


def _verdict(found: Difference, tolerance: Tolerance, higher_is_better: bool) -> tuple[Verdict, str]:
    """Return the verdict on a difference, and its reason."""
    if _loss(found.first, found.second, higher_is_better) <= tolerance.allowed(found.first):
        return Verdict.GOOD, "not exceeded"
    if found.excludes_zero is None:
        return Verdict.WORSE, f"exceeded, by the tolerance alone, as {found.why}"
    if found.same_samples:
        return Verdict.WORSE, f"exceeded, and {found.why}, so that chance has no part in it"
    if found.excludes_zero:
        return Verdict.WORSE, f"exceeded, and the interval excludes 0, {found.why}"
    return Verdict.CHANCE, f"exceeded, but the interval includes 0, {found.why}; more samples would tell"


def _ends(found: Difference) -> str:
    """Return the interval of a difference after a comma; "" where chance has no part in it, or where it is unknown."""
    return f", {interval_of(found)}" if found.interval and not found.same_samples else ""


def interval_of(found: Difference) -> str:
    """Return the interval of a difference in words: ``95 % interval -3.7 to 4.5``."""
    assert found.interval is not None
    low, high, level = found.interval["low"], found.interval["high"], found.interval["level"]
    return f"{100 * level:.3g} % interval {low:.4g} to {high:.4g}"


def _find(record: RunRecord, name: str) -> Result:
    results = {result.key: result for result in record.results}
    found = keys.matching(name, {key: result.metric for key, result in results.items()})
    if len(found) > 1:
        raise BadInputError(
            f"expected the name of one number, found {name!r} for {' and '.join(found)}: name one of them."
        )
    return results[found[0]]


def incomparable(baseline: RunRecord, before: Result, record: RunRecord, now: Result) -> str:
    """Return why two results do not compare; "" if they do."""
    protocols = [protocol(baseline, before), protocol(record, now)]
    if protocols[0] != protocols[1]:
        was, is_now = differences(protocols)
        return f"expected two numbers measured alike, found {was} in the baseline and {is_now} now: measure both alike."
    if before.higher_is_better != now.higher_is_better:
        return f"expected one direction in which {before.key} is better, found two: measure both alike."
    return ""


def _loss(before: float, now: float, higher_is_better: bool) -> Decimal:
    """Return by how much a number got worse; negative if it got better."""
    if before == now:
        return Decimal(0)
    return exact(before) - exact(now) if higher_is_better else exact(now) - exact(before)
