"""Digits, ranks and ties of the numbers of a table."""

import math

import pytest

from ganbench.records.record import Interval
from ganbench.records.table_cells import Cell, decimals, ranks, shown


def cell(value: float, half: float | None = None) -> Cell:
    """Return a number with an interval of a half-width."""
    if half is None:
        return Cell(value)
    return Cell(value, Interval(low=value - half, high=value + half, level=0.95, method="known"))


@pytest.mark.parametrize(
    ("value", "half", "printed"),
    [
        (1.13886, 0.0224, ("1.139", "0.022")),
        (1.13886, 0.0996, ("1.14", "0.10")),
        (1.13886, 0.09949, ("1.139", "0.099")),
        (146.93, 3.14159, ("146.9", "3.1")),
        (1146.93, 31.4159, ("1147", "31")),
        (1146.93, 314.159, ("1147", "314")),
        (0.0005123, 0.0000314, ("0.000512", "0.000031")),
        (-0.04, 0.26, ("-0.04", "0.26")),
        (3.2e-10, 4.56e-11, ("3.2e-10", "4.6e-11")),
        (1e300, 1e299, ("1e+300", "1e+299")),
    ],
)
def test_a_number_has_the_decimals_of_its_error_which_has_two_digits(
    value: float, half: float, printed: tuple[str, str]
) -> None:
    assert shown([cell(value, half)]) == [printed]


def test_numbers_without_an_error_have_equal_precision() -> None:
    assert shown([cell(2.0), None, cell(12.25)]) == [("2.000", ""), ("", ""), ("12.250", "")]
    assert shown([cell(2.0, 0.5), cell(12.25)]) == [("2.00", "0.50"), ("12.250", "")]
    assert shown([cell(2.0, 0.0)]) == [("2.000", "0.000")]
    assert shown([cell(math.inf)]) == [("inf", "")]


def test_an_infinite_number_has_no_half_width() -> None:
    endless = Interval(low=-math.inf, high=math.inf, level=0.95, method="none")
    assert Cell(2.0, endless).half_width is None
    assert Cell(math.inf, endless).half_width is None


def test_an_interval_with_arms_of_two_lengths_shows_the_longer() -> None:
    assert Cell(2.0, Interval(low=1.0, high=2.5, level=0.95, method="known")).half_width == 1


def test_decimals_are_never_negative() -> None:
    assert [decimals(half) for half in (1e6, 95.0, 9.96, 9.4, 0.0123)] == [0, 0, 0, 1, 3]


def test_rows_tie_where_one_lies_within_the_interval_of_the_other() -> None:
    """2.0 ± 0.1 is the best: 2.3 ± 0.5 reaches it, 2.08 ± 0.01 is reached by it, 2.15 ± 0.1 overlaps without either."""
    cells = [cell(2.0, 0.1), cell(2.3, 0.5), cell(2.08, 0.01), cell(2.15, 0.1), cell(9.0, 0.1)]
    assert ranks(cells, False) == {0: "best", 1: "best", 2: "best", 3: "second"}
    assert ranks(cells, True) == {4: "best", **dict.fromkeys(range(4), "second")}
    assert ranks(cells, None) == {}


def test_second_best_needs_three_and_takes_its_ties_along() -> None:
    assert ranks([cell(1.0), cell(2.0)], False) == {0: "best"}
    assert ranks([cell(1.0), cell(2.0), cell(2.4, 0.5), cell(4.0)], False) == {0: "best", 1: "second", 2: "second"}
    assert ranks([cell(1.0, 0.1), cell(1.05), cell(1.1)], False) == {0: "best", 1: "best", 2: "best"}
    assert ranks([cell(1.0), None, None], False) == {}


def test_numbers_that_print_the_same_tie_without_intervals() -> None:
    assert ranks([cell(2.0), cell(2.00001), cell(2.5)], False) == {0: "best", 1: "best", 2: "second"}
