"""Exponential moving average of a network's weights; the average is what gets measured and exported."""

import torch
from torch import nn


def ema_beta(batch: int, nimg: int, ema_kimg: float, ema_rampup: float | None) -> float:
    """Return the weight of the old average in one update, 0..1.

    Args:
        batch: images in this step.
        nimg: images shown so far.
        ema_kimg: half-life of the average, in thousands of images.
        ema_rampup: upper bound of the half-life, as a fraction of the images shown so far; None for no bound.

    Source: Karras et al., Training Generative Adversarial Networks with Limited Data (NeurIPS 2020), appendix C.
    """
    half_life = ema_kimg * 1000
    if ema_rampup is not None:
        # Without this ramp, the random initial weights would dominate the average for the first ``ema_kimg``.
        half_life = min(half_life, nimg * ema_rampup)
    # The floor avoids a division by 0 before the first image; the power then underflows to 0, which copies the weights.
    return float(0.5 ** (batch / max(half_life, 1e-8)))


@torch.no_grad()
def update_average(average: nn.Module, network: nn.Module, beta: float) -> None:
    """Update the parameters of ``average`` to ``beta * average + (1 - beta) * network``; copy the buffers."""
    for kept, new in zip(average.parameters(), network.parameters(), strict=True):
        kept.lerp_(new, 1 - beta)
    # Buffers are running statistics or constants, such as w_avg and filters: averaging them again would only add a lag.
    for copied, newest in zip(average.buffers(), network.buffers(), strict=True):
        copied.copy_(newest)
