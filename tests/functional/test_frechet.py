"""Fréchet distance against closed forms, against the matrix square root, and where covariances are singular."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.linalg
import torch
from numpy.typing import NDArray

from ganbench.errors import BadInputError, NonFiniteError
from ganbench.functional import frechet_distance, moments

Array = NDArray[np.float64]


def features(n: int, d: int, seed: int) -> Array:
    rng = np.random.default_rng(seed)
    return rng.standard_normal((n, d)) @ rng.standard_normal((d, d)) / np.sqrt(d) + rng.standard_normal(d)


def rotation(d: int, seed: int) -> Array:
    return np.linalg.qr(np.random.default_rng(seed).standard_normal((d, d)))[0]


def from_samples(x: Array, y: Array, ddof: int) -> float:
    """Return the distance of two sets of rows by the singular values of their product, no covariance being formed."""
    cx, cy = ((rows - rows.mean(axis=0)) / np.sqrt(len(rows) - ddof) for rows in (x, y))
    roots = np.linalg.svd(cx @ cy.T, compute_uv=False).sum()
    return float(np.square(x.mean(0) - y.mean(0)).sum() + np.square(cx).sum() + np.square(cy).sum() - 2 * roots)


def test_one_dimension() -> None:
    assert frechet_distance(np.array([1.0]), np.array([[4.0]]), np.array([3.0]), np.array([[9.0]])) == pytest.approx(5)


@pytest.mark.parametrize("spread", [1, 6, 14])
def test_common_axes(spread: int) -> None:
    """Along common principal axes the deviations subtract; ``spread`` decades apart, small ones must not drown."""
    d = 40
    basis = rotation(d, 0)
    a, b = np.logspace(0, -spread, d), np.logspace(-1, -spread / 2, d)
    got = frechet_distance(np.zeros(d), basis * a @ basis.T, np.zeros(d), basis * b @ basis.T)
    assert got == pytest.approx(np.square(np.sqrt(a) - np.sqrt(b)).sum(), rel=1e-7)


def test_optimal_map() -> None:
    """If y = A x with A symmetric positive, the distance is the mean squared length of x - A x."""
    d = 30
    cov = np.cov(features(200, d, 1), rowvar=False)
    basis = rotation(d, 2)
    moved = basis * np.linspace(0.2, 3, d) @ basis.T
    got = frechet_distance(np.zeros(d), cov, np.zeros(d), moved @ cov @ moved)
    assert got == pytest.approx(np.trace((np.eye(d) - moved) @ cov @ (np.eye(d) - moved)), rel=1e-10)


def test_is_the_matrix_square_root_where_that_is_regular() -> None:
    (mx, cx), (my, cy) = (moments(features(300, 48, seed), ddof=1) for seed in (3, 4))
    root = scipy.linalg.sqrtm(cx @ cy)
    expected = np.square(mx - my).sum() + np.trace(cx + cy - 2 * root.real)
    assert frechet_distance(mx, cx, my, cy) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(("n", "m"), [(20, 25), (20, 300), (300, 20), (64, 65), (65, 64), (63, 300), (300, 62), (2, 2)])
@pytest.mark.parametrize("ddof", [0, 1])
def test_fewer_samples_than_dimensions(n: int, m: int, ddof: int) -> None:
    x, y = features(n, 64, 5), features(m, 64, 6)
    got = frechet_distance(*moments(x, ddof=ddof), *moments(y, ddof=ddof))
    assert got == pytest.approx(from_samples(x, y, ddof), rel=1e-9)


def test_orthogonal_ranges() -> None:
    a, b = np.diag([1.0, 2, 0, 0]), np.diag([0.0, 0, 3, 4])
    assert frechet_distance(np.zeros(4), a, np.zeros(4), b) == pytest.approx(10, rel=1e-12)


def test_no_covariance_leaves_the_means() -> None:
    zero = np.zeros((2, 2))
    assert frechet_distance(np.array([0.0, 3]), zero, np.array([4.0, 0]), zero) == 25


@pytest.mark.parametrize("n", [300, 20])
def test_symmetric_in_its_arguments(n: int) -> None:
    x, y = (moments(features(n, 64, seed), ddof=0) for seed in (7, 8))
    assert frechet_distance(*x, *y) == pytest.approx(frechet_distance(*y, *x), rel=1e-9)


@pytest.mark.parametrize("n", [300, 20])
def test_a_set_against_itself_is_exactly_zero(n: int) -> None:
    for seed in range(10):
        mean, cov = moments(features(n, 64, seed), ddof=0)
        assert frechet_distance(mean, cov, mean.copy(), torch.from_numpy(cov.copy())) == 0


def test_never_negative_and_tiny_for_nearly_equal_sets() -> None:
    for seed in range(10):
        mean, cov = moments(features(300, 64, seed), ddof=0)
        for scale in (1 + 1e-15, 1 + 1e-12, 1 - 1e-9):
            assert 0 <= frechet_distance(mean, cov, mean, cov * scale) < 1e-9 * np.trace(cov)


def test_statistics_stored_in_float32() -> None:
    """Rounding to float32 makes a singular covariance slightly indefinite; the distance hardly notices."""
    x, y = (moments(features(40, 200, seed), ddof=0) for seed in (11, 12))
    rounded = [part.astype(np.float32) for part in (*x, *y)]
    assert np.linalg.eigvalsh(rounded[1].astype(np.float64))[0] < 0
    assert frechet_distance(*rounded) == pytest.approx(frechet_distance(*x, *y), rel=1e-2)


def test_takes_tensors() -> None:
    x, y = (moments(torch.from_numpy(features(100, 8, seed)), ddof=0) for seed in (13, 14))
    assert frechet_distance(*map(torch.from_numpy, (*x, *y))) == frechet_distance(*x, *y)


def test_refuses_what_is_no_pair_of_gaussians() -> None:
    mean, cov = np.zeros(3), np.eye(3)
    with pytest.raises(BadInputError, match=r"of x, found shapes \[3\] and \[3, 2\]"):
        frechet_distance(mean, cov[:, :2], mean, cov)
    with pytest.raises(BadInputError, match="equal dimensions of x and y, found 3 and 2"):
        frechet_distance(mean, cov, mean[:2], cov[:2, :2])
    with pytest.raises(BadInputError, match="expected a symmetric covariance of y"):
        frechet_distance(mean, cov, mean, np.triu(np.ones((3, 3))))
    with pytest.raises(BadInputError, match="eigenvalue -1 beside 1"):
        frechet_distance(mean, cov, mean, np.diag([1.0, 1, -1]))
    with pytest.raises(BadInputError, match="eigenvalue -1 beside 1"):
        frechet_distance(mean, cov, mean, np.array([[0, 1, 0], [1, 0, 0], [0, 0, 1.0]]))


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_refuses_what_is_not_finite(bad: float) -> None:
    mean, cov = np.zeros(2), np.eye(2)
    with pytest.raises(NonFiniteError, match="of y"):
        frechet_distance(mean, cov, np.array([0, bad]), cov)
    with pytest.raises(NonFiniteError, match="of x"):
        frechet_distance(mean, np.diag([1, bad]), mean, cov)


@pytest.mark.parametrize("ddof", [0, 1])
def test_moments_are_numpys(ddof: int) -> None:
    x = features(50, 7, 15) + 1000  # a large mean: the covariance must be computed around it
    mean, cov = moments(torch.from_numpy(x).float(), ddof=ddof)
    np.testing.assert_allclose(mean, x.astype(np.float32).mean(axis=0, dtype=np.float64), rtol=1e-15)
    np.testing.assert_allclose(cov, np.cov(x.astype(np.float32).astype(float), rowvar=False, ddof=ddof), rtol=1e-10)


def test_moments_refuse_too_few_or_bad_rows() -> None:
    with pytest.raises(BadInputError, match=r"more than 1 rows .* found 1"):
        moments(np.ones((1, 4)), ddof=1)
    with pytest.raises(BadInputError, match=r"shape \[0, 4\]"):
        moments(np.ones((0, 4)), ddof=0)
    x = np.ones((5, 4))
    x[3, 1] = np.nan
    with pytest.raises(NonFiniteError, match="row 3 of features"):
        moments(x, ddof=0)


def raw_moments(x: Array) -> tuple[Array, Array]:
    """Return moments as sums of products less the product of the means, which cancels."""
    mean = x.mean(axis=0)
    return mean, x.T @ x / len(x) - np.outer(mean, mean)


def collapsed(n: int, d: int, seed: int, size: float = 5) -> Array:
    return np.tile(np.random.default_rng(seed).normal(size=(1, d)) * size, (n, 1))


@pytest.mark.parametrize("d", [1, 7, 64])
@pytest.mark.parametrize("n", [2, 40, 300])
def test_equal_rows_have_no_covariance_at_all(n: int, d: int) -> None:
    mean, cov = moments(collapsed(n, d, 20, 1e6), ddof=1)
    np.testing.assert_array_equal(mean, collapsed(n, d, 20, 1e6)[0])
    np.testing.assert_array_equal(cov, np.zeros((d, d)))


@pytest.mark.parametrize("make", [lambda x: moments(x, ddof=0), raw_moments], ids=["moments", "raw sums"])
@pytest.mark.parametrize("size", [1e-3, 5.0, 1000.0])
@pytest.mark.parametrize(("n", "d"), [(300, 64), (20, 64), (300, 1)])
def test_collapsed_samples(make: Callable[[Array], tuple[Array, Array]], size: float, n: int, d: int) -> None:
    """Where one side is a point, the root vanishes: the distance is that of the means and the other's variances."""
    x, z = collapsed(300, d, 21, size), collapsed(300, d, 22, size)
    y = features(n, d, 23)
    right = np.square(x[0] - y.mean(axis=0)).sum() + y.var(axis=0).sum()
    for pair in ((x, y), (y, x)):
        assert frechet_distance(*make(pair[0]), *make(pair[1])) == pytest.approx(right, rel=1e-6)
    assert frechet_distance(*make(x), *make(z)) == pytest.approx(np.square(x[0] - z[0]).sum(), rel=1e-6)
    assert frechet_distance(*make(x), *moments(x, ddof=0)) < 1e-9 * d * size**2


