"""What StyleGAN adds to the layers of Progressive GAN: instance norm and blur.

Source: Karras et al., A Style-Based Generator Architecture for Generative Adversarial Networks (CVPR 2019), section 2
and appendix C.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from baselines.ops.progressive import EPSILON


def instance_norm(x: Tensor) -> Tensor:
    """Return ``x [N, C, H, W]`` with zero mean and unit variance in every channel of every image."""
    x = x - x.mean([2, 3], keepdim=True)
    return x * (x.square().mean([2, 3], keepdim=True) + EPSILON).rsqrt()


class Blur(nn.Module):
    """A small separable low-pass filter that keeps size and brightness; the identity if ``taps`` is None.

    Raises:
        ValueError: if the taps add up to 0.

    Source: Zhang, Making Convolutional Networks Shift-Invariant Again (ICML 2019), as StyleGAN's section 2 uses it.
    """

    taps: Tensor | None

    def __init__(self, taps: Sequence[float] | None = (1, 2, 1)) -> None:
        super().__init__()
        if taps is not None and not sum(taps):
            raise ValueError(
                f"expected a blur_filter of taps that add up to more than 0, found {list(taps)}: add some."
            )
        kernel = None if taps is None else torch.tensor(taps, dtype=torch.float32)
        self.register_buffer("taps", None if kernel is None else kernel / kernel.sum(), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Return ``x [N, C, H, W]`` filtered, with zero padding."""
        if self.taps is None:
            return x
        kernel = torch.outer(self.taps, self.taps).expand(x.shape[1], 1, -1, -1)
        return F.conv2d(x, kernel, padding="same", groups=x.shape[1])
