"""Losses of pix2pix: a discriminator that sees the source beside the image, and the distance from the ground truth."""

import torch
from torch import Tensor, nn

from baselines.translation.losses import GANMode, discriminator_loss, distance, gan_loss


def conditional_discriminator_loss(D: nn.Module, source: Tensor, truth: Tensor, fake: Tensor, mode: GANMode) -> Tensor:
    """Return the loss ``[N]`` of a discriminator that tells ground truth from translations, each beside its source.

    Args:
        D: takes as many channels as source and translation have together.
        source: ``[N, C, H, W]``.
        truth: ground truth, ``[N, C', H, W]``.
        fake: translations, likewise.
        mode: as of ``gan_loss``.

    Source: Isola et al. (CVPR 2017), equation 1; halved, section 3.3.
    """
    return discriminator_loss(D, beside(source, truth), beside(source, fake), mode)


def generator_losses(
    D: nn.Module, source: Tensor, truth: Tensor, fake: Tensor, mode: GANMode, lambda_L1: float
) -> dict[str, Tensor]:
    """Return the two parts of the generator's loss, ``[N]`` each: ``GAN``, and ``L1`` with its weight.

    Args:
        D, source, truth, fake, mode: as of ``conditional_discriminator_loss``.
        lambda_L1: weight of the mean absolute difference.

    Source: Isola et al. (CVPR 2017), equations 3 and 4; the logarithm of the discriminator's answer is maximised where
    equation 1 would minimise that of its complement, section 3.3.
    """
    return {"GAN": gan_loss(D(beside(source, fake)), True, mode), "L1": lambda_L1 * distance(fake, truth)}


def beside(source: Tensor, image: Tensor) -> Tensor:
    """Return what a conditional discriminator sees, ``[N, C + C', H, W]``."""
    return torch.cat([source, image], 1)
