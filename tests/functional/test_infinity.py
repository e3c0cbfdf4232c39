"""Extrapolation to infinitely many samples: exact lines, the paper's sizes, an independent regression."""

import math

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression

from ganbench.errors import BadInputError, NonFiniteError
from ganbench.functional import extrapolate, random_subsets, subset_sizes


def test_a_line_is_continued_exactly() -> None:
    counts = [5, 10, 40, 1000]
    assert extrapolate([3.0 + 7.0 / count for count in counts], counts) == pytest.approx(3, rel=1e-12)
    assert extrapolate([2.0] * 4, counts) == 2


def test_is_least_squares_over_one_over_the_count() -> None:
    counts = subset_sizes(50_000)
    values = 12 + 9000 / np.array(counts) + np.random.default_rng(0).standard_normal(15)
    fitted = LinearRegression().fit(1 / np.array(counts)[:, None], values)
    assert extrapolate(values, counts) == pytest.approx(float(fitted.predict([[0.0]])[0]), rel=1e-10)


def test_sizes_are_the_papers() -> None:
    assert subset_sizes(50_000) == np.linspace(5000, 50_000, 15).astype("int32").tolist()
    assert subset_sizes(40, 3) == [4, 22, 40]


def test_subsets_repeat_no_row_and_differ() -> None:
    subsets = random_subsets(300)
    assert [len(subset) for subset in subsets] == subset_sizes(300)
    assert all(len(set(subset.tolist())) == len(subset) for subset in subsets)
    assert set(subsets[-1].tolist()) == set(range(300))
    assert not np.array_equal(subsets[0], subsets[1][: len(subsets[0])])
    assert all(np.array_equal(one, other) for one, other in zip(subsets, random_subsets(300), strict=True))
    assert not np.array_equal(subsets[3], random_subsets(300, seed=1)[3])


@pytest.mark.parametrize(("values", "counts"), [([1.0], [5]), ([1.0, 2.0], [5, 5]), ([1.0, 2.0], [0, 5])])
def test_what_is_no_line_is_refused(values: list[float], counts: list[int]) -> None:
    with pytest.raises(BadInputError, match="expected as many values as counts above 0"):
        extrapolate(values, counts)


def test_values_that_are_no_numbers_are_refused() -> None:
    with pytest.raises(NonFiniteError, match="NaN"):
        extrapolate([1.0, math.nan], [5, 10])
