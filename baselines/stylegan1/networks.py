"""StyleGAN's generator and discriminator.

Source: Karras et al., A Style-Based Generator Architecture for Generative Adversarial Networks (CVPR 2019); Karras et
al., Progressive Growing of GANs for Improved Quality, Stability, and Variation (ICLR 2018).
"""

from collections.abc import Mapping, Sequence
from typing import Any, cast

import torch
from torch import Tensor, nn

from baselines.ops.host import value_of
from baselines.ops.levels import downscale2d, fade, level_channels, resolutions, split_lod
from baselines.ops.progressive import Conv, Dense, Fused, activation, check_divides, minibatch_deviation
from baselines.stylegan1.layers import Blur
from baselines.stylegan1.mapping import MappingNetwork
from baselines.stylegan1.synthesis import Noise, Structure, SynthesisNetwork

__all__ = ["Discriminator", "Generator"]


class Generator(nn.Module):
    """Latents and labels to images.

    Keys: ``mapping.*`` and ``synthesis.*``.

    Args:
        z_dim: features of z.
        c_dim: number of classes; 0 for an unconditional network.
        w_dim: features of w.
        img_resolution: a power of two.
        img_channels: channels of the images.
        mapping_kwargs: keyword arguments of ``MappingNetwork``.
        synthesis_kwargs: keyword arguments of ``SynthesisNetwork``.
    """

    def __init__(
        self,
        z_dim: int,
        c_dim: int,
        w_dim: int,
        img_resolution: int,
        img_channels: int,
        mapping_kwargs: Mapping[str, Any] | None = None,
        **synthesis_kwargs: Any,
    ) -> None:
        super().__init__()
        self.z_dim, self.c_dim, self.w_dim = z_dim, c_dim, w_dim
        self.img_resolution, self.img_channels = img_resolution, img_channels
        self.synthesis = SynthesisNetwork(w_dim, img_resolution, img_channels, **synthesis_kwargs)
        self.num_ws = self.synthesis.num_ws
        self.mapping = MappingNetwork(z_dim, c_dim, w_dim, self.num_ws, **(mapping_kwargs or {}))

    def forward(
        self,
        z: Tensor,
        c: Tensor | None = None,
        truncation_psi: float = 1.0,
        truncation_cutoff: int | None = None,
        noise_mode: str = "const",
        streams: Noise | None = None,
        force_fp32: bool = False,
    ) -> Tensor:
        """Return ``synthesis(mapping(z, c))``: images for latents ``[N, z_dim]`` and labels ``[N, c_dim]``."""
        ws = self.mapping(z, c, truncation_psi, truncation_cutoff)
        images: Tensor = self.synthesis(ws, noise_mode, streams, force_fp32)
        return images


class DiscriminatorBlock(nn.Module):
    """Two convolutions that halve the resolution; keys ``fromrgb.*``, ``conv0.*``, ``conv1.*``."""

    def __init__(
        self,
        img_channels: int,
        in_channels: int,
        out_channels: int,
        nonlinearity: str,
        use_wscale: bool,
        fused_scale: Fused,
        blur_filter: Sequence[float] | None,
        has_fromrgb: bool,
    ) -> None:
        super().__init__()
        self.activation = activation(nonlinearity)
        if has_fromrgb:
            self.fromrgb = Conv(img_channels, in_channels, 1, use_wscale=use_wscale, bias=True)
        self.conv0 = Conv(in_channels, in_channels, 3, use_wscale=use_wscale, bias=True)
        self.blur = Blur(blur_filter)
        self.conv1 = Conv(in_channels, out_channels, 3, "down", fused_scale, use_wscale=use_wscale, bias=True)

    def read(self, images: Tensor) -> Tensor:
        """Return features ``[N, in_channels, R, R]`` of images ``[N, img_channels, R, R]``."""
        return self.activation(self.fromrgb(images))

    def forward(self, x: Tensor) -> Tensor:
        """Return ``[N, out_channels, R / 2, R / 2]`` for ``x [N, in_channels, R, R]``."""
        x = self.activation(self.conv0(x))
        return self.activation(self.conv1(self.blur(x)))


