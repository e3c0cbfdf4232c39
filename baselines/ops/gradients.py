"""Gradients of a discriminator with respect to images, for penalties on their size."""

from collections.abc import Callable

import torch
from torch import Tensor


def gradient(scores: Tensor, images: Tensor) -> Tensor:
    """Return the gradient of the sum of ``scores`` with respect to ``images``; it is differentiable."""
    (found,) = torch.autograd.grad(scores.sum(), images, create_graph=True)
    return found


def mixed_norms(score: Callable[[Tensor], Tensor], real: Tensor, fake: Tensor, mixing: Tensor) -> Tensor:
    """Return the norm of the gradient of ``score`` at images interpolated between real and fake, ``[N]``.

    Args:
        score: images ``[N, C, H, W]`` to scores ``[N, 1]``.
        real: images ``[N, C, H, W]``.
        fake: generated images, likewise.
        mixing: weight of the fake image in each, ``[N]``, 0..1.

    Source: Gulrajani et al., Improved Training of Wasserstein GANs (NIPS 2017), equation 3.
    """
    mixed = torch.lerp(real, fake, mixing.to(real)[:, None, None, None]).detach().requires_grad_(True)
    return gradient(score(mixed), mixed).square().sum([1, 2, 3]).sqrt()
