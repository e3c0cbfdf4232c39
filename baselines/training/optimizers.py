"""Adam as the StyleGANs use it."""

from collections.abc import Iterable

import torch
from torch import nn


def lazy_adam(
    parameters: Iterable[nn.Parameter], lr: float, betas: tuple[float, float], interval: int | None, eps: float = 1e-8
) -> torch.optim.Adam:
    """Return Adam with learning rate and betas corrected for one extra regulariser step every ``interval`` steps.

    A network that is stepped ``interval + 1`` times where it would have been stepped ``interval`` times gets a smaller
    learning rate and longer memory in proportion. None: no lazy regularisation, nothing to correct.

    Source: Karras et al., Analyzing and Improving the Image Quality of StyleGAN (CVPR 2020), appendix B.
    """
    ratio = 1.0 if interval is None else interval / (interval + 1)
    return torch.optim.Adam(parameters, lr=lr * ratio, betas=(betas[0] ** ratio, betas[1] ** ratio), eps=eps)