def test_an_eigenvalue_below_zero_is_judged_by_the_larger_side_and_the_mean() -> None:
    zero, one, noise = np.zeros(2), np.eye(2), np.diag([1.0, -1.0])
    assert frechet_distance(zero, noise * 1e-9, zero, one) == pytest.approx(2, rel=1e-4)
    with pytest.raises(BadInputError, match=r"of x .* the eigenvalue -0\.001 beside 0\.001"):
        frechet_distance(zero, noise * 1e-3, zero, one)
    with pytest.raises(BadInputError, match=r"of y .* the eigenvalue -1e-09 beside 1e-09"):
        frechet_distance(zero, one * 1e-12, zero, noise * 1e-9)
    mean = np.array([1000.0, 0])
    assert frechet_distance(mean, noise * 1e-9, mean, one * 1e-9) < 1e-8
    with pytest.raises(BadInputError, match=r"of x .* the eigenvalue -0\.001"):
        frechet_distance(mean, noise * 1e-3, mean, one)


@pytest.mark.parametrize("exponent", [-500, -300, 250, 450])
def test_the_unit_of_the_features_does_not_matter(exponent: int) -> None:
    (mx, cx), (my, cy) = (moments(features(300, 16, seed), ddof=0) for seed in (24, 25))
    unit = 2.0**exponent
    got = frechet_distance(mx * unit, cx * unit * unit, my * unit, cy * unit * unit)
    assert got == frechet_distance(mx, cx, my, cy) * unit * unit


