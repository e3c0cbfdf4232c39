"""Inception score where it is known, and against its definition."""

import numpy as np
import pytest
import torch

from ganbench.errors import BadInputError, NonFiniteError
from ganbench.functional import inception_score


def test_undecided_classifier_scores_one() -> None:
    assert inception_score(np.full((100, 8), 1 / 8)) == (1, 0)


def test_certain_classifier_scores_the_number_of_classes() -> None:
    mean, std = inception_score(np.eye(5)[np.arange(100) % 5])
    assert mean == pytest.approx(5, rel=1e-12)
    assert std == pytest.approx(0, abs=1e-12)


def test_splits_are_consecutive() -> None:
    """Sorted by class, each of five splits sees one class only."""
    assert inception_score(np.eye(5)[np.arange(100) // 20], num_splits=5)[0] == pytest.approx(1, rel=1e-12)


def test_is_its_definition_with_uneven_splits() -> None:
    p = np.random.default_rng(0).dirichlet(np.full(6, 0.3), size=103)
    scores = []
    for i in range(10):
        part = p[i * 103 // 10 : (i + 1) * 103 // 10]
        marginal = sum(part) / len(part)
        divergences = [sum(q * np.log(q / m) for q, m in zip(row, marginal, strict=True)) for row in part]
        scores.append(np.exp(sum(divergences) / len(part)))
    assert len(scores) == 10
    expected = (np.mean(scores), np.sqrt(np.mean(np.square(scores - np.mean(scores)))))
    assert inception_score(torch.from_numpy(p)) == pytest.approx(expected, rel=1e-12)


def test_refuses_what_is_not_probabilities() -> None:
    with pytest.raises(BadInputError, match="apply softmax"):
        inception_score(np.random.default_rng(1).standard_normal((50, 4)))
    with pytest.raises(BadInputError, match="1 to 5 splits of 5 rows, found 10"):
        inception_score(np.full((5, 4), 0.25))
    p = np.full((50, 4), 0.25)
    p[7, 1] = np.nan
    with pytest.raises(NonFiniteError, match="row 7 of probabilities"):
        inception_score(p)
