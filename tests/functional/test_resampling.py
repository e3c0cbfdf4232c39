"""Standard errors from groups, against closed forms and a loop that follows the definition."""

import math

import numpy as np
import pytest
from scipy import stats

from ganbench.functional import path_length, path_length_error
from ganbench.functional.resampling import interval, jackknife, spread_of_groups

VALUES = np.random.default_rng(0).standard_normal(60)


def test_the_jackknife_of_a_mean_is_its_standard_error_and_has_no_bias() -> None:
    left_out = [[np.delete(VALUES, i).mean()] for i in range(60)]
    error, bias = jackknife([VALUES.mean()], left_out, [1] * 60)
    assert error[0] == pytest.approx(VALUES.std(ddof=1) / math.sqrt(60), rel=1e-12)
    assert bias[0] == pytest.approx(0, abs=1e-12)


def test_the_jackknife_finds_the_bias_of_a_variance_that_divides_by_n() -> None:
    left_out = [[np.delete(VALUES, i).var()] for i in range(60)]
    _, bias = jackknife([VALUES.var()], left_out, [1] * 60)
    assert VALUES.var() - bias[0] == pytest.approx(VALUES.var(ddof=1), rel=1e-12)


def test_groups_of_unequal_sizes_follow_the_definition() -> None:
    sizes = [10, 10, 20, 20]
    cuts = np.split(np.arange(60), np.cumsum(sizes)[:-1])
    whole, without = VALUES.std(), [np.delete(VALUES, cut).std() for cut in cuts]
    g, h = 4, [60 / size for size in sizes]
    corrected = g * whole - sum((1 - 1 / each) * value for each, value in zip(h, without, strict=True))
    terms = [
        (each * whole - (each - 1) * value - corrected) ** 2 / (each - 1)
        for each, value in zip(h, without, strict=True)
    ]
    error, bias = jackknife([whole], [[value] for value in without], sizes)
    assert error[0] == pytest.approx(math.sqrt(sum(terms) / g), rel=1e-12)
    assert bias[0] == pytest.approx(whole - corrected, rel=1e-9)


def test_the_spread_of_groups_is_that_of_their_mean() -> None:
    means = VALUES.reshape(12, 5).mean(1)
    assert spread_of_groups(means[:, None], [5] * 12)[0] == pytest.approx(means.std(ddof=1) / math.sqrt(12), rel=1e-12)
    trials = np.random.default_rng(1).standard_normal((4000, 30))
    found = [
        spread_of_groups([[row[:10].mean()], [row[10:15].mean()], [row[15:].mean()]], [10, 5, 15])[0] ** 2
        for row in trials
    ]
    assert np.mean(found) == pytest.approx(1 / 30, rel=0.06)


def test_the_interval_is_students() -> None:
    low, high = interval(5.0, 2.0, 13)
    assert (low, high) == pytest.approx(stats.t.interval(0.95, 12, loc=5, scale=2))


@pytest.mark.parametrize("draw", ["standard_exponential", "standard_cauchy"])
def test_the_error_of_a_trimmed_mean_is_its_spread_over_trials(draw: str) -> None:
    trials = getattr(np.random.default_rng(2), draw)((600, 500))
    values, errors = [path_length(row) for row in trials], [path_length_error(row) for row in trials]
    assert np.mean(errors) == pytest.approx(np.std(values), rel=0.1)
    assert math.isnan(path_length_error(np.ones(1)))
