"""The losses of StyleGAN3: non-saturating logistic, R1, and the blur that fades during the start of -R.

Every function returns values per image by name; ``total`` is what is minimised.

Source: Goodfellow et al., Generative Adversarial Nets (NIPS 2014), section 3; Mescheder et al., Which Training Methods
for GANs do actually Converge? (ICML 2018), equation 9; Karras et al., Alias-Free Generative Adversarial Networks
(NeurIPS 2021), appendix F.
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from baselines.ops.upfirdn2d import filter2d
from baselines.stylegan3.networks import Generator

Losses = dict[str, Tensor]
View = Callable[[Tensor], Tensor]  # what the discriminator gets to see of images


def unchanged(images: Tensor) -> Tensor:
    """Return the images as they are."""
    return images


def generator_loss(G: Generator, D: nn.Module, z: Tensor, c: Tensor | None, view: View = unchanged) -> Losses:
    """Return ``softplus(-D(G(z)))``, per image.

    Args:
        G: generator with ``mapping`` and ``synthesis``, in train mode.
        D: discriminator.
        z: latents ``[N, z_dim]``.
        c: labels ``[N, c_dim]``, or None.
        view: what D sees of the images, such as a blur.
    """
    fake = D(view(generate(G, z, c)), c)
    return {"total": F.softplus(-fake), "scores_fake": fake}


def discriminator_loss(
    G: Generator, D: nn.Module, real: Tensor, real_c: Tensor | None, z: Tensor, c: Tensor | None, view: View = unchanged
) -> Losses:
    """Return ``softplus(D(G(z))) + softplus(-D(real))``, per image.

    This pass of the generator, and no other, moves its running averages (``w_avg`` and the layers' magnitudes).

    Args:
        real: images ``[N, C, H, W]``, -1..1.
        real_c: their labels.
        G, D, z, c, view: as in ``generator_loss``.
    """
    with torch.no_grad():
        images = generate(G, z, c, update_emas=True)
    fake, true = D(view(images), c), D(view(real), real_c)
    return {"total": F.softplus(fake) + F.softplus(-true), "scores_fake": fake, "scores_real": true}


def r1_loss(D: nn.Module, real: Tensor, c: Tensor | None, gamma: float, view: View = unchanged) -> Losses:
    """Return ``gamma / 2`` times the squared gradient of D at the real images, per image."""
    real = real.detach().requires_grad_(True)
    true = D(view(real), c)
    (gradient,) = torch.autograd.grad(true.sum(), real, create_graph=True)
    penalty = gradient.square().sum([1, 2, 3])
    return {"total": penalty * (gamma / 2), "r1_penalty": penalty, "scores_real": true}


def generate(G: Generator, z: Tensor, c: Tensor | None, update_emas: bool = False) -> Tensor:
    """Return images of latents; StyleGAN3 has no style mixing and no noise."""
    ws = G.mapping(z, c, update_emas=update_emas)
    images: Tensor = G.synthesis(ws, update_emas=update_emas)
    return images


def blur_sigma(nimg: int, init_sigma: float, fade_kimg: float) -> float:
    """Return the width of the blur in pixels: ``init_sigma`` at first, linearly to 0 over ``fade_kimg``."""
    return max(1 - nimg / (fade_kimg * 1000), 0.0) * init_sigma if fade_kimg > 0 else 0.0


def blur(images: Tensor, sigma: float) -> Tensor:
    """Return images filtered with ``2 ** -(x / sigma) ** 2`` out to three sigma, black beyond the border.

    Source: Karras et al. (NeurIPS 2021), appendix F.2: without it, the discriminator of -R learns from high
    frequencies first and training goes astray.
    """
    size = math.floor(sigma * 3)
    if size == 0:
        return images
    x = torch.arange(-size, size + 1, device=images.device, dtype=torch.float32)
    weights = torch.exp2(-(x / sigma).square())
    return filter2d(images, weights / weights.sum())
