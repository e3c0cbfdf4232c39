"""Verdicts on claims."""

import math

import pytest

from ganbench.errors import BadInputError
from ganbench.records.record import Interval, Result
from results.judging import Comparison, overall, result_of, shown, told
from tests.records.make import record, result


def number(value: float, error: float | None) -> Result:
    found = Interval(low=value - error, high=value + error, level=0.95, method="test") if error is not None else None
    return result("fid10k", value, interval=found)


@pytest.mark.parametrize(
    ("first", "second", "wanted", "verdict"),
    [
        ((1, 3), (6, 4), "lower", "no evidence at this scale"),  # 5 is not beyond hypot(3, 4)
        ((1, 3), (6.1, 4), "lower", "confirmed"),
        ((1, 3), (6.1, 4), "higher", "not confirmed"),
        ((6.1, 4), (1, 3), "higher", "confirmed"),
        ((1, None), (6.1, 0.1), "lower", "no evidence at this scale"),
    ],
)
def test_errors_add_in_squares(first, second, wanted, verdict):
    compared = Comparison("a against b", number(*first), number(*second), wanted)
    assert compared.verdict == verdict
    if first[1] is not None:
        assert compared.error == math.hypot(first[1], second[1])
    assert verdict in compared.cells()


def test_a_claim_is_confirmed_by_most_of_its_comparisons_and_contradicted_by_one():
    yes = Comparison("", number(1, 0.1), number(2, 0.1), "lower")
    no = Comparison("", number(2, 0.1), number(1, 0.1), "lower")
    unknown = Comparison("", number(1, 9), number(2, 9), "lower")
    assert overall([yes, yes]) == "confirmed"
    assert overall([yes, unknown]) == "no evidence at this scale"
    assert overall([yes, yes, unknown]) == "confirmed"
    assert overall([yes, yes, unknown, no]) == "not confirmed"
    assert told([yes, unknown, no]) == "not confirmed (1 of 3 comparisons confirm it, 1 contradict it)"


def test_numbers_stand_with_half_of_their_interval():
    assert shown(number(1.2345, 0.021)) == "1.234 ± 0.021"
    assert shown(number(1.2345, None)) == "1.234"


def test_a_number_that_a_record_lacks_is_named():
    with pytest.raises(BadInputError, match="expected kid50k in the record"):
        result_of(record(), "kid50k")
