import copy

import pytest
import torch
from torch import nn

from baselines.training.ema import ema_beta, update_average
from baselines.training.optimizers import lazy_adam


def test_the_average_keeps_half_after_its_half_life():
    assert ema_beta(batch=32, nimg=10**9, ema_kimg=10, ema_rampup=0.05) ** (10_000 / 32) == pytest.approx(0.5)
    assert ema_beta(batch=32, nimg=0, ema_kimg=10, ema_rampup=None) ** (10_000 / 32) == pytest.approx(0.5)


def test_early_on_the_half_life_is_a_share_of_what_was_shown():
    assert ema_beta(batch=10, nimg=1000, ema_kimg=10, ema_rampup=0.05) ** (50 / 10) == pytest.approx(0.5)
    assert ema_beta(batch=32, nimg=0, ema_kimg=10, ema_rampup=0.05) == 0


def test_the_average_moves_parameters_and_copies_buffers():
    network = nn.BatchNorm1d(2)
    average = copy.deepcopy(network)
    with torch.no_grad():
        network.weight.fill_(3.0)
        network.running_mean.fill_(5.0)
        network.num_batches_tracked += 7
    update_average(average, network, 0.75)
    assert average.weight.tolist() == [1.5, 1.5]
    assert average.running_mean.tolist() == [5.0, 5.0]
    assert average.num_batches_tracked.item() == 7


def test_lazy_adam_slows_down_by_the_extra_step():
    (group,) = lazy_adam([nn.Parameter(torch.ones(1))], 0.002, (0.0, 0.99), interval=16).param_groups
    assert group["lr"] == pytest.approx(0.002 * 16 / 17)
    assert group["betas"] == pytest.approx((0.0, 0.99 ** (16 / 17)))
    (group,) = lazy_adam([nn.Parameter(torch.ones(1))], 0.002, (0.0, 0.99), interval=None).param_groups
    assert (group["lr"], group["betas"], group["eps"]) == (0.002, (0.0, 0.99), 1e-8)
