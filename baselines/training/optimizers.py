"""Adam with the StyleGANs' correction for lazy regularisation."""

from collections.abc import Iterable

import torch
from torch import nn


def lazy_adam(
    parameters: Iterable[nn.Parameter], lr: float, betas: tuple[float, float], interval: int | None, eps: float = 1e-8
) -> torch.optim.Adam:
    """Return Adam with learning rate and betas corrected for an extra regulariser step every ``interval`` steps.

    Args:
        parameters: to be optimised.
        lr: learning rate without lazy regularisation.
        betas: decay rates of Adam's two moments without lazy regularisation.
        interval: steps between two regulariser steps; None for no lazy regularisation, which needs no correction.
        eps: added to Adam's denominator.

    Source: Karras et al., Analyzing and Improving the Image Quality of StyleGAN (CVPR 2020), appendix B.
    """
    # The optimiser now steps interval + 1 times where it stepped interval times. With lr * ratio, and betas ** ratio,
    # the weights move as far, and the moments decay as much, over those steps as before.
    ratio = 1.0 if interval is None else interval / (interval + 1)
    return torch.optim.Adam(parameters, lr=lr * ratio, betas=(betas[0] ** ratio, betas[1] ** ratio), eps=eps)
