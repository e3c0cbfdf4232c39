"""StyleGAN2's generator with bilinear upsampling, as programs without operators of their own have it.

Inside an image it is the same as upsampling with the filter 1, 3, 3, 1; at the border it repeats the outermost pixels,
where StyleGAN2 takes black ones.

Source: the clean architecture of GFPGAN (Wang et al., Towards Real-World Blind Face Restoration with Generative Facial
Prior, CVPR 2021), of StyleGAN2's generator (Karras et al., CVPR 2020).
"""

from typing import ClassVar

import torch.nn.functional as F
from torch import Tensor

from baselines.ops.bias_act import bias_act
from baselines.ops.modulated_conv import scaled_conv2d
from baselines.stylegan2.layers import SynthesisLayer
from baselines.stylegan2.networks import Generator
from baselines.stylegan2.synthesis import SynthesisBlock, SynthesisNetwork

__all__ = ["BilinearGenerator"]


def doubled(x: Tensor) -> Tensor:
    """Return ``x [N, C, H, W]`` at twice the size, interpolated between the centres of pixels."""
    return F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)


class BilinearSynthesisLayer(SynthesisLayer):
    """A ``SynthesisLayer`` that doubles its input before the convolution."""

    def forward(self, x: Tensor, styles: Tensor, noise: Tensor | None = None, gain: float = 1.0) -> Tensor:
        """Return what ``SynthesisLayer`` does; arguments are the same."""
        scale, factors = styles[:, : x.shape[1]], styles[:, x.shape[1] :]
        x = doubled(x) if self.up == 2 else x
        x = scaled_conv2d(x, self.weight, scale, factors, padding=self.padding, bias=self.bias)
        if noise is not None and self.use_noise:
            x = x + (noise * self.noise_strength).to(x.dtype)[:, None]
        clamp = None if self.conv_clamp is None else self.conv_clamp * gain
        return bias_act(x, act=self.activation, gain=self.act_gain * gain, clamp=clamp)


class BilinearSynthesisBlock(SynthesisBlock):
    """A ``SynthesisBlock`` that doubles the image so far in the same way."""

    layer_class: ClassVar[type[SynthesisLayer]] = BilinearSynthesisLayer

    def enlarged(self, img: Tensor) -> Tensor:
        """Return an image ``[N, C, H, W]`` of twice the size."""
        return doubled(img)


class BilinearSynthesisNetwork(SynthesisNetwork):
    """A ``SynthesisNetwork`` with bilinear upsampling."""

    block_class: ClassVar[type[SynthesisBlock]] = BilinearSynthesisBlock


class BilinearGenerator(Generator):
    """A ``Generator`` with bilinear upsampling; keys and arguments are the same."""

    synthesis_class: ClassVar[type[SynthesisNetwork]] = BilinearSynthesisNetwork
