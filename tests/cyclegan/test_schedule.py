import itertools

import pytest
import torch

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
    with pytest.raises(
        ValueError, match="unknown learning-rate policy 'flat': choose one of linear, step, plateau, cosine"
    ):
        lr_factor(1, "flat")


@pytest.mark.parametrize(
    ("policy", "build"),
    [
        ("step", lambda adam: torch.optim.lr_scheduler.StepLR(adam, 3, 0.1)),
        ("cosine", lambda adam: torch.optim.lr_scheduler.CosineAnnealingLR(adam, 6, eta_min=0)),
        ("plateau", lambda adam: torch.optim.lr_scheduler.ReduceLROnPlateau(adam, factor=0.2, threshold=0.01)),
    ],
)
def test_policies_are_those_of_torchs_schedulers_stepped_as_the_authors_do(policy, build):
    adam = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    scheduler = build(adam)
    if policy == "plateau":
        scheduler.patience = 5
    for epoch in range(1, 7 if policy == "cosine" else 22):
        adam.step()
        scheduler.step(*([0] if policy == "plateau" else []))  # before an epoch, on a metric that stays 0
        expected = adam.param_groups[0]["lr"]
        assert lr_factor(epoch, policy, n_epochs=6, lr_decay_iters=3) == pytest.approx(expected, abs=1e-12), epoch


def test_the_plateau_policy_divides_by_five_in_the_seventh_and_every_sixth_epoch_from_then_on():
    factors = [lr_factor(epoch, "plateau") for epoch in range(1, 20)]
    assert factors == pytest.approx([1] * 6 + [0.2] * 6 + [0.04] * 6 + [0.008])