class DiscriminatorEpilogue(nn.Module):
    """Map 4x4 features to scores; keys ``fromrgb.*``, ``conv.*``, ``fc.*``, ``out.*``."""

    def __init__(
        self,
        img_channels: int,
        in_channels: int,
        hidden: int,
        outputs: int,
        nonlinearity: str,
        use_wscale: bool,
        mbstd_group_size: int,
        mbstd_num_features: int,
        has_fromrgb: bool,
    ) -> None:
        super().__init__()
        self.activation = activation(nonlinearity)
        if has_fromrgb:
            self.fromrgb = Conv(img_channels, in_channels, 1, use_wscale=use_wscale, bias=True)
        self.mbstd_group_size, self.mbstd_num_features = mbstd_group_size, mbstd_num_features
        check_divides(in_channels, mbstd_num_features=mbstd_num_features if mbstd_group_size > 1 else 0)
        extra = mbstd_num_features if mbstd_group_size > 1 else 0
        self.conv = Conv(in_channels + extra, in_channels, 3, use_wscale=use_wscale, bias=True)
        self.fc = Dense(16 * in_channels, hidden, use_wscale=use_wscale)
        self.out = Dense(hidden, outputs, gain=1, use_wscale=use_wscale)

    def read(self, images: Tensor) -> Tensor:
        """Return features ``[N, in_channels, 4, 4]`` of images ``[N, img_channels, 4, 4]``."""
        return self.activation(self.fromrgb(images))

    def forward(self, x: Tensor) -> Tensor:
        """Return scores ``[N, outputs]`` of features ``[N, in_channels, 4, 4]``."""
        if self.mbstd_group_size > 1:
            x = torch.cat([x, minibatch_deviation(x, self.mbstd_group_size, self.mbstd_num_features)], dim=1)
        x = self.activation(self.conv(x))
        scores: Tensor = self.out(self.activation(self.fc(x)))
        return scores


class Discriminator(nn.Module):
    """Discriminator at the level of detail in the buffer ``lod``, which must equal the generator's.

    Keys: ``lod []``, then ``b{img_resolution}.*``, ..., ``b8.*``, ``b4.*``.

    Args:
        c_dim: number of classes; 0 for none. There is one score per class, and the label selects one.
        img_resolution: a power of two.
        img_channels: channels of the images.
        fmap_base, fmap_decay, fmap_max, nonlinearity, use_wscale, fused_scale, blur_filter, structure: as for
            ``SynthesisNetwork``.
        mbstd_group_size: group size of the minibatch deviation; 1 or less disables it.
        mbstd_num_features: number of channels of the minibatch deviation.
    """

    lod: Tensor

    def __init__(
        self,
        c_dim: int,
        img_resolution: int,
        img_channels: int,
        fmap_base: int = 8192,
        fmap_decay: float = 1.0,
        fmap_max: int = 512,
        nonlinearity: str = "lrelu",
        use_wscale: bool = True,
        mbstd_group_size: int = 4,
        mbstd_num_features: int = 1,
        fused_scale: Fused = "auto",
        blur_filter: Sequence[float] | None = (1, 2, 1),
        structure: Structure = "auto",
    ) -> None:
        super().__init__()
        self.c_dim, self.img_resolution, self.img_channels = c_dim, img_resolution, img_channels
        self.block_resolutions = resolutions(img_resolution)[::-1]
        self.grows = structure != "fixed"
        channels = {r: level_channels(r, fmap_base, fmap_decay, fmap_max) for r in [2, *self.block_resolutions]}
        self.register_buffer("lod", torch.zeros([]))
        for res in self.block_resolutions:
            reads = self.grows or res == img_resolution
            widths = (img_channels, channels[res], channels[res // 2])
            if res > 4:
                block: nn.Module = DiscriminatorBlock(
                    *widths, nonlinearity, use_wscale, fused_scale, blur_filter, has_fromrgb=reads
                )
            else:
                block = DiscriminatorEpilogue(
                    *widths,
                    max(c_dim, 1),
                    nonlinearity,
                    use_wscale,
                    mbstd_group_size,
                    mbstd_num_features,
                    has_fromrgb=reads,
                )
            self.add_module(f"b{res}", block)

    def forward(self, images: Tensor, c: Tensor | None = None) -> Tensor:
        """Return scores ``[N, 1]``, larger for images that look real.

        Args:
            images: ``[N, img_channels, img_resolution, img_resolution]``, -1..1.
            c: ``[N, c_dim]`` one-hot, needed when conditional.
        """
        missing, share = split_lod(value_of(self.lod), len(self.block_resolutions)) if self.grows else (0, 0.0)
        blocks = self.blocks()[missing:]
        images = downscale2d(images, 2**missing)
        x = blocks[0].read(images)
        for i, block in enumerate(blocks):
            x = block(x)
            if i == 0 and share > 0:
                x = fade(x, blocks[1].read(downscale2d(images)), share)
        if self.c_dim == 0:
            return x
        assert c is not None, "a conditional discriminator needs labels"
        return (x * c.to(x.dtype)).sum(1, keepdim=True)

    def blocks(self) -> list[DiscriminatorBlock]:
        """Return the blocks from the full resolution down; the last, at 4x4, is the epilogue."""
        return [cast(DiscriminatorBlock, self.get_submodule(f"b{res}")) for res in self.block_resolutions]
