"""Kernel distance against the double sum of its definition, and the subsets that it draws."""

import inspect
import warnings

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from ganbench.errors import BadInputError, NonFiniteError
from ganbench.functional import draw_subsets, kernel_distance, kernel_distances, mmd
from ganbench.functional.mmd import WIDE
from ganbench.metrics.kid import kid50k

Array = NDArray[np.float64]


def features(n: int, d: int, seed: int) -> Array:
    return np.random.default_rng(seed).standard_normal((n, d))


def by_definition(x: Array, y: Array) -> float:
    """Return the unbiased estimate as sums over pairs, one pair at a time."""
    m, d = x.shape

    def k(a: Array, b: Array) -> float:
        return float((a @ b / d + 1) ** 3)

    pairs = [(i, j) for i in range(m) for j in range(m)]
    within = sum(k(x[i], x[j]) + k(y[i], y[j]) for i, j in pairs if i != j) / (m * (m - 1))
    return within - 2 * sum(k(x[i], y[j]) for i, j in pairs) / m**2


def all_rows(n: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    return np.arange(n)[None], np.arange(n)[None]


def test_two_points_by_hand() -> None:
    """In one dimension with x = {0, 1} and y = {0, 2}: k(0, .) is 1, k(1, 2) is 27."""
    x, y = np.array([[0.0], [1.0]]), np.array([[0.0], [2.0]])
    assert kernel_distance(x, y, all_rows(2)) == pytest.approx(1 + 1 - 2 * (1 + 1 + 1 + 27) / 4)


@pytest.mark.parametrize("d", [1, 5, 64])
def test_is_its_definition(d: int) -> None:
    x, y = features(17, d, 0), features(17, d, 1) + 0.3
    assert kernel_distance(x, y, all_rows(17)) == pytest.approx(by_definition(x, y), rel=1e-12)


def test_mean_over_subsets() -> None:
    x, y = features(40, 6, 2), features(30, 6, 3)
    of_x, of_y = draw_subsets(40, 30, 5, 12, seed=4)
    each = kernel_distances(x, y, (of_x, of_y))
    assert each == pytest.approx([by_definition(x[i], y[j]) for i, j in zip(of_x, of_y, strict=True)], rel=1e-12)
    assert kernel_distance(x, y, (of_x, of_y)) == pytest.approx(each.mean(), rel=1e-15)


def test_rows_that_a_subset_repeats_are_pairs_too() -> None:
    x, y = features(9, 6, 2), features(8, 6, 3)
    of_x, of_y = (np.random.default_rng(seed).integers(8, size=(3, 10)) for seed in (0, 1))
    expected = [by_definition(x[i], y[j]) for i, j in zip(of_x, of_y, strict=True)]
    assert kernel_distances(x, y, (of_x, of_y)) == pytest.approx(expected, rel=1e-12)
    assert kernel_distances(x, y, (of_x[:1], of_y[:1])) == pytest.approx(expected[:1], rel=1e-12)


@pytest.mark.parametrize("count", [1, 4, 5, 40])
def test_subsets_one_by_one_and_all_at_once(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """40 and 30 rows have fewer pairs than many subsets of 17 have together; blocks do not matter either."""
    x, y = features(40, 6, 2), features(30, 6, 3)
    subsets = draw_subsets(40, 30, count, 17, seed=4)
    expected = [by_definition(x[i], y[j]) for i, j in zip(*subsets, strict=True)]
    for name, size in (("ROWS", 7), ("CACHED", 3), ("GROUP", 3)):
        assert kernel_distances(x, y, subsets) == pytest.approx(expected, rel=1e-11)
        monkeypatch.setattr(mmd, name, size)
    assert kernel_distances(x, y, subsets) == pytest.approx(expected, rel=1e-11)


@pytest.mark.parametrize("seed", [0, 2, 4])
@pytest.mark.parametrize("offset", [0.0, 3.0])
def test_wide_float32_features_are_as_good_as_in_float64(offset: float, seed: int) -> None:
    """Of an origin far away, a kernel's value keeps the size, but what all pairs have in common is not rounded."""
    x, y = (features(300, 2 * WIDE, seed + side).astype(np.float32) + np.float32(offset) for side in (0, 1))
    rows = draw_subsets(300, 300, 3, 200, seed=0)
    exact = kernel_distances(x.astype(np.float64), y.astype(np.float64), rows)
    assert kernel_distances(x, y, rows) == pytest.approx(exact, abs=1e-8 * (offset**2 + 1) ** 2)
    assert not np.array_equal(kernel_distances(x, y, rows), exact)


@pytest.mark.parametrize("outlier", [0.0, 1e6])
@pytest.mark.parametrize(("deviation", "offset"), [(0.01, 5.0), (0.01, 30.0), (1.0, 1000.0), (1.0, 1e4)])
def test_wide_float32_features_far_from_zero(deviation: float, offset: float, outlier: float) -> None:
    """Rows close together are as long as their mean, give or take; farther off, float32 is not enough about it."""
    scale, shift = np.float32(deviation), np.float32(offset)
    x, y = (features(200, 2 * WIDE, seed).astype(np.float32) * scale + shift for seed in (0, 1))
    x[0] += np.float32(outlier)
    exact = kernel_distance(x.astype(np.float64), y.astype(np.float64), all_rows(200))
    noise = 3 * (1 + offset**2) ** 2 * deviation**2 / 200 / (2 * WIDE) ** 0.5  # of the samples, about
    assert kernel_distance(x, y, all_rows(200)) == pytest.approx(exact, abs=1e-3 * noise)


def test_an_outlier_costs_the_other_rows_no_digits_in_float32() -> None:
    """About the mean of all, which it would draw far away, all kernels would be differences of huge numbers."""
    x, y = (features(300, 2 * WIDE, seed).astype(np.float32) for seed in (0, 1))
    x[0] *= np.float32(1e6)
    exact = kernel_distance(x.astype(np.float64), y.astype(np.float64), all_rows(300))
    assert kernel_distance(x, y, all_rows(300)) == pytest.approx(exact, rel=1e-5)


def test_what_float32_cannot_hold_is_taken_in_float64() -> None:
    x, y = (features(8, WIDE, seed).astype(np.float32) * np.float32(1e15) for seed in (0, 1))
    exact = kernel_distance(x.astype(np.float64), y.astype(np.float64), all_rows(8))
    assert kernel_distance(x, y, all_rows(8)) == pytest.approx(exact, rel=1e-12)
    assert abs(exact) > 1e38


@pytest.mark.parametrize("m", [2, 63, 64, 65, 130, 257, 1025])
def test_halves_add_up_to_all_pairs(m: int) -> None:
    x, y = features(m, 3, 5), features(m, 3, 6)
    kernels = [(a @ b.T / 3 + 1) ** 3 for a, b in ((x, x), (y, y), (x, y))]
    within = sum(k.sum() - np.trace(k) for k in kernels[:2]) / (m * (m - 1))
    assert kernel_distance(x, y, all_rows(m)) == pytest.approx(within - 2 * kernels[2].mean(), rel=1e-9)


def test_is_clean_fids_on_the_same_features_and_subsets() -> None:
    """Of its two random draws a subset, the second set's comes first; the kernel and its mean are the same."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it is of 2022
        theirs = pytest.importorskip("cleanfid.fid", reason="clean-fid is not installed").kernel_distance
    x, y = (np.random.default_rng(seed).normal(seed, 1, (rows, 7)) for seed, rows in ((0, 60), (1, 50)))
    before = np.random.get_state()
    try:
        np.random.seed(3)
        drawn = [[np.random.choice(len(side), 20, replace=False) for side in (y, x)] for _ in range(9)]
        np.random.seed(3)
        expected = theirs(x, y, num_subsets=9, max_subset_size=20)
    finally:
        np.random.set_state(before)
    subsets = np.stack([of_x for _, of_x in drawn]), np.stack([of_y for of_y, _ in drawn])
    assert kernel_distance(torch.from_numpy(x), torch.from_numpy(y), subsets=subsets) == pytest.approx(
        expected, rel=1e-9
    )
    assert (kid50k.num_subsets, kid50k.max_subset_size) == (100, 1000)
    defaults = inspect.signature(theirs).parameters
    assert (defaults["num_subsets"].default, defaults["max_subset_size"].default) == (100, 1000)


def test_unbiased_for_equal_distributions() -> None:
    """The mean over many independent pairs is within four standard errors of 0, where the biased form is far off."""
    each = np.array([kernel_distance(features(20, 4, i), features(20, 4, 10**6 + i), all_rows(20)) for i in range(400)])
    error = each.std() / np.sqrt(len(each))
    assert abs(each.mean()) < 4 * error
    biased = np.mean([((features(20, 4, i) ** 2).sum(1) / 4 + 1) ** 3 for i in range(400)]) * 2 / 20
    assert biased > 20 * error


def test_single_precision_features_are_computed_in_double() -> None:
    x, y = features(50, 8, 5).astype(np.float32), features(50, 8, 6).astype(np.float32)
    in_double = kernel_distance(x.astype(np.float64), y.astype(np.float64), seed=1)
    assert kernel_distance(torch.from_numpy(x), torch.from_numpy(y), seed=1) == in_double


@pytest.mark.usefixtures("untouched_random_state")
def test_drawn_subsets_depend_on_the_seed_and_their_number_only() -> None:
    few, many = draw_subsets(50, 40, 3, 10, seed=7), draw_subsets(50, 40, 9, 10, seed=7)
    for a, b in zip(few, many, strict=True):
        assert a.shape == (3, 10)
        np.testing.assert_array_equal(a, b[:3])
        assert all(len(set(rows)) == 10 for rows in a.tolist())
    assert not np.array_equal(few[0], draw_subsets(50, 40, 3, 10, seed=8)[0])


def test_subsets_are_as_large_as_the_smaller_side_allows() -> None:
    of_x, of_y = draw_subsets(50, 8, 2, 1000, seed=0)
    assert of_x.shape == of_y.shape == (2, 8)
    assert of_x.max() > 8


def test_refuses_what_it_cannot_compare() -> None:
    x = features(10, 4, 8)
    with pytest.raises(BadInputError, match="columns in x as in y, found 4 and 3"):
        kernel_distance(x, x[:, :3])
    with pytest.raises(BadInputError, match="found 100 of 1:"):
        kernel_distance(x, x[:1])
    with pytest.raises(BadInputError, match="found 0 of 10:"):
        kernel_distance(x, x, num_subsets=0)
    with pytest.raises(BadInputError, match=r"found \[1, 10\] and \[1, 9\]"):
        kernel_distance(x, x, (np.arange(10)[None], np.arange(9)[None]))
    x[6, 0] = np.nan
    with pytest.raises(NonFiniteError, match="row 6 of y"):
        kernel_distance(features(10, 4, 9), x)


@pytest.mark.parametrize("index", [-1, 8])
def test_a_subset_outside_of_the_rows_is_refused(index: int) -> None:
    rows = np.random.default_rng(0).random((8, 3))
    with pytest.raises(BadInputError, match="from 0 to 7 in the subsets of y, found"):
        kernel_distance(rows, rows, (np.array([[0, 1]]), np.array([[0, index]])))