def test_what_float64_cannot_hold_is_a_sentence() -> None:
    with pytest.raises(NonFiniteError, match="found 1e\\+160"):
        moments(np.array([[0.0], [1e160]]), ddof=0)
    with pytest.raises(NonFiniteError, match="about 1e200"):
        frechet_distance(np.array([1e200]), np.eye(1), np.array([-1e200]), np.eye(1))


def test_moments_take_any_strides_byte_order_and_precision() -> None:
    x = np.random.default_rng(26).integers(-8, 8, (50, 8)).astype(np.float32)
    mean, cov = moments(x, ddof=0)
    same = (
        x[::-1][::-1],
        x.astype(">f4"),
        np.asfortranarray(x),
        x.tolist(),
        torch.from_numpy(x).bfloat16(),
        x.astype("g"),
    )
    for given in (*same, torch.from_numpy(x).requires_grad_(), [torch.from_numpy(row) for row in x]):
        found = moments(given, ddof=0)
        np.testing.assert_array_equal(found[0], mean)
        np.testing.assert_array_equal(found[1], cov)
    np.testing.assert_allclose(moments(x[::-1], ddof=0)[1], cov, rtol=1e-12)


@pytest.mark.parametrize("ddof", [0.5, True, -1, "1", None])
def test_moments_refuse_another_kind_of_divisor(ddof: Any) -> None:
    with pytest.raises(BadInputError, match="whole number of at least 0 for ddof"):
        moments(np.ones((3, 2)), ddof=ddof)


@pytest.mark.parametrize("x", [None, "rows", ["a"], [[1, 2], [3]], 1j * np.ones((2, 2)), np.array(["1"]), [[None]]])
def test_moments_refuse_what_is_not_numbers(x: Any) -> None:
    with pytest.raises(BadInputError, match="for features, found"):
        moments(x, ddof=0)
