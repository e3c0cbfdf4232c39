"""Losses of pix2pix and CycleGAN: adversarial, and the distance of images.

Source: Isola et al. (CVPR 2017), section 3.1; Zhu et al. (ICCV 2017), section 3 and section 5.2 (identity).
"""

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

GANMode = Literal["lsgan", "vanilla", "wgangp"]
GAN_MODES = ("lsgan", "vanilla", "wgangp")


def gan_loss(prediction: Tensor, real: bool, mode: GANMode = "lsgan") -> Tensor:
    """Return the adversarial loss ``[N]`` of a discriminator's map for a target of real or fake.

    Args:
        prediction: the discriminator's map ``[N, 1, h, w]``.
        real: whether the target is real.
        mode: ``lsgan`` for the squared distance from 1 (real) or 0 (fake), ``vanilla`` for the cross-entropy of the
            logits, ``wgangp`` for the mean, negated for real, to be used with ``gradient_penalty``.

    Raises:
        ValueError: for an unknown mode.

    Source: Mao et al., Least Squares GANs (ICCV 2017), with a = 0, b = c = 1 and without the factor 1/2; Goodfellow et
    al. (NeurIPS 2014); Gulrajani et al. (NeurIPS 2017).
    """
    if mode not in GAN_MODES:
        raise ValueError(f"unknown GAN loss {mode!r}: choose one of {', '.join(GAN_MODES)}.")
    target = torch.full_like(prediction, float(real))
    if mode == "lsgan":
        values = (prediction - target).square()
    elif mode == "vanilla":
        values = F.binary_cross_entropy_with_logits(prediction, target, reduction="none")
    else:
        values = -prediction if real else prediction
    return per_sample(values)


def discriminator_loss(D: nn.Module, real: Tensor, fake: Tensor, mode: GANMode) -> Tensor:
    """Return the discriminator's loss ``[N]``, halved so that it learns more slowly than the generator.

    Source: Zhu et al., section 4 (training details).
    """
    return (gan_loss(D(real), True, mode) + gan_loss(D(fake), False, mode)) / 2


def distance(x: Tensor, y: Tensor) -> Tensor:
    """Return the mean absolute difference of images, ``[N]``: the L1 loss, the cycle and the identity loss.

    Source: Isola et al., equation 3; Zhu et al., equation 2 and section 5.2.
    """
    return per_sample((x - y).abs())


def gradient_penalty(D: nn.Module, real: Tensor, fake: Tensor, alpha: Tensor, gp_lambda: float = 10) -> Tensor:
    """Return ``gp_lambda`` times the squared difference of the gradient norm and 1, ``[N]``.

    The gradient of the sum of the discriminator's map is taken at interpolations of real and fake images.

    Args:
        D: discriminator.
        real: real images ``[N, C, H, W]``.
        fake: generated images ``[N, C, H, W]``.
        alpha: ``[N]`` weights of the real images in the interpolation, 0..1.
        gp_lambda: weight of the penalty.

    Source: Gulrajani et al., Improved Training of Wasserstein GANs (NeurIPS 2017), equation 3.
    """
    share = alpha.view(-1, 1, 1, 1)
    mixed = (share * real + (1 - share) * fake).detach().requires_grad_(True)
    (gradient,) = torch.autograd.grad(D(mixed).sum(), mixed, create_graph=True)
    lengths: Tensor = torch.linalg.vector_norm(gradient.flatten(1) + 1e-16, dim=1)
    return gp_lambda * (lengths - 1).square()


def per_sample(values: Tensor) -> Tensor:
    """Return the mean over all axes but the first, ``[N]``."""
    return values.flatten(1).mean(1)
