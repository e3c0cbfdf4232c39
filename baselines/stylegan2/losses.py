"""Losses of StyleGAN2 and StyleGAN3: non-saturating logistic, R1 and path length; and style mixing.

Each loss function returns a dictionary of values per image; ``total`` is minimised.

Source: Goodfellow et al., Generative Adversarial Nets (NIPS 2014), section 3; Mescheder et al., Which Training Methods
for GANs do actually Converge? (ICML 2018), equation 9; Karras et al., Analyzing and Improving the Image Quality of
StyleGAN (CVPR 2020), section 3.2.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from baselines.ops.processes import mean_of_all
from baselines.stylegan2.synthesis import Noise

__all__ = [
    "Losses",
    "Mixing",
    "StyleGenerator",
    "View",
    "discriminator_loss",
    "generate",
    "generator_loss",
    "mix_styles",
    "mixing_cutoffs",
    "path_length_loss",
    "r1_loss",
    "unchanged",
]

Losses = dict[str, Tensor]
View = Callable[[Tensor], Tensor]  # applied to images before the discriminator


class StyleGenerator(Protocol):
    """A generator with a mapping network and a synthesis network."""

    @property
    def mapping(self) -> Callable[..., Any]:
        """Return the network from latents and labels to ws."""
        ...

    @property
    def synthesis(self) -> Callable[..., Any]:
        """Return the network from ws to images."""
        ...


def unchanged(images: Tensor) -> Tensor:
    """Return ``images`` unchanged."""
    return images


def generator_loss(D: nn.Module, fake: Tensor, c: Tensor | None, view: View = unchanged) -> Losses:
    """Return ``softplus(-D(fake))`` per image.

    Args:
        D: discriminator.
        fake: generated images ``[N, C, H, W]``.
        c: their labels ``[N, c_dim]``, or None.
        view: applied to the images before D, such as a blur.
    """
    scores = D(view(fake), c)
    return {"total": F.softplus(-scores), "scores_fake": scores}


def discriminator_loss(
    D: nn.Module, real: Tensor, real_c: Tensor | None, fake: Tensor, c: Tensor | None, view: View = unchanged
) -> Losses:
    """Return ``softplus(D(fake)) + softplus(-D(real))`` per image.

    Args:
        D, view: as in ``generator_loss``.
        real: images ``[N, C, H, W]``, -1..1.
        real_c: their labels ``[N, c_dim]``, or None.
        fake: as many generated images, without gradient.
        c: their labels.
    """
    false, true = D(view(fake), c), D(view(real), real_c)
    return {"total": F.softplus(false) + F.softplus(-true), "scores_fake": false, "scores_real": true}


def r1_loss(D: nn.Module, real: Tensor, c: Tensor | None, gamma: float, view: View = unchanged) -> Losses:
    """Return ``gamma / 2`` times the squared gradient norm of D at the real images, per image."""
    real = real.detach().requires_grad_(True)
    true = D(view(real), c)
    (gradient,) = torch.autograd.grad(true.sum(), real, create_graph=True)
    penalty = gradient.square().sum([1, 2, 3])
    return {"total": penalty * (gamma / 2), "r1_penalty": penalty, "scores_real": true}


def path_lengths(images: Tensor, ws: Tensor, noise: Tensor, create_graph: bool = True) -> Tensor:
    """Return how far each image moves for a step in w, ``[N]``.

    A path length is the root mean square over the layers of the norm of the image's gradient, in a random direction of
    image space.

    Args:
        images: generated images ``[N, C, H, W]``, with their graph back to ``ws``.
        ws: intermediate latents of the images, ``[N, num_ws, w_dim]``.
        noise: standard normal draws ``[N, C, H, W]``: the direction in image space.
        create_graph: whether the lengths can be differentiated.

    Source: Karras et al. (CVPR 2020), equation 4 and appendix B, "path length regularization".
    """
    height, width = images.shape[2:]
    moved = (images * noise / math.sqrt(height * width)).sum()
    (gradient,) = torch.autograd.grad(moved, ws, create_graph=create_graph)
    return gradient.square().sum(2).mean(1).sqrt()


class PathLengthMeans(NamedTuple):
    """Mean path length of a whole batch, and the running mean after it, both ``[]`` and without gradient."""

    batch: Tensor
    running: Tensor


def path_length_means(lengths: Tensor, pl_mean: Tensor, decay: float) -> PathLengthMeans:
    """Return the means of a batch whose loss will be taken in parts, and update ``pl_mean`` in place."""
    batch = mean_of_all(lengths.mean())
    pl_mean.copy_(pl_mean.lerp(batch, decay))
    return PathLengthMeans(batch, pl_mean.clone())


def path_length_loss(
    lengths: Tensor, pl_mean: Tensor, weight: float = 2.0, decay: float = 0.01, means: PathLengthMeans | None = None
) -> Losses:
    """Return ``weight`` times the squared difference of path lengths and their running mean, per image.

    The running mean includes these lengths, so the gradient flows through it, too.

    Args:
        lengths: from ``path_lengths``, ``[N]``.
        pl_mean: running mean of the lengths, ``[]``; updated in place.
        weight: weight of the penalty.
        decay: weight of this batch in the new mean.
        means: for a part of a batch, those of the whole; ``pl_mean`` is then not changed.

    Source: Karras et al. (CVPR 2020), appendix B, "path length regularization".
    """
    if means is None:
        mean = pl_mean.lerp(mean_of_all(lengths.mean()), decay)
        pl_mean.copy_(mean.detach())
        penalty = (lengths - mean).square()
    else:
        # The last term is 0. Its gradient is that of the whole batch's penalties through the running mean.
        through = 2 * decay * (means.batch - means.running)
        penalty = (lengths - means.running).square() - through * (lengths - lengths.detach())
    return {"total": penalty * weight, "pl_penalty": penalty, "pl_length": lengths}


@dataclass(frozen=True)
class Mixing:
    """Second latents for style mixing.

    Attributes:
        z: ``[N, z_dim]``.
        cutoffs: ``[N]`` int64, the first layer of each image that takes its style from the second latents.
    """

    z: Tensor
    cutoffs: Tensor


def mixing_cutoffs(draws: torch.Generator, count: int, num_ws: int, probability: float) -> Tensor:
    """Return the layer at which each image's style changes, ``[count]`` int64 in 1..num_ws; ``num_ws`` for none.

    Args:
        draws: random generator.
        count: number of images.
        num_ws: number of ws that the generator takes.
        probability: probability of mixing.

    Source: Karras et al., A Style-Based Generator Architecture (CVPR 2019), section 3.1.
    Deviation: a cutoff is drawn for every image; the published code draws one for the whole batch.
    """
    cutoffs = torch.randint(1, max(num_ws, 2), [count], generator=draws)
    mixed = torch.rand(count, generator=draws) < probability
    return torch.where(mixed, cutoffs, num_ws)


def mix_styles(ws: Tensor, others: Tensor, cutoffs: Tensor) -> Tensor:
    """Return ``ws [N, num_ws, w_dim]`` with the layers of each image from its cutoff on taken from ``others``."""
    layers = torch.arange(ws.shape[1], device=ws.device)
    return torch.where(layers[None, :, None] < cutoffs.to(ws.device)[:, None, None], ws, others)


def generate(
    G: StyleGenerator,
    z: Tensor,
    c: Tensor | None,
    *,
    mixing: Mixing | None = None,
    noise: Noise | None = None,
    update_emas: bool = False,
) -> tuple[Tensor, Tensor]:
    """Return images generated for training, ``[N, C, H, W]``, and their ``ws [N, num_ws, w_dim]``.

    Args:
        G: generator.
        z: latents ``[N, z_dim]``.
        c: labels ``[N, c_dim]``, or None.
        mixing: None for no style mixing.
        noise: source of every layer's noise; None for the stored noise.
        update_emas: update the generator's running averages.
    """
    ws = intermediate(G, z, c, mixing, update_emas)
    images = G.synthesis(ws, noise_mode="const" if noise is None else "random", streams=noise, update_emas=update_emas)
    return images, ws


def intermediate(
    G: StyleGenerator, z: Tensor, c: Tensor | None, mixing: Mixing | None = None, update_emas: bool = False
) -> Tensor:
    """Return intermediate latents for training, ``[N, num_ws, w_dim]``; see ``generate``."""
    ws: Tensor = G.mapping(z, c, update_emas=update_emas)
    return ws if mixing is None else mix_styles(ws, G.mapping(mixing.z, c), mixing.cutoffs)
