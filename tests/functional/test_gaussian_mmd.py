"""CMMD's discrepancy against the double sum of its definition, and closed forms."""

import numpy as np
import pytest

from ganbench.errors import BadInputError, NonFiniteError
from ganbench.functional import gaussian_mmd
from ganbench.functional.gaussian_mmd import BLOCK


def rows(n: int, d: int, seed: int, shift: float = 0.0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((n, d)) + shift


def test_two_points_by_hand() -> None:
    """Each side has its point with itself, k = 1, and the two are 3 apart."""
    assert gaussian_mmd([[0.0]], [[3.0]], sigma=2) == pytest.approx(2 - 2 * np.exp(-9 / 8))
    assert gaussian_mmd([[0.0, 0.0], [0.0, 2.0]], [[0.0, 0.0]], sigma=1) == pytest.approx(
        (2 + 2 * np.exp(-2)) / 4 + 1 - (1 + np.exp(-2))
    )


def test_it_is_the_double_sum_of_the_definition() -> None:
    x, y = rows(7, 5, 0), rows(9, 5, 1, shift=1)

    def mean(a: np.ndarray, b: np.ndarray) -> float:
        return float(np.mean([[np.exp(-((p - q) ** 2).sum() / 200) for q in b] for p in a]))

    expected = mean(x, x) + mean(y, y) - 2 * mean(x, y)
    assert gaussian_mmd(x, y) == pytest.approx(expected, rel=1e-9)
    assert gaussian_mmd(y, x) == pytest.approx(expected, rel=1e-9)


def test_more_rows_than_are_in_memory_at_once() -> None:
    x, y = rows(BLOCK + 3, 2, 0), rows(5, 2, 1)
    between = np.exp(-((x[:, None] - y) ** 2).sum(2) / 2).mean()
    within = sum(np.exp(-((a[:, None] - a) ** 2).sum(2) / 2).mean() for a in (x, y))
    assert gaussian_mmd(x, y, sigma=1) == pytest.approx(within - 2 * between, rel=1e-9)


def test_equal_sets_are_at_zero_and_never_below() -> None:
    x = rows(50, 8, 0) * 1e3
    assert 0 <= gaussian_mmd(x, x) < 1e-12
    assert gaussian_mmd(x, x[::-1].copy()) >= 0


def test_bad_input_is_refused() -> None:
    for sigma in (0.0, -1.0, float("nan"), float("inf")):
        with pytest.raises(BadInputError, match="above 0 for sigma"):
            gaussian_mmd([[0.0]], [[1.0]], sigma=sigma)
    with pytest.raises(BadInputError):
        gaussian_mmd([[0.0]], [[1.0, 2.0]])
    with pytest.raises(NonFiniteError):
        gaussian_mmd([[float("nan")]], [[1.0]])
