"""Memorisation: by hand, by brute force, by other programs' definitions, ties and degenerate features."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy.stats import mannwhitneyu

from ganbench.errors import BadInputError, NonFiniteError
from ganbench.functional import memorization, memorization_distance

Array = NDArray[np.float64]


def features(n: int, d: int, seed: int, scale: float = 1.0) -> Array:
    return np.random.default_rng(seed).standard_normal((n, d)) * scale


def line(*points: float) -> Array:
    return np.array(points)[:, None]


def nearest_distances(real: Array, fake: Array) -> tuple[Array, Array, NDArray[np.int64]]:
    """Return every real's distance to its nearest other, every fake's to its nearest real, and which that is."""
    own = np.linalg.norm(real[:, None] - real, axis=2)
    np.fill_diagonal(own, np.inf)
    across = np.linalg.norm(fake[:, None] - real, axis=2)
    return own.min(axis=1), across.min(axis=1), across.argmin(axis=1)


def test_on_a_line_by_hand() -> None:
    """Reals 0, 1, 3, 7 are 1, 1, 2, 4 from their nearest others; fakes 0.5, 3, 20 are 0.5, 0, 13 from 0, 3, 7."""
    nearer, authenticity = memorization(line(0, 1, 3, 7), line(0.5, 3, 20))
    assert nearer == pytest.approx((4 + 4 + 0) / 12)
    assert authenticity == pytest.approx(1 / 3)


def test_equally_near_counts_half_and_is_not_authentic() -> None:
    """The fakes are 1 from 0 and from 5; the reals 0, 1 and 5 are 1, 1 and 4 from their nearest others."""
    nearer, authenticity = memorization(line(0, 1, 5), line(-1, 6))
    assert nearer == pytest.approx((0.5 + 0.5 + 1) / 3)
    assert authenticity == 0


def test_copies_and_samples_far_from_everything() -> None:
    real = features(50, 4, 0)
    assert memorization(real, real[:20]) == (1, 0)
    assert memorization(real, real + 1000) == (0, 1)


def test_new_samples_of_the_same_distribution_are_nearer_half_the_time() -> None:
    nearer, _ = memorization(features(1500, 3, 1), features(1500, 3, 2))
    assert nearer == pytest.approx(0.5, abs=0.03)


@pytest.mark.parametrize("d", [1, 5, 40])
def test_is_brute_force_and_the_statistic_of_scipy(d: int) -> None:
    real, fake = features(90, d, 3), features(70, d, 4, 0.8) + 0.2
    own, across, place = nearest_distances(real, fake)
    nearer, authenticity = memorization(real, fake)
    statistic = mannwhitneyu(own, across).statistic  # pairs in which the real's distance is the larger
    assert nearer == pytest.approx(statistic / (90 * 70), rel=1e-12)
    assert authenticity == (across > own[place]).mean()


def test_is_dgm_evals_authenticity() -> None:
    """Its definition, written again: of the nearest real of a sample, whether another real is nearer to it."""
    real, fake = (torch.from_numpy(features(n, 6, seed)).float() for n, seed in ((120, 5), (80, 6)))
    between = torch.cdist(real, real).fill_diagonal_(torch.inf).min(dim=0).values
    to_real = torch.cdist(real, fake).min(dim=0)
    percent = 100 * (between[to_real.indices] < to_real.values).float().mean().item()
    assert 100 * memorization(real, fake)[1] == pytest.approx(percent, rel=1e-6)


def test_blocks_do_not_change_the_result(monkeypatch: pytest.MonkeyPatch) -> None:
    real, fake = features(90, 5, 7), features(70, 5, 8) * 0.8
    whole, cosine = memorization(real, fake), memorization_distance(fake, real)
    monkeypatch.setattr("ganbench.functional.neighbours.LARGEST", 300)
    assert memorization(real, fake, block=7) == whole
    assert memorization_distance(fake, real) == pytest.approx(cosine, rel=1e-12)


@pytest.mark.parametrize(("largest", "d"), [(1, 1), (2, 3), (6, 2), (10**6, 1)])
def test_ties_of_whole_numbers_are_exact(largest: int, d: int) -> None:
    rng = np.random.default_rng(largest + d)
    for _ in range(20):
        real, fake = (rng.integers(0, largest + 1, (rng.integers(2, 60), d)).astype(float) + 1000 for _ in range(2))
        own, across, place = nearest_distances(real, fake)
        pairs = (across[:, None] < own).mean() + (across[:, None] == own).mean() / 2
        assert memorization(real, fake) == (pytest.approx(pairs, rel=1e-12), (across > own[place]).mean())


def test_reals_that_are_all_alike() -> None:
    real = np.full((30, 4), 0.1)
    assert memorization(real, real[:3]) == (0.5, 0)
    assert memorization(real, real[:3] + 1) == (0, 1)


def test_outliers_and_units_do_not_matter() -> None:
    real, fake = features(90, 5, 9), features(70, 5, 10)
    own, across, place = nearest_distances(real, fake)
    assert memorization(real * 1e200, fake * 1e200) == memorization(real, fake)
    real[7], fake[3] = 1e30, -1e30
    nearer, authenticity = memorization(real, fake)
    assert nearer == pytest.approx((across[:, None] < own).mean(), abs=0.05)
    assert authenticity == pytest.approx((across > own[place]).mean(), abs=0.05)


def test_what_has_no_neighbours_is_refused() -> None:
    with pytest.raises(BadInputError, match="expected at least 2 real samples, found 1"):
        memorization(features(1, 3, 0), features(5, 3, 0))
    bad = features(5, 3, 0)
    bad[2, 1] = np.nan
    with pytest.raises(NonFiniteError, match="row 2 of fake"):
        memorization(features(4, 3, 0), bad)
    with pytest.raises(BadInputError, match="as many columns in real as in fake, found 3 and 2"):
        memorization(features(4, 3, 0), features(4, 2, 0))


def test_the_cosine_distance_by_hand() -> None:
    """The samples (1, 0) and (3, -3) are nearest to (5, 0) and, as signs do not count, to (-1, 1)."""
    assert memorization_distance([[1.0, 0], [3, -3]], [[5.0, 0], [-1, 1]]) == pytest.approx(0, abs=1e-15)
    assert memorization_distance([[1.0, 0]], [[0.0, 2], [1, 1]]) == pytest.approx(1 - 0.5**0.5)
    assert memorization_distance([[1.0, 0], [0, 0]], [[0.0, 2]]) == 1


def test_the_cosine_distance_takes_any_size_and_refuses_zeros_alone() -> None:
    x, y = features(20, 4, 11), features(30, 4, 12)
    expected = memorization_distance(x, y)
    assert memorization_distance(x * 1e300, y * 1e-300) == pytest.approx(expected, rel=1e-12)
    with pytest.raises(BadInputError, match="expected features with a direction, found zeros alone"):
        memorization_distance(x, y * 0)
