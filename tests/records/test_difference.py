import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import t as student

from ganbench.errors import BadInputError
from ganbench.functional.resampling import interval
from ganbench.records.check import Verdict, judge
from ganbench.records.difference import Difference, difference
from ganbench.records.record import Result
from ganbench.records.tolerances import parse_tolerances
from tests.records.make import record, result


def known(value: float, error: float, groups: int = 20, side: str = "samples", **changes: Any) -> Result:
    """Return a result with the interval of a standard error by so many groups."""
    low, high = interval(value, error, groups)
    ends = {"low": low, "high": high, "level": 0.95, "method": f"jackknife over {groups} groups of {side}"}
    return result(value=value, interval=ends, errors={side: error}, **changes)


def apart(before: Result, now: Result, **changes: Any) -> Difference:
    """Return the difference of two results of two seeds."""
    return difference(record(before), before, record(now, **{"seed": 1, **changes}), now)


def verdict(before: Result, now: Result, tolerance: str = "2%") -> Verdict:
    (judgement,) = judge(record(before), record(now, seed=1), parse_tolerances([f"fid={tolerance}"]))
    return judgement.verdict


def test_errors_of_samples_add_in_squares_and_those_of_reals_cancel() -> None:
    before, now = known(10.0, 0.3), known(11.0, 0.4)
    before.errors["reals"] = now.errors["reals"] = 5.0
    found = apart(before, now)
    assert found.error == pytest.approx(0.5)
    assert found.interval is not None
    reach = student.ppf(0.975, 19) * 0.5
    assert (found.interval["low"], found.interval["high"]) == pytest.approx((1 - reach, 1 + reach))
    assert "unpaired" in found.why
    assert "reals cancel" in found.why


def test_the_same_weights_and_seed_leave_no_sampling_error() -> None:
    before, now = known(10.0, 3.0), known(10.5, 3.0)
    found = apart(before, now, seed=0)
    assert found.error == 0
    assert found.excludes_zero
    assert not apart(before, now, seed=0, weights="b").excludes_zero
    assert not apart(before, known(10.0 * (1 + 1e-8), 3.0), seed=0).excludes_zero


def test_pairs_of_domains_are_compared_pair_by_pair() -> None:
    rng = np.random.default_rng(0)
    one = {f"0->{place}": float(value) for place, value in enumerate(rng.normal(50, 20, 12))}
    other = {pair: value + float(gap) for (pair, value), gap in zip(one.items(), rng.normal(1, 0.5, 12), strict=True)}

    def of(parts: dict[str, float]) -> Result:
        values = list(parts.values())
        return known(float(np.mean(values)), float(np.std(values, ddof=1) / 12**0.5), 12, side="pairs", parts=parts)

    found = apart(of(one), of(other))
    gaps = np.array(list(other.values())) - np.array(list(one.values()))
    reach = student.ppf(0.975, 11) * gaps.std(ddof=1) / 12**0.5
    assert found.interval is not None
    assert (found.interval["low"], found.interval["high"]) == pytest.approx((gaps.mean() - reach, gaps.mean() + reach))
    assert found.why == "paired over 12 pairs of domains"
    others = {f"x{pair}": value for pair, value in other.items()}
    assert "unpaired" in apart(of(one), of(others)).why


def test_numbers_of_the_reals_alone_differ_for_certain() -> None:
    assert apart(known(1.0, 0.5, side="reals"), known(1.1, 0.5, side="reals")).excludes_zero


@pytest.mark.parametrize(
    ("before", "now", "why"),
    [
        (result(), result(), "both records without an interval"),
        (known(2.0, 0.1), result(), "one of the records without an interval"),
        (result(value=math.inf), known(2.0, 0.1), "infinite"),
    ],
)
def test_where_there_is_no_interval_it_is_said(before: Result, now: Result, why: str) -> None:
    found = apart(before, now)
    assert found.interval is None
    assert found.excludes_zero is None
    assert why in found.why


def test_an_interval_beside_its_number_is_refused() -> None:
    bad = result(value=3.0, interval={"low": 5.0, "high": 6.0, "level": 0.95, "method": "by hand"})
    with pytest.raises(BadInputError, match="expected an interval around 'fid50k' = 3, found 5 to 6"):
        apart(bad, known(3.0, 0.1))
    assert verdict(bad, known(9.0, 0.1)) is Verdict.UNKNOWN


def test_a_regression_is_beyond_tolerance_and_beyond_chance() -> None:
    assert verdict(known(3.1, 1.3), known(3.47, 1.4)) is Verdict.CHANCE  # +12 % at 200 samples
    assert verdict(known(3.1, 0.05), known(3.47, 0.05)) is Verdict.WORSE
    assert verdict(known(3.1, 0.001), known(3.15, 0.001)) is Verdict.GOOD  # certain, but tolerated
    assert verdict(result(value=3.1), known(3.47, 1.4)) is Verdict.WORSE  # an old record: by the tolerance alone


def test_models_that_are_no_worse_fail_in_at_most_one_run_of_forty() -> None:
    rng = np.random.default_rng(1)
    alarms, runs, groups = 0, 2000, 13

    def measured() -> Result:
        drawn = rng.normal(5, 1, groups)
        return known(float(drawn.mean()), float(drawn.std(ddof=1) / groups**0.5), groups)

    for _ in range(runs):
        alarms += verdict(measured(), measured(), "0") is Verdict.WORSE
    assert 0.005 < alarms / runs < 0.035  # 2.5 % at most, with 3 standard errors of this test


EXTREME = st.sampled_from([0.0, 1.0, 5e-324, 1e-300, 1e10, 1e200, 1.7e308]).flatmap(lambda v: st.sampled_from([v, -v]))


@given(st.lists(EXTREME, min_size=6, max_size=6), st.lists(EXTREME.map(abs), min_size=2, max_size=2), st.booleans())
def test_no_record_gives_an_interval_without_ends(values: list[float], errors: list[float], of_pairs: bool) -> None:
    made = []
    for parts, error in zip((values[:3], values[3:]), errors, strict=True):
        value = sorted(parts)[1]
        ends = {"low": min(parts), "high": max(parts), "level": 0.95, "method": "by hand"}
        pairs = {str(place): value if of_pairs else each for place, each in enumerate(parts)}
        made.append(result(value=value, interval=ends, errors={"pairs": error}, parts=pairs))
    found = apart(*made)
    assert str(found)
    assert len(str(found)) < 40
    if found.interval is not None:
        assert found.interval["low"] <= found.change <= found.interval["high"]
