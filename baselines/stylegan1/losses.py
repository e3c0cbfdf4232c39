"""Losses of StyleGAN: non-saturating logistic with R1, WGAN-GP, and the published alternatives.

Each loss function returns a dictionary of values per image; ``total`` is minimised.

Source: Karras et al., A Style-Based Generator Architecture (CVPR 2019), appendix C; Goodfellow et al., Generative
Adversarial Nets (NIPS 2014), section 3; Mescheder et al., Which Training Methods for GANs do actually Converge? (ICML
2018), equation 9 (R1, R2); Gulrajani et al., Improved Training of Wasserstein GANs (NIPS 2017), equation 3; Karras et
al., Progressive Growing of GANs (ICLR 2018), appendix A, for the drift term; Miyato et al. (ICLR 2018) for the hinge.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from baselines.ops.gradients import gradient, mixed_norms
from baselines.stylegan1.networks import Generator
from baselines.stylegan1.synthesis import Noise

Losses = dict[str, Tensor]
GeneratorLoss = Literal["logistic_nonsaturating", "logistic_saturating", "wgan"]
DiscriminatorLoss = Literal["logistic", "wgan", "hinge"]

GENERATOR_LOSSES: Mapping[str, Callable[[Tensor], Tensor]] = {
    "logistic_nonsaturating": lambda fake: F.softplus(-fake),
    "logistic_saturating": lambda fake: -F.softplus(fake),
    "wgan": lambda fake: -fake,
}
DISCRIMINATOR_LOSSES: Mapping[str, Callable[[Tensor, Tensor], Tensor]] = {
    "logistic": lambda fake, real: F.softplus(fake) + F.softplus(-real),
    "wgan": lambda fake, real: fake - real,
    "hinge": lambda fake, real: F.relu(1 + fake) + F.relu(1 - real),
}


@dataclass(frozen=True)
class Penalties:
    """Weights of the penalties added to the discriminator's loss; 0 disables a penalty.

    Attributes:
        r1_gamma: twice the weight of the squared gradient norm at real images.
        r2_gamma: the same at generated images.
        gp_lambda: ``gp_target**2`` times the weight of the squared difference of gradient norm and target, taken at
            images interpolated between real and generated ones.
        gp_target: target of the gradient norm.
        epsilon: weight of the squared scores of real images, which keeps the scores from drifting.
    """

    r1_gamma: float = 0.0
    r2_gamma: float = 0.0
    gp_lambda: float = 0.0
    gp_target: float = 1.0
    epsilon: float = 0.0


def generator_loss(
    D: nn.Module, fake: Tensor, c: Tensor | None, loss: GeneratorLoss = "logistic_nonsaturating"
) -> Losses:
    """Return the generator's loss per image; by default ``softplus(-D(fake))``.

    Args:
        D: discriminator.
        fake: images ``[N, C, R, R]``.
        c: their labels ``[N, c_dim]``, or None.
        loss: a key of ``GENERATOR_LOSSES``.
    """
    scores = D(fake, c)
    return {"total": GENERATOR_LOSSES[loss](scores)[:, 0], "scores_fake": scores}


def discriminator_loss(
    D: nn.Module,
    real: Tensor,
    fake: Tensor,
    c: Tensor | None,
    loss: DiscriminatorLoss = "logistic",
    penalties: Penalties = Penalties(r1_gamma=10.0),
    mixing: Tensor | None = None,
) -> Losses:
    """Return the discriminator's loss per image, with penalties; by default ``softplus(D(fake)) + softplus(-D(real))``.

    Args:
        D: discriminator.
        real: images ``[N, C, R, R]``, -1..1.
        fake: generated images, without gradient.
        c: labels of both, ``[N, c_dim]``, or None.
        loss: a key of ``DISCRIMINATOR_LOSSES``.
        penalties: weights of the penalties.
        mixing: uniform draws ``[N]``, 0..1: the interpolation weight of each mixed image, 0 for real and 1 for fake.
    """
    real, fake = real.detach().requires_grad_(True), fake.detach().requires_grad_(True)
    true, false = D(real, c), D(fake, c)
    found = {"total": DISCRIMINATOR_LOSSES[loss](false, true)[:, 0], "scores_real": true, "scores_fake": false}
    for name, gamma, scores, images in (
        ("r1_penalty", penalties.r1_gamma, true, real),
        ("r2_penalty", penalties.r2_gamma, false, fake),
    ):
        if gamma:
            found[name] = gradient(scores, images).square().sum([1, 2, 3])
            found["total"] = found["total"] + found[name] * (gamma / 2)
    if penalties.gp_lambda:
        assert mixing is not None, "the gradient penalty needs the draws of its mixed images"
        found["mixed_norms"] = mixed_norms(lambda mixed: D(mixed, c), real, fake, mixing)
        distance = (found["mixed_norms"] - penalties.gp_target).square()
        found["total"] = found["total"] + distance * (penalties.gp_lambda / penalties.gp_target**2)
    if penalties.epsilon:
        found["epsilon_penalty"] = true[:, 0].square()
        found["total"] = found["total"] + found["epsilon_penalty"] * penalties.epsilon
    return found


def generate(
    G: Generator, z: Tensor, c: Tensor | None, noise: Noise | None, mixed: tuple[Tensor, int] | None = None
) -> Tensor:
    """Return images generated for training, ``[N, C, R, R]``, and update the running mean of w.

    Args:
        G: generator.
        z: latents ``[N, z_dim]``.
        c: labels ``[N, c_dim]``, or None.
        noise: source of every layer's noise; None for the stored noise.
        mixed: second latents, and the first layer that takes its style from them; None for no style mixing.
    """
    ws = G.mapping(z, c, update_emas=True)
    if mixed is not None:
        ws = mix_styles(ws, G.mapping(mixed[0], c), mixed[1])
    images: Tensor = G.synthesis(ws, noise_mode="const" if noise is None else "random", streams=noise)
    return images


def mix_styles(ws: Tensor, others: Tensor, cutoff: int) -> Tensor:
    """Return ``ws [N, num_ws, w_dim]`` with the layers from ``cutoff`` on taken from ``others``.

    Source: Karras et al. (CVPR 2019), section 3.1.
    """
    return torch.cat([ws[:, :cutoff], others[:, cutoff:]], dim=1)


def mixing_cutoff(draws: torch.Generator, probability: float, num_layers: int, lod: float) -> int | None:
    """Return the layer at which the whole batch changes styles; None for no mixing.

    Args:
        draws: random generator.
        probability: probability of mixing.
        num_layers: number of layers of the generator.
        lod: level of detail; layers that have not been grown yet are excluded.
    """
    grown = num_layers - 2 * int(lod)
    if grown < 2 or float(torch.rand([], generator=draws)) >= probability:
        return None
    return int(torch.randint(1, grown, [], generator=draws))
