"""The Vendi score: closed forms, the two dual forms, the package."""

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from ganbench.errors import BadInputError, NonFiniteError
from ganbench.functional import vendi_score

Array = NDArray[np.float64]


def unit(n: int, d: int, seed: int = 0, offset: float = 0.0) -> Array:
    rows = np.random.default_rng(seed).standard_normal((n, d)) + offset
    result: Array = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return result


def test_as_many_as_there_are_when_all_are_orthogonal() -> None:
    assert vendi_score(np.eye(7) / 7) == pytest.approx(7, rel=1e-12)


def test_one_when_all_are_alike() -> None:
    assert vendi_score(np.ones((7, 7)) / 7) == pytest.approx(1, rel=1e-12)
    assert vendi_score([[1.0]]) == 1


def test_groups_count_by_the_entropy_of_their_shares() -> None:
    rows = np.eye(3)[[0, 0, 0, 1, 1, 2]]
    entropy = -sum(share * math.log(share) for share in (3 / 6, 2 / 6, 1 / 6))
    assert vendi_score(rows @ rows.T / 6) == pytest.approx(math.exp(entropy), rel=1e-12)
    assert vendi_score(rows.T @ rows / 6) == pytest.approx(math.exp(entropy), rel=1e-12)


@pytest.mark.parametrize(("n", "d"), [(50, 8), (8, 50), (20, 20)])
def test_the_dual_form_is_the_primal_one(n: int, d: int) -> None:
    rows = unit(n, d, offset=0.5)
    assert vendi_score(rows.T @ rows / n) == pytest.approx(vendi_score(rows @ rows.T / n), rel=1e-10)


@pytest.mark.parametrize(("n", "d"), [(50, 8), (8, 50)])
def test_is_the_package(n: int, d: int) -> None:
    vendi = pytest.importorskip("vendi_score.vendi")
    rows = unit(n, d, 1, offset=0.3)
    assert vendi_score(rows.T @ rows / n) == pytest.approx(vendi.score_dual(rows * 3), rel=1e-10)


def test_what_is_no_matrix_of_similarities_is_refused() -> None:
    with pytest.raises(BadInputError, match=r"found the shape \[2, 3\]"):
        vendi_score(np.ones((2, 3)))
    with pytest.raises(BadInputError, match="found the trace 2"):
        vendi_score(np.eye(2))
    with pytest.raises(BadInputError, match="expected a symmetric similarity"):
        vendi_score([[0.5, 0.4], [0.1, 0.5]])
    with pytest.raises(NonFiniteError, match="NaN"):
        vendi_score([[math.nan, 0], [0, 1]])
