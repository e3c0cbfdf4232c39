"""Precision, recall, density and coverage by hand, by brute force, and within their bound on memory."""

from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganbench.errors import BadInputError, NonFiniteError
from ganbench.functional import density_coverage, manifold, precision_recall
from ganbench.functional.distances import Samples

Array = NDArray[np.float64]


def features(n: int, d: int, seed: int, scale: float = 1.0) -> Array:
    return np.random.default_rng(seed).standard_normal((n, d)) * scale


def line(*points: float) -> Array:
    return np.array(points)[:, None]


def brute_force(points: Array, centres: Array, k: int) -> NDArray[np.bool_]:
    """Return ``[points, centres]``: whether a point lies in a centre's ball. All differences at once."""
    own = np.sort(np.linalg.norm(centres[:, None] - centres, axis=2), axis=1)[:, k]
    result: NDArray[np.bool_] = np.linalg.norm(points[:, None] - centres, axis=2) <= own
    return result


def test_on_a_line_by_hand() -> None:
    """Reals 0..4 reach out by 1, so from -1 to 5; the fakes -1, 2, 6, 9 reach out by 3 and 4, 3, 3, so -4 to 12."""
    real, fake = line(0, 1, 2, 3, 4), line(-1, 2, 6, 9)
    assert precision_recall(real, fake, nhood_size=1) == (0.5, 1.0)
    assert precision_recall(fake, real, nhood_size=1) == (1.0, 0.5)


def test_the_boundary_is_inside() -> None:
    real = line(0, 1, 2, 3)
    assert precision_recall(real, line(4, 4.0625, 9, 30), nhood_size=1)[0] == 0.25


@pytest.mark.parametrize("k", [1, 3, 5])
def test_is_brute_force(k: int) -> None:
    real, fake = features(90, 5, 0), features(70, 5, 1, 0.7) + 0.4
    precision, recall = precision_recall(real, fake, k)
    assert precision == brute_force(fake, real, k).any(axis=1).mean()
    assert recall == brute_force(real, fake, k).any(axis=1).mean()
    assert 0 < recall < precision < 1
    density, coverage = density_coverage(real, fake, k)
    assert density == pytest.approx(brute_force(fake, real, k).sum() / k / 70)
    assert coverage == brute_force(fake, real, k).any(axis=0).mean()


def test_equal_sets() -> None:
    x = features(60, 4, 2)
    assert precision_recall(x, x) == (1, 1)
    assert density_coverage(x, x)[1] == 1


def test_disjoint_sets() -> None:
    x = features(60, 4, 3)
    assert precision_recall(x, x + 100) == (0, 0)
    assert density_coverage(x, x + 100) == (0, 0)


def test_density_of_equal_distributions_is_about_one() -> None:
    density, _ = density_coverage(features(2000, 2, 4), features(2000, 2, 5))
    assert density == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize("block", [1, 7, 32, 10_000])
def test_blocks_do_not_change_the_result(block: int) -> None:
    real, fake = features(40, 5, 6), features(30, 5, 7) * 0.8
    assert precision_recall(real, fake, block=block) == precision_recall(real, fake)
    assert density_coverage(real, fake, block=block) == density_coverage(real, fake)


