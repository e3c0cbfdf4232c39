"""Precision, recall, density and coverage by hand, by brute force, and within their bound on memory."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganbench.errors import BadInputError, NonFiniteError
from ganbench.functional import density_coverage, manifold, precision_recall

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


@pytest.mark.parametrize("block", [1, 7, 64, 10_000])
def test_blocks_do_not_change_the_result(block: int) -> None:
    real, fake = features(90, 5, 6), features(70, 5, 7) * 0.8
    assert precision_recall(real, fake, block=block) == precision_recall(real, fake)
    assert density_coverage(real, fake, block=block) == density_coverage(real, fake)


def test_no_matrix_is_larger_than_a_block(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = []

    def recorded(x: Tensor, y: Tensor) -> Tensor:
        sizes.append((len(x), len(y)))
        return torch.cdist(x, y).square()

    monkeypatch.setattr(manifold, "_squared_distances", recorded)
    precision_recall(features(100, 3, 8), features(75, 3, 9), block=16)
    density_coverage(features(100, 3, 8), features(75, 3, 9), block=16)
    assert max(rows for rows, _ in sizes) == 16
    assert max(columns for _, columns in sizes) == 16


def test_a_large_common_offset_does_not_drown_the_distances() -> None:
    """In float32 the squares of features around 1000 have no digits left for distances around 1."""
    real, fake = features(200, 8, 10), features(200, 8, 11) * 0.8
    moved = [torch.from_numpy(x + 1000).float() for x in (real, fake)]
    exact = precision_recall(*(x.double() for x in moved))
    assert precision_recall(*moved, dtype=torch.float32) == pytest.approx(exact, abs=0.011)


def test_takes_half_precision_features() -> None:
    real, fake = (torch.from_numpy(features(50, 4, seed)).half() for seed in (12, 13))
    assert precision_recall(real, fake) == precision_recall(real.double(), fake.double())


def test_refuses_what_has_no_neighbours() -> None:
    x = features(10, 4, 14)
    with pytest.raises(BadInputError, match="10 real and 3 fake samples do not each have 3 neighbours"):
        precision_recall(x, x[:3])
    with pytest.raises(BadInputError, match="nhood_size at least 1"):
        precision_recall(x, x, 0)
    with pytest.raises(BadInputError, match="real has 4 columns and fake has 2"):
        density_coverage(x, x[:, :2])
    x[2, 2] = np.inf
    with pytest.raises(NonFiniteError, match="row 2 of real"):
        precision_recall(x, features(10, 4, 15))
