"""The moving average of a network's weights, which is used instead of the network."""

import torch
from torch import nn


def ema_beta(batch: int, nimg: int, ema_kimg: float, ema_rampup: float | None) -> float:
    """Return the decay of the average in one step, 0..1.

    The half-life is ``ema_kimg`` thousand images, but at most ``ema_rampup`` times the images shown so far, so that the
    first weights are soon forgotten; None leaves out that bound.

    Source: Karras et al., Training Generative Adversarial Networks with Limited Data (NeurIPS 2020), appendix C.
    """
    half_life = ema_kimg * 1000
    if ema_rampup is not None:
        half_life = min(half_life, nimg * ema_rampup)
    return float(0.5 ** (batch / max(half_life, 1e-8)))


@torch.no_grad()
def update_average(average: nn.Module, network: nn.Module, beta: float) -> None:
    """Move the parameters of ``average`` towards those of ``network``; buffers are copied."""
    for kept, new in zip(average.parameters(), network.parameters(), strict=True):
        kept.lerp_(new, 1 - beta)
    for copied, newest in zip(average.buffers(), network.buffers(), strict=True):
        copied.copy_(newest)
