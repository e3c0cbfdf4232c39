"""Linear separability and the entropy beneath it."""

import numpy as np
import pytest
from numpy.typing import NDArray

from ganbench.errors import BadInputError
from ganbench.functional import conditional_entropy, separability
from ganbench.functional.separability import most_confident, processes_for


def latents(n: int, seed: int) -> NDArray[np.float64]:
    return np.random.default_rng(seed).standard_normal((n, 4))


def test_entropy_by_hand() -> None:
    assert conditional_entropy(np.eye(2)) == 0  # X tells Y
    assert conditional_entropy(np.ones((2, 2))) == pytest.approx(1)  # X says nothing of a coin
    assert conditional_entropy(np.array([[3.0, 1], [0, 0]])) == pytest.approx(2 - 0.75 * np.log2(3))
    assert conditional_entropy(np.array([[1.0, 0], [1, 0]])) == 0  # Y is always the same


def test_entropy_is_of_the_second_given_the_first() -> None:
    table = np.array([[2.0, 2], [0, 4]])
    assert conditional_entropy(table) == pytest.approx(0.5)
    assert conditional_entropy(table.T) == pytest.approx(0.75 * (np.log2(3) - 2 / 3))


def test_separable_attributes_score_one_and_coins_double_the_score() -> None:
    z = latents(400, 0)
    assert separability(z, np.stack([z[:, 0], z[:, 1] - z[:, 2]]), 300) == pytest.approx(1, abs=0.05)
    coins = np.random.default_rng(1).standard_normal((2, 400))
    assert separability(z, coins, 400) == pytest.approx(4, rel=0.05)


def test_an_attribute_of_one_class_costs_nothing() -> None:
    assert separability(latents(50, 2), np.ones((1, 50)), 20) == 1


@pytest.mark.usefixtures("untouched_random_state")
def test_processes_change_nothing() -> None:
    z, logits = latents(300, 4), np.random.default_rng(5).standard_normal((3, 300))
    alone = separability(z, logits, 200, processes=1)
    assert separability(z, logits, 200, processes=2) == separability(z, logits, 200) == alone > 1


def test_processes_are_one_a_core_while_memory_lasts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("joblib.cpu_count", lambda: 4)
    assert processes_for(10, 5_000, 16) == 1, "starting processes would take longer"
    assert processes_for(40, 100_000, 512) == 4
    assert processes_for(3, 100_000, 512) == 3
    monkeypatch.setattr("joblib.cpu_count", lambda: 128)
    assert 4 <= processes_for(40, 100_000, 512) <= 9 * 2**30 // (24 * 100_000 * 513)
    assert processes_for(40, 100_000_000, 512) == 1


def test_the_most_confident_are_kept_and_ties_keep_their_order() -> None:
    kept, classes = most_confident(np.array([0.1, 90, -100, -3, 95]), 4)
    assert kept.tolist() == [1, 2, 4, 3]  # in float32 the first three are all certain
    assert classes.tolist() == [0, 1, 0, 1]
    half_certain = np.where(np.arange(500) % 2 == 0, 40.0, 1.0)
    assert most_confident(half_certain, 200)[0].tolist() == list(range(0, 400, 2))


def test_refuses_shapes_that_do_not_fit() -> None:
    with pytest.raises(BadInputError, match=r"logits \[attributes, 10\] .* found \[2, 9\] and 5"):
        separability(latents(10, 3), np.ones((2, 9)), 5)
    with pytest.raises(BadInputError, match=r"found \[2, 10\] and 11"):
        separability(latents(10, 3), np.ones((2, 10)), 11)
    with pytest.raises(BadInputError, match="joint probabilities"):
        conditional_entropy(np.zeros((2, 2)))
