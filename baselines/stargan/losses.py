"""Losses of StarGAN: Wasserstein with a gradient penalty, classification and reconstruction, all ``[N]``.

Source: Choi et al., StarGAN (CVPR 2018), equations 2 to 6 and 8.
"""

from collections.abc import Mapping
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional as F

from baselines.stargan.networks import Discriminator, Generator

Losses = dict[str, Tensor]
LabelKind = Literal["domain", "attributes"]


def classification_loss(logits: Tensor, labels: Tensor, kind: LabelKind) -> Tensor:
    """Return the cross-entropy ``[N]`` of logits and labels, both ``[N, c_dim]``.

    Args:
        logits: of the discriminator.
        labels: 0 and 1.
        kind: ``domain`` for the softmax over one-hot labels; ``attributes`` for a sigmoid each, summed.

    Source: Choi et al., equations 2 and 3; which of the two a data set takes is the authors' code's.
    """
    if kind == "domain":
        return F.cross_entropy(logits, labels.argmax(1), reduction="none")
    return F.binary_cross_entropy_with_logits(logits, labels, reduction="none").sum(1)


def gradient_penalty(D: Discriminator, real: Tensor, fake: Tensor, alpha: Tensor) -> Tensor:
    """Return the squared difference of the gradient's norm and 1, ``[N]``.

    The gradient is that of the sum over an image's patches, at a point between a real and a translated image.

    Args:
        D: discriminator.
        real, fake: images ``[N, C, R, R]``.
        alpha: ``[N]`` weights of the real images, 0..1.

    Source: Choi et al., equation 8; Gulrajani et al., Improved Training of Wasserstein GANs (NeurIPS 2017), equation 3.
    """
    share = alpha.view(-1, 1, 1, 1)
    mixed = (share * real + (1 - share) * fake).detach().requires_grad_(True)
    (gradient,) = torch.autograd.grad(D(mixed)[0].sum(), mixed, create_graph=True)
    lengths: Tensor = torch.linalg.vector_norm(gradient.flatten(1), dim=1)
    return (lengths - 1).square()


def discriminator_loss(
    D: Discriminator,
    real: Tensor,
    c_org: Tensor,
    fake: Tensor,
    alpha: Tensor,
    kind: LabelKind,
    weights: Mapping[str, float],
) -> Losses:
    """Return the discriminator's loss ``total`` and its parts, which carry their weights.

    Args:
        D: discriminator.
        real: images ``[N, C, R, R]``, -1..1.
        c_org: their labels ``[N, c_dim]``.
        fake: translated images ``[N, C, R, R]``, without gradient.
        alpha: ``[N]``, as for ``gradient_penalty``.
        kind: of the labels.
        weights: ``cls`` and ``gp``.

    Source: Choi et al., equations 2, 5 and 8.
    """
    of_real, logits = D(real)
    parts = {
        "real": -per_sample(of_real),
        "fake": per_sample(D(fake)[0]),
        "cls": weights["cls"] * classification_loss(logits, c_org, kind),
        "gp": weights["gp"] * gradient_penalty(D, real, fake, alpha),
    }
    return {**parts, "total": torch.stack(list(parts.values())).sum(0)}


def generator_loss(
    G: Generator,
    D: Discriminator,
    real: Tensor,
    c_org: Tensor,
    c_trg: Tensor,
    kind: LabelKind,
    weights: Mapping[str, float],
) -> Losses:
    """Return the generator's loss ``total`` and its parts, which carry their weights.

    Args:
        G: generator.
        D: discriminator.
        real: images ``[N, C, R, R]``, -1..1.
        c_org: their labels ``[N, c_dim]``.
        c_trg: labels to translate to, ``[N, c_dim]``.
        kind: of the labels.
        weights: ``cls`` and ``rec``.

    Source: Choi et al., equations 3, 4, 6 and 8.
    """
    fake = G(real, c_trg)
    of_fake, logits = D(fake)
    parts = {
        "fake": -per_sample(of_fake),
        "cls": weights["cls"] * classification_loss(logits, c_trg, kind),
        "rec": weights["rec"] * per_sample((real - G(fake, c_org)).abs()),
    }
    return {**parts, "total": torch.stack(list(parts.values())).sum(0)}


def per_sample(values: Tensor) -> Tensor:
    """Return the mean over all axes but the first, ``[N]``."""
    return values.flatten(1).mean(1)
