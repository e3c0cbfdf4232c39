"""Learning rates by epoch.

Source: Zhu et al. (ICCV 2017), section 4: constant for 100 epochs, then linearly to zero over 100; the other policies
and the exact epochs are those of the authors' code.
"""

import math
from typing import Literal

Policy = Literal["linear", "step", "cosine"]
POLICIES = ("linear", "step", "cosine")


def lr_factor(
    epoch: int, policy: Policy = "linear", n_epochs: int = 100, n_epochs_decay: int = 100, lr_decay_iters: int = 50
) -> float:
    """Return what the learning rate is multiplied by in an epoch.

    ``linear``: 1, and from epoch ``n_epochs`` on falling by equal steps to 0 in the last, ``n_epochs +
    n_epochs_decay``. The authors' code counts the epoch that begins as done: so it falls one epoch earlier than the
    paper has it, and the last epoch trains nothing. ``step``: a tenth after every ``lr_decay_iters`` epochs.
    ``cosine``: half a wave over ``n_epochs``.

    Args:
        epoch: from 1 on.

    Raises:
        ValueError: an unknown policy.
    """
    if policy == "linear":
        return max(0.0, 1 - max(0, epoch + 1 - n_epochs) / (n_epochs_decay + 1))
    if policy == "step":
        return float(0.1 ** (epoch // lr_decay_iters))
    if policy == "cosine":
        return (1 + math.cos(math.pi * epoch / n_epochs)) / 2
    raise ValueError(f"unknown learning-rate policy {policy!r}: use {', '.join(POLICIES)}.")
