"""Losses of StarGAN v2. Each loss function returns a dictionary of values ``[N]``; ``total`` is minimised.

Source: Choi et al., StarGAN v2 (CVPR 2020), equations 1 to 5; Mescheder et al., Which Training Methods for GANs do
actually Converge? (ICML 2018), equation 9 (R1).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from baselines.starganv2.networks import Masks

Losses = dict[str, Tensor]
Networks = Mapping[str, Any]  # generator, mapping_network, style_encoder, discriminator


@dataclass(frozen=True)
class Weights:
    """Weights of the losses relative to the adversarial one; only ``total`` is weighted.

    Attributes:
        reg: weight of R1, half the squared gradient norm at real images.
        sty: weight of style reconstruction.
        ds: weight of diversity, which is maximised.
        cyc: weight of cycle consistency.
    """

    reg: float = 1.0
    sty: float = 1.0
    ds: float = 1.0
    cyc: float = 1.0


@dataclass(frozen=True)
class Target:
    """Target of a translation: a domain and two styles in it, both from latents or both from reference images.

    Attributes:
        y: domains ``[N]`` int64.
        first, second: latents ``[N, latent_dim]`` or reference images ``[N, C, R, R]``; the second may be None.
        network: network that turns them into styles, ``"mapping_network"`` or ``"style_encoder"``.
    """

    y: Tensor
    first: Tensor
    second: Tensor | None
    network: str

    def of(self, rows: slice) -> "Target":
        """Return some rows of the target."""
        second = None if self.second is None else self.second[rows]
        return Target(self.y[rows], self.first[rows], second, self.network)

    def style(self, nets: Networks, source: Tensor) -> Tensor:
        """Return the styles of latents or references, ``[N, style_dim]``."""
        found: Tensor = nets[self.network](source, self.y)
        return found


def discriminator_loss(
    nets: Networks, x: Tensor, y: Tensor, target: Target, weights: Weights, masks: Masks | None = None
) -> Losses:
    """Return ``softplus(-D_y(x)) + softplus(D_target(fake))`` and R1, per image.

    Args:
        nets: networks by name; only the discriminator gets gradients.
        x: real images ``[N, C, R, R]``, -1..1.
        y: their domains ``[N]`` int64.
        target: target of the translation.
        weights: weights of the losses.
        masks: masks of ``x`` for the high-pass skip.
    """
    D = nets["discriminator"]
    with torch.no_grad():
        fake = nets["generator"](x, target.style(nets, target.first), masks=masks)
    x = x.detach().requires_grad_(True)
    scores = D(x, y)
    found = {"real": F.softplus(-scores), "fake": F.softplus(D(fake, target.y)), "reg": r1(scores, x)}
    return {"total": found["real"] + found["fake"] + weights.reg * found["reg"], **found}


def r1(scores: Tensor, x: Tensor) -> Tensor:
    """Return half the squared norm of the gradient of ``scores [N]`` with respect to ``x [N, C, R, R]``, ``[N]``.

    Source: Mescheder et al. (ICML 2018), equation 9, with gamma 1.
    """
    (gradient,) = torch.autograd.grad(scores.sum(), x, create_graph=True)
    return gradient.square().sum([1, 2, 3]) / 2


def generator_loss(
    nets: Networks,
    x: Tensor,
    y: Tensor,
    target: Target,
    weights: Weights,
    masks: Masks | None = None,
    fake_masks: Callable[[Tensor], Masks] | None = None,
) -> Losses:
    """Return the adversarial, style reconstruction, diversity and cycle losses, per image.

    Args:
        nets: networks by name.
        x: real images ``[N, C, R, R]``, -1..1.
        y: their domains ``[N]`` int64.
        target: target of the translation, with two styles.
        weights: weights of the losses.
        masks: masks of ``x`` for the high-pass skip.
        fake_masks: returns the masks of translated images; None for no masks.

    Source: Choi et al. (CVPR 2020), equations 1 to 5.
    Deviation: the paper's equation 2 takes styles only from latents. As in the authors' code, styles also come from
    reference images, and the second image of the diversity loss gets no gradient.
    """
    G, E = nets["generator"], nets["style_encoder"]
    assert target.second is not None, "diversity needs two styles"
    s = target.style(nets, target.first)
    fake = G(x, s, masks=masks)
    with torch.no_grad():
        other = G(x, target.style(nets, target.second), masks=masks)
        back = None if fake_masks is None else fake_masks(fake)
    cycle = G(fake, E(x, y), masks=back)
    found = {
        "adv": F.softplus(-nets["discriminator"](fake, target.y)),
        "sty": (E(fake, target.y) - s).abs().mean(1),
        "ds": (fake - other).abs().mean([1, 2, 3]),
        "cyc": (cycle - x).abs().mean([1, 2, 3]),
    }
    total = found["adv"] + weights.sty * found["sty"] - weights.ds * found["ds"] + weights.cyc * found["cyc"]
    return {"total": total, **found}


class DiversityWeight:
    """The weight of the diversity loss by iteration; its last value holds from then on.

    It falls to 0 in equal steps over ``iterations``. As in the authors' code, the steps are subtracted one by one until
    the weight is no longer positive, so rounding can leave the last weight one step below 0.

    Args:
        initial: the weight in the first iteration.
        iterations: length of the fall.

    Source: Choi et al. (CVPR 2020), appendix B: the weight decays linearly to zero.

    Raises:
        ValueError: if ``iterations`` is less than 1.
    """

    def __init__(self, initial: float, iterations: int) -> None:
        if iterations < 1:
            raise ValueError(
                f"expected at least one iteration for the diversity weight to fall to 0, found {iterations}: raise it."
            )
        self.initial, self.fall = initial, initial / iterations
        self._iteration, self._weight = 0, initial  # of the last call, from which the next one goes on

    def at(self, iteration: int) -> float:
        """Return the weight in an iteration, from 0 on."""
        if iteration < self._iteration:
            self._iteration, self._weight = 0, self.initial
        while self._iteration < iteration and self._weight > 0:
            self._weight -= self.fall
            self._iteration += 1
        return self._weight
