"""The blur that StyleGAN3-R adds to StyleGAN2's losses at the start of training.

Source: Karras et al., Alias-Free Generative Adversarial Networks (NeurIPS 2021), appendix F.
"""

import math

import torch
from torch import Tensor

from baselines.ops.upfirdn2d import filter2d

__all__ = ["blur", "blur_sigma"]


def blur_sigma(nimg: int, init_sigma: float, fade_kimg: float) -> float:
    """Return the width of the blur in pixels, which falls linearly from ``init_sigma`` to 0 over ``fade_kimg``."""
    return max(1 - nimg / (fade_kimg * 1000), 0.0) * init_sigma if fade_kimg > 0 else 0.0


def blur(images: Tensor, sigma: float) -> Tensor:
    """Return images filtered with ``2 ** -(x / sigma) ** 2``, cut off at three sigma.

    The images are zero-padded. Without the blur, the discriminator of StyleGAN3-R focuses on high frequencies too
    early, and training fails.

    Source: Karras et al. (NeurIPS 2021), appendix F.2.
    """
    size = math.floor(sigma * 3)
    if size == 0:
        return images
    x = torch.arange(-size, size + 1, device=images.device, dtype=torch.float32)
    weights = torch.exp2(-(x / sigma).square())
    return filter2d(images, weights / weights.sum())
