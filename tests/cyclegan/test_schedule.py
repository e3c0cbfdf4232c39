import itertools

import pytest

from baselines.translation.schedule import lr_factor


def test_the_linear_policy_is_constant_and_then_falls_to_nothing():
    factors = [lr_factor(epoch) for epoch in range(1, 201)]
    assert factors[:99] == [1.0] * 99
    assert factors[-1] == 0
    falls = [a - b for a, b in itertools.pairwise(factors[98:])]
    assert falls == pytest.approx([1 / 101] * 101)


def test_after_the_last_epoch_nothing_is_learned():
    assert lr_factor(250) == 0


def test_the_step_policy_divides_by_ten():
    assert [lr_factor(epoch, "step") for epoch in (1, 49, 50, 99, 100)] == pytest.approx([1, 1, 0.1, 0.1, 0.01])


def test_the_cosine_policy_ends_at_nothing():
    assert lr_factor(100, "cosine") == pytest.approx(0)
    assert lr_factor(50, "cosine") == pytest.approx(0.5)


def test_unknown_policies_are_refused():
    with pytest.raises(ValueError, match="unknown learning-rate policy 'flat': choose one of linear, step, cosine"):
        lr_factor(1, "flat")
