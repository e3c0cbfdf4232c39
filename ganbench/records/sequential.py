"""Judging a number at growing sample counts, up to the first that decides: as many samples as the verdict needs.

The baseline holds a number at several counts, such as ``fid@500``, ``fid@1k`` and ``fid@2k``: its looks. Each look may
be wrong with a share of 2.5 %, which all shares together make up: a model that is no worse fails a number in at most
2.5 % of the runs, and one that is worse than tolerated passes before the last look as seldom. Errors are added up as if
the looks had nothing in common (the union bound), so that nothing is taken for granted of how they hang together.

Source: Lan, DeMets, Discrete sequential boundaries for clinical trials (Biometrika 1983), the spending function that is
like Pocock's boundary: ``alpha * log(1 + (e - 1) * t)`` at the share ``t`` of the samples.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from ganbench.errors import BadInputError
from ganbench.records import keys
from ganbench.records.check import Judgement, Verdict, judge
from ganbench.records.difference import Difference
from ganbench.records.record import Result, RunRecord
from ganbench.records.tolerances import Tolerance

ALPHA = 0.025


@dataclass(frozen=True)
class Look:
    """A number of the baseline at one sample count.

    Attributes:
        result: of the baseline.
        share: of wrong verdicts that this look may give.
        most: sample count of the last look.
    """

    result: Result
    share: float
    most: int

    @property
    def count(self) -> int:
        """Its sample count."""
        assert self.result.count is not None
        return self.result.count

    @property
    def is_last(self) -> bool:
        """Whether it decides in any case."""
        return self.count == self.most


def shares(counts: Sequence[int]) -> list[float]:
    """Return the share of ``ALPHA`` that each look spends, from ascending sample counts."""
    spent = [ALPHA * math.log1p((math.e - 1) * count / counts[-1]) for count in counts]
    return [now - before for before, now in zip([0.0, *spent], spent, strict=False)]


def looks(baseline: RunRecord, name: str) -> list[Look]:
    """Return the looks that a baseline has for a number, by ascending sample count.

    Args:
        baseline: with the number at several counts.
        name: without a count, such as ``fid`` or ``pr3_recall``.

    Raises:
        BadInputError: it has the number at fewer than two counts.
    """
    found = sorted(
        (result for result in baseline.results if result.count and keys.countless(result.key) == name),
        key=lambda result: result.count or 0,
    )
    counts = [result.count or 0 for result in found]
    if len(set(counts)) < 2:
        shown = ", ".join(result.key for result in baseline.results) or "nothing"
        raise BadInputError(
            f"expected {name!r} at two or more sample counts in the baseline, found {shown}: make it with, for example,"
            f" `ganbench run --metrics {name}@500,{name}@1k,{name}@2k --record FILE`."
        )
    return [Look(result, share, counts[-1]) for result, share in zip(found, shares(counts), strict=True)]


def judge_sequentially(
    baseline: RunRecord, measure: Callable[[list[str]], RunRecord], tolerances: Mapping[str, Tolerance]
) -> list[Judgement]:
    """Return the judgement of each number at the first look that decides.

    Args:
        baseline: with each number at several counts.
        measure: returns a record of the metrics of these names.
        tolerances: by name of the number, without a count.
    """
    open_ = {name: looks(baseline, name) for name in tolerances}
    decided: dict[str, Judgement] = {}
    while open_:
        record = measure(list(dict.fromkeys(left[0].result.metric for left in open_.values())))
        for name, (look, *later) in list(open_.items()):
            judgement = _at(look, baseline, record, tolerances[name])
            if judgement is None:
                open_[name] = later
            else:
                decided[name] = judgement
                del open_[name]
    return [decided[name] for name in tolerances]


def _at(look: Look, baseline: RunRecord, record: RunRecord, tolerance: Tolerance) -> Judgement | None:
    """Return the judgement at a look; None where it leaves the verdict open."""
    (judgement,) = judge(baseline, record, {look.result.key: tolerance})
    found = judgement.difference
    if found is None or found.same_samples:
        return judgement
    if found.error is None:
        return replace(
            judgement, verdict=Verdict.UNKNOWN, reason=f"it takes intervals, but {found.why}", difference=None
        )
    loss = -found.change if look.result.higher_is_better else found.change
    allowed, reach = float(tolerance.allowed(found.first)), _reach(found, look.share)
    where = f"at {look.count:,} of up to {look.most:,} samples, {found.why}"
    if loss > allowed and loss - reach > 0:
        return replace(judgement, verdict=Verdict.WORSE, reason=f"exceeded by more than chance, {where}")
    if loss + reach <= allowed:
        return replace(judgement, verdict=Verdict.GOOD, reason=f"not exceeded for all chance may do, {where}")
    if not look.is_last:
        return None
    if loss <= allowed:
        return replace(judgement, verdict=Verdict.GOOD, reason=f"not exceeded, {where}")
    return replace(judgement, verdict=Verdict.CHANCE, reason=f"exceeded, but within chance, {where}")


def _reach(found: Difference, share: float) -> float:
    """Return how far a difference may be from the truth to one side, but for a share of the cases."""
    from scipy.special import ndtri, stdtridf, stdtrit

    assert found.interval is not None
    assert found.error is not None
    if found.error == 0:
        return 0.0
    quantile = (found.interval["high"] - found.change) / found.error
    one_side = (1 + found.interval["level"]) / 2
    if quantile <= float(ndtri(one_side)) * (1 + 1e-6):
        return float(ndtri(1 - share)) * found.error
    return float(stdtrit(stdtridf(one_side, quantile), 1 - share)) * found.error
