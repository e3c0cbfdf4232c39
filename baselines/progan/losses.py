"""Losses of Progressive GAN: WGAN-GP, and AC-GAN's classification of the labels where there are any.

Each loss function returns a dictionary of values per image; ``total`` is minimised.

Source: Gulrajani et al., Improved Training of Wasserstein GANs (NIPS 2017), equation 3; Karras et al., Progressive
Growing of GANs (ICLR 2018), appendix A.1 for the drift penalty; Odena et al., Conditional Image Synthesis with
Auxiliary Classifier GANs (ICML 2017), section 3 for the labels.
"""

from dataclasses import dataclass

import torch.nn.functional as F
from torch import Tensor, nn

from baselines.ops.gradients import mixed_norms

Losses = dict[str, Tensor]


@dataclass(frozen=True)
class Penalties:
    """Weights of what is added to the discriminator's loss; 0 disables a penalty.

    Attributes:
        gp_lambda: ``gp_target**2`` times the weight of the squared difference of gradient norm and target, taken at
            images interpolated between real and generated ones.
        gp_target: target of the gradient norm.
        epsilon: weight of the squared scores of real images, which keeps the scores from drifting.
        cond_weight: weight of the cross-entropy of the labels.
    """

    gp_lambda: float = 10.0
    gp_target: float = 1.0
    epsilon: float = 0.001
    cond_weight: float = 1.0


def label_penalty(logits: Tensor, c: Tensor) -> Tensor:
    """Return the cross-entropy of logits ``[N, c_dim]`` and labels ``[N, c_dim]``, per image."""
    return F.cross_entropy(logits, c.to(logits), reduction="none")


def generator_loss(D: nn.Module, fake: Tensor, c: Tensor | None, cond_weight: float = 1.0) -> Losses:
    """Return the generator's loss per image: ``-D(fake)``, and with labels what D makes of them.

    Args:
        D: discriminator.
        fake: images ``[N, C, R, R]``.
        c: their labels ``[N, c_dim]``, or None.
        cond_weight: weight of the cross-entropy of the labels.
    """
    scores, logits = D(fake)
    found = {"total": -scores[:, 0], "scores_fake": scores}
    if c is not None:
        found["label_penalty_fake"] = label_penalty(logits, c)
        found["total"] = found["total"] + found["label_penalty_fake"] * cond_weight
    return found


def discriminator_loss(
    D: nn.Module,
    real: Tensor,
    fake: Tensor,
    c: Tensor | None,
    mixing: Tensor,
    penalties: Penalties = Penalties(),
) -> Losses:
    """Return the discriminator's loss per image: ``D(fake) - D(real)``, with penalties.

    Args:
        D: discriminator.
        real: images ``[N, C, R, R]``, -1..1.
        fake: generated images, without gradient.
        c: labels of both, ``[N, c_dim]``, or None.
        mixing: uniform draws ``[N]``, 0..1: the interpolation weight of each mixed image, 0 for real and 1 for fake.
        penalties: weights of the penalties.
    """
    (true, true_logits), (false, false_logits) = D(real), D(fake)
    found = {"total": (false - true)[:, 0], "scores_real": true, "scores_fake": false}
    if penalties.gp_lambda:
        found["mixed_norms"] = mixed_norms(lambda mixed: D(mixed)[0], real, fake, mixing)
        distance = (found["mixed_norms"] - penalties.gp_target).square()
        found["total"] = found["total"] + distance * (penalties.gp_lambda / penalties.gp_target**2)
    if penalties.epsilon:
        found["epsilon_penalty"] = true[:, 0].square()
        found["total"] = found["total"] + found["epsilon_penalty"] * penalties.epsilon
    if c is not None:
        found["label_penalty_real"] = label_penalty(true_logits, c)
        found["label_penalty_fake"] = label_penalty(false_logits, c)
        both = found["label_penalty_real"] + found["label_penalty_fake"]
        found["total"] = found["total"] + both * penalties.cond_weight
    return found