def test_no_matrix_is_larger_than_a_block(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = []

    def recorded(x: Samples, y: Samples) -> Tensor:
        sizes.append((len(x), len(y)))
        return torch.cdist(x.products, y.products).square()

    monkeypatch.setattr(manifold, "squared_distances", recorded)
    precision_recall(features(100, 3, 8), features(75, 3, 9), block=16)
    density_coverage(features(100, 3, 8), features(75, 3, 9), block=16)
    assert max(rows for rows, _ in sizes) == 16
    assert max(columns for _, columns in sizes) == 16


def test_a_large_common_offset_does_not_drown_the_distances() -> None:
    """In float32 the squares of features around 1000 have no digits left for distances around 1."""
    real, fake = features(200, 8, 10), features(200, 8, 11) * 0.8
    moved = [torch.from_numpy(x + 1000).float() for x in (real, fake)]
    exact = precision_recall(*(x.double() for x in moved))
    assert precision_recall(*moved, dtype=torch.float32) == exact


def test_takes_half_precision_features() -> None:
    real, fake = (torch.from_numpy(features(50, 4, seed)).half() for seed in (12, 13))
    assert precision_recall(real, fake) == precision_recall(real.double(), fake.double())


def test_refuses_what_has_no_neighbours() -> None:
    x = features(10, 4, 14)
    with pytest.raises(BadInputError, match=r"more than 3 samples on both sides .* found 10 real and 3 fake"):
        precision_recall(x, x[:3])
    with pytest.raises(BadInputError, match="at least 1 for nhood_size"):
        precision_recall(x, x, 0)
    with pytest.raises(BadInputError, match="columns in real as in fake, found 4 and 2"):
        density_coverage(x, x[:, :2])
    x[2, 2] = np.inf
    with pytest.raises(NonFiniteError, match="row 2 of real"):
        precision_recall(x, features(10, 4, 15))


def exactly(real: Array, fake: Array, k: int) -> tuple[float, float, float, float]:
    """Return precision, recall, density and coverage of whole numbers, in whole numbers."""

    def squared(a: Array, b: Array) -> NDArray[np.int64]:
        total: NDArray[np.int64] = np.square(a[:, None].astype(np.int64) - b.astype(np.int64)).sum(axis=2)
        return total

    of_real, of_fake = (np.sort(squared(x, x), axis=1)[:, k] for x in (real, fake))
    across = squared(fake, real)
    precision, recall = (across <= of_real).any(axis=1).mean(), (of_fake >= across.T).any(axis=1).mean()
    return precision, recall, (across <= of_real).sum() / (k * len(fake)), (across <= of_real).any(axis=0).mean()


def together(real: Array, fake: Array, k: int, **options: Any) -> tuple[float, float, float, float]:
    return *precision_recall(real, fake, k, **options), *density_coverage(real, fake, k, **options)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize(("largest", "d"), [(1, 1), (2, 3), (6, 2), (3, 12), (255, 2), (10**6, 1)])
def test_ties_of_whole_numbers_are_exact(largest: int, d: int, dtype: torch.dtype) -> None:
    rng = np.random.default_rng(largest + d)
    for offset in (0, 1000):
        for _ in range(10):
            k = int(rng.integers(1, 5))
            real, fake = (rng.integers(0, largest + 1, (rng.integers(6, 60), d)) + offset for _ in range(2))
            block = int(rng.integers(5, 70))
            assert together(real, fake, k, dtype=dtype, block=block) == exactly(real, fake, k)
            assert together(real / 8, fake / 8, k, dtype=dtype) == exactly(real, fake, k)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_equal_distances_of_fractions_are_equal(dtype: torch.dtype) -> None:
    """Every fake is a real, and balls reach exactly as far as the neighbours that they are counted from."""
    rng = np.random.default_rng(16)
    for d in (1, 3, 40):
        points = rng.standard_normal((20, d))[rng.integers(0, 20, 120)] * 1.1
        real, fake = points[:70], points[40:]
        right = together(real, fake, 5)
        inside = brute_force(fake, real, 5)
        assert right[2:] == (inside.sum() / (5 * len(fake)), inside.any(axis=0).mean())
        for block in (9, 32, 119):
            assert together(real, fake, 5, dtype=dtype, block=block) == right


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize("far", [1e3, 1e9, 1e30, 1e100])
def test_outliers_do_not_drown_the_others(far: float, dtype: torch.dtype) -> None:
    real, fake = features(90, 5, 17), features(70, 5, 18, 0.8)
    real[7], fake[5] = far, -far
    inside = brute_force(fake, real, 3)
    assert density_coverage(real, fake, 3, dtype=dtype) == (inside.sum() / (3 * 70), inside.any(axis=0).mean())
    fake[5] = real[7]  # the outlier's ball, which holds all, is then the only thing that the reals have too much
    assert precision_recall(real[:7], fake[:5], 3, dtype=dtype) == precision_recall(real[:7], fake[:5], 3)
    assert precision_recall(real, fake, 3, dtype=dtype)[1] == brute_force(real, fake, 3).any(axis=1).mean()


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize("unit", [2.0**-900, 2.0**-200, 2.0**70, 2.0**520, 2.0**900])
def test_the_unit_of_the_features_does_not_matter(unit: float, dtype: torch.dtype) -> None:
    real, fake = features(90, 5, 19), features(70, 5, 20, 0.8)
    assert together(real * unit, fake * unit, 3, dtype=dtype) == together(real, fake, 3)


def test_collapsed_sets() -> None:
    point, other = np.full((50, 4), 0.1), np.full((60, 4), 0.3)
    assert together(point, point[:40], 3) == (1, 1, 50 / 3, 1)
    assert together(point, other, 3) == (0, 0, 0, 0)


def test_refuses_what_squares_cannot_hold_side_by_side() -> None:
    real = features(20, 4, 21)
    real[3] = 1e160
    with pytest.raises(BadInputError, match=r"found 1e\+160 beside .* in row 0 of real: leave the outliers out"):
        precision_recall(real, features(20, 4, 22))


@pytest.mark.parametrize("option", [{"block": 0}, {"block": 2.5}, {"nhood_size": True}, {"nhood_size": "3"}])
def test_refuses_another_kind_of_number(option: dict[str, Any]) -> None:
    for function in (precision_recall, density_coverage):
        with pytest.raises(BadInputError, match=f"expected a whole number of at least 1 for {next(iter(option))}"):
            function(features(20, 4, 23), features(20, 4, 24), **option)


def test_refuses_another_precision() -> None:
    with pytest.raises(BadInputError, match=r"for dtype, found torch\.float16"):
        precision_recall(features(20, 4, 23), features(20, 4, 24), dtype=torch.float16)


@pytest.mark.parametrize("unit", [1, 2.0**-110, 2.0**100])
@pytest.mark.parametrize("d", [1, 3, 200])
def test_float32_features_give_the_same_in_float64(unit: float, d: int) -> None:
    """Copies, and balls that reach exactly as far as the neighbours that they are counted from."""
    points = features(20, d, 25)[np.random.default_rng(26).integers(0, 20, 120)]
    real, fake = (torch.from_numpy(points[rows]).float() * unit for rows in (slice(70), slice(40, 120)))
    right = together(real.double().numpy(), fake.double().numpy(), 5, dtype=torch.float64)
    for dtype in (torch.float64, torch.float32):
        assert precision_recall(real, fake, 5, dtype=dtype) + density_coverage(real, fake, 5, dtype=dtype) == right


def test_float32_features_are_not_copied_as_a_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """At the size of the papers, 50,000 rows of 4,096 a side, a copy in float64 would take 1.6 GB a side."""
    real, fake = (torch.from_numpy(features(64, 8, seed)).float() for seed in (27, 28))
    seen = []
    squared_radii = manifold.squared_radii

    def recorded(samples: Samples, k: int, block: int) -> Tensor:
        radii = squared_radii(samples, k, block)
        seen.append((samples.exact.data_ptr(), "products" in vars(samples)))
        return radii

    monkeypatch.setattr(manifold, "squared_radii", recorded)
    precision_recall(real, fake, block=16)
    assert seen == [(real.data_ptr(), False), (fake.data_ptr(), False)]
