"""Learning rates by epoch.

Source: Zhu et al. (ICCV 2017), section 4: constant for 100 epochs, then linearly to zero over 100; the other policies
and the exact epochs are those of the authors' code.
"""

import math
from typing import Literal

Policy = Literal["linear", "step", "plateau", "cosine"]
POLICIES = ("linear", "step", "plateau", "cosine")
PATIENCE = 5  # epochs without progress that the plateau policy waits for


def lr_factor(
    epoch: int, policy: Policy = "linear", n_epochs: int = 100, n_epochs_decay: int = 100, lr_decay_iters: int = 50
) -> float:
    """Return the factor of the learning rate in an epoch, 0..1.

    Args:
        epoch: number of the epoch, counted from 1.
        policy: ``linear`` for 1, then equal steps from epoch ``n_epochs`` on down to 0 in the last epoch; ``step`` for
            a division by ten after every ``lr_decay_iters`` epochs; ``plateau`` for a division by five where nothing
            has become better for more than five epochs; ``cosine`` for half a cosine over ``n_epochs``.
        n_epochs: epochs at the full rate, or of the half cosine.
        n_epochs_decay: epochs of the linear decay.
        lr_decay_iters: epochs per step.

    Raises:
        ValueError: the policy is unknown.

    Deviation: as in the authors' code, the linear decay starts one epoch earlier than in the paper, so that the rate
    is 0 in the last epoch. Their ``plateau`` watches a number that their programs never set: as there, every epoch but
    the first is without progress, and the rate is divided in the seventh and in every sixth epoch from then on.
    """
    if policy == "linear":
        return max(0.0, 1 - max(0, epoch + 1 - n_epochs) / (n_epochs_decay + 1))
    if policy == "step":
        return float(0.1 ** (epoch // lr_decay_iters))
    if policy == "plateau":
        return float(0.2 ** ((epoch - 1) // (PATIENCE + 1)))
    if policy == "cosine":
        return (1 + math.cos(math.pi * epoch / n_epochs)) / 2
    raise ValueError(f"unknown learning-rate policy {policy!r}: choose one of {', '.join(POLICIES)}.")
