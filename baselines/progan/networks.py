"""Progressive GAN's generator and discriminator.

Source: Karras et al., Progressive Growing of GANs for Improved Quality, Stability, and Variation (ICLR 2018), sections
2 to 4 and table 2.
"""

from typing import cast

import torch
from torch import Tensor, nn

from baselines.ops.host import value_of
from baselines.ops.levels import downscale2d, fade, level_channels, resolutions, split_lod, upscale2d
from baselines.ops.linear import linear
from baselines.ops.progressive import (
    EPSILON,
    SQRT2,
    Conv,
    Dense,
    Equalized,
    Scaling,
    activation,
    minibatch_deviation,
    pixel_norm,
)
from baselines.ops.tiles import can_tile, tiled

__all__ = ["Discriminator", "Generator"]


class LatentInput(Equalized):
    """A fully connected layer from the latents to 4x4 features; ``weight [16 * out, in]``, ``bias [out]``."""

    def __init__(self, in_features: int, out_channels: int, use_wscale: bool) -> None:
        # A quarter of the usual gain, as in the paper's original implementation.
        super().__init__([16 * out_channels, in_features], gain=SQRT2 / 4, use_wscale=use_wscale)
        self.bias = nn.Parameter(torch.zeros(out_channels))  # one for each channel, not for each pixel of it

    def forward(self, x: Tensor) -> Tensor:
        """Return ``[N, out_channels, 4, 4]`` for ``x [N, in_features]``."""
        return self.biased(linear(x, self.weight, None, self.weight_gain).reshape(len(x), -1, 4, 4))


class GeneratorBlock(nn.Module):
    """Two layers at one resolution and the convolution from their features to RGB.

    Keys: ``dense.*`` and ``conv.*`` at 4x4, ``conv0.*`` and ``conv1.*`` elsewhere; ``torgb.*``.

    Args:
        in_features: channels of the input; at 4x4, features of the latents.
        out_channels: channels of the output.
        resolution: of the output.
        img_channels: channels of the images.
        use_wscale: whether weights are equalised.
        fused_scale: whether upscaling and convolution are fused.
    """

    def __init__(
        self,
        in_features: int,
        out_channels: int,
        resolution: int,
        img_channels: int,
        use_wscale: bool,
        fused_scale: bool,
    ) -> None:
        super().__init__()
        self.resolution = resolution
        if resolution == 4:
            self.dense = LatentInput(in_features, out_channels, use_wscale)
            self.conv = Conv(out_channels, out_channels, 3, use_wscale=use_wscale, bias=True)
        else:
            self.conv0 = Conv(in_features, out_channels, 3, "up", fused_scale, use_wscale=use_wscale, bias=True)
            self.conv1 = Conv(out_channels, out_channels, 3, use_wscale=use_wscale, bias=True)
        self.torgb = Conv(out_channels, img_channels, 1, gain=1, use_wscale=use_wscale, bias=True)

    def layers(self) -> tuple[nn.Module, nn.Module]:
        """Return the two layers; nonlinearity and pixel norm follow each."""
        return (self.dense, self.conv) if self.resolution == 4 else (self.conv0, self.conv1)


class Generator(nn.Module):
    """Latents and labels to images, at the level of detail in the buffer ``lod``.

    Keys: ``lod []``, then ``b4.*``, ``b8.*``, ..., ``b{img_resolution}.*``.

    Args:
        z_dim: features of z.
        c_dim: number of classes; 0 for an unconditional network. Labels are concatenated to z.
        img_resolution: a power of two.
        img_channels: channels of the images.
        fmap_base, fmap_decay, fmap_max: the features at R x R have
            ``min(fmap_base / 2 ** ((log2(R) - 1) * fmap_decay), fmap_max)`` channels.
        normalize_latents: whether z, with its label, is scaled to unit mean square.
        use_wscale: whether weights are equalised.
        use_pixel_norm: whether every layer's features are scaled to unit mean square at each pixel.
        pixel_norm_epsilon: added to the mean square.
        nonlinearity: ``"lrelu"`` or ``"relu"``.
        fused_scale: whether upscaling and convolution are fused; weights fit one setting only, see ``Conv``.

    Raises:
        ValueError: if the resolution is not a power of two, or the nonlinearity is unknown.

    Deviation: everything is in the parameters' dtype; the published code could also compute in half precision.
    """

    lod: Tensor

    def __init__(
        self,
        z_dim: int,
        c_dim: int,
        img_resolution: int,
        img_channels: int,
        fmap_base: int = 8192,
        fmap_decay: float = 1.0,
        fmap_max: int = 512,
        normalize_latents: bool = True,
        use_wscale: bool = True,
        use_pixel_norm: bool = True,
        pixel_norm_epsilon: float = EPSILON,
        nonlinearity: str = "lrelu",
        fused_scale: bool = True,
    ) -> None:
        super().__init__()
        self.z_dim, self.c_dim = z_dim, c_dim
        self.img_resolution, self.img_channels = img_resolution, img_channels
        self.block_resolutions = resolutions(img_resolution)
        self.normalize_latents, self.activation = normalize_latents, activation(nonlinearity)
        self.use_pixel_norm, self.pixel_norm_epsilon = use_pixel_norm, pixel_norm_epsilon
        self.register_buffer("lod", torch.zeros([]))
        narrow = z_dim + c_dim
        for res in self.block_resolutions:
            wide = level_channels(res, fmap_base, fmap_decay, fmap_max)
            self.add_module(f"b{res}", GeneratorBlock(narrow, wide, res, img_channels, use_wscale, fused_scale))
            narrow = wide

    def forward(self, z: Tensor, c: Tensor | None = None) -> Tensor:
        """Return images ``[N, img_channels, img_resolution, img_resolution]``, nominally -1..1.

        Args:
            z: ``[N, z_dim]``, standard normal.
            c: ``[N, c_dim]`` one-hot, needed when conditional.

        Raises:
            ValueError: if ``z`` or ``c`` has the wrong shape.
        """
        x = self.checked(z, "z", self.z_dim)
        if self.c_dim > 0:
            x = torch.cat([x, self.checked(c, "c", self.c_dim)], dim=1)
        # Two small images per tile: with one, the fixed cost of each operation would dominate.
        return tiled(self.images, 2 if self.img_resolution <= 64 else 1, x) if can_tile(x) else self.images(x)

    def checked(self, x: Tensor | None, name: str, features: int) -> Tensor:
        """Return ``x [N, features]`` in the network's dtype, after checking its shape."""
        if x is None or x.ndim != 2 or x.shape[1] != features:
            found = "None" if x is None else list(x.shape)
            raise ValueError(f"expected {name} of shape [N, {features}], found {found}: give one row for each image.")
        return x.to(self.lod.dtype)

    def images(self, x: Tensor) -> Tensor:
        """Return images for latents with their labels, ``[N, z_dim + c_dim]``."""
        missing, share = split_lod(value_of(self.lod), len(self.block_resolutions))
        blocks = self.blocks()[: len(self.block_resolutions) - missing]
        x = coarse = pixel_norm(x, self.pixel_norm_epsilon) if self.normalize_latents else x
        for block in blocks:
            coarse = x
            for layer in block.layers():
                x = self.activation(layer(x))
                x = pixel_norm(x, self.pixel_norm_epsilon) if self.use_pixel_norm else x
        images: Tensor = blocks[-1].torgb(x)
        if share > 0:
            images = fade(images, upscale2d(blocks[-2].torgb(coarse)), share)
        return upscale2d(images, 2**missing)

    def blocks(self) -> list[GeneratorBlock]:
        """Return the blocks from 4x4 on."""
        return [cast(GeneratorBlock, self.get_submodule(f"b{res}")) for res in self.block_resolutions]


class DiscriminatorBlock(nn.Module):
    """Two convolutions that halve the resolution; keys ``fromrgb.*``, ``conv0.*``, ``conv1.*``."""

    def __init__(
        self, img_channels: int, in_channels: int, out_channels: int, use_wscale: bool, fused_scale: bool
    ) -> None:
        super().__init__()
        self.activation, self.fused_scale = activation("lrelu"), fused_scale
        self.fromrgb = Conv(img_channels, in_channels, 1, use_wscale=use_wscale, bias=True)
        self.conv0 = Conv(in_channels, in_channels, 3, use_wscale=use_wscale, bias=True)
        scaling: Scaling = "down" if fused_scale else "same"
        self.conv1 = Conv(in_channels, out_channels, 3, scaling, True, use_wscale=use_wscale, bias=True)

    def read(self, images: Tensor) -> Tensor:
        """Return features ``[N, in_channels, R, R]`` of images ``[N, img_channels, R, R]``."""
        return self.activation(self.fromrgb(images))

    def forward(self, x: Tensor) -> Tensor:
        """Return ``[N, out_channels, R / 2, R / 2]`` for ``x [N, in_channels, R, R]``."""
        x = self.activation(self.conv1(self.activation(self.conv0(x))))
        # Fused, pixels are averaged in the convolution, before the nonlinearity; otherwise after it.
        return x if self.fused_scale else downscale2d(x)


class DiscriminatorEpilogue(nn.Module):
    """Map 4x4 features to scores and labels; keys ``fromrgb.*``, ``conv.*``, ``fc.*``, ``out.*``."""

    def __init__(
        self,
        img_channels: int,
        in_channels: int,
        hidden: int,
        outputs: int,
        use_wscale: bool,
        mbstd_group_size: int,
    ) -> None:
        super().__init__()
        self.activation = activation("lrelu")
        self.fromrgb = Conv(img_channels, in_channels, 1, use_wscale=use_wscale, bias=True)
        self.mbstd_group_size = mbstd_group_size
        self.conv = Conv(in_channels + (mbstd_group_size > 1), in_channels, 3, use_wscale=use_wscale, bias=True)
        self.fc = Dense(16 * in_channels, hidden, use_wscale=use_wscale)
        self.out = Dense(hidden, outputs, gain=1, use_wscale=use_wscale)

    def read(self, images: Tensor) -> Tensor:
        """Return features ``[N, in_channels, 4, 4]`` of images ``[N, img_channels, 4, 4]``."""
        return self.activation(self.fromrgb(images))

    def forward(self, x: Tensor) -> Tensor:
        """Return ``[N, outputs]`` for features ``[N, in_channels, 4, 4]``."""
        if self.mbstd_group_size > 1:
            x = torch.cat([x, minibatch_deviation(x, self.mbstd_group_size)], dim=1)
        found: Tensor = self.out(self.activation(self.fc(self.activation(self.conv(x)))))
        return found


class Discriminator(nn.Module):
    """Images to scores and labels, at the level of detail in the buffer ``lod``, which must equal the generator's.

    Keys: ``lod []``, then ``b{img_resolution}.*``, ..., ``b8.*``, ``b4.*``.

    Args:
        c_dim: number of classes, which it predicts; 0 for none.
        img_resolution: a power of two.
        img_channels: channels of the images.
        fmap_base, fmap_decay, fmap_max, use_wscale: as for ``Generator``.
        mbstd_group_size: group size of the minibatch deviation; 1 or less disables it.
        fused_scale: whether convolution and downscaling are fused, which here averages before the nonlinearity.

    Source: Odena et al., Conditional Image Synthesis with Auxiliary Classifier GANs (ICML 2017), for the labels.
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
        use_wscale: bool = True,
        mbstd_group_size: int = 4,
        fused_scale: bool = True,
    ) -> None:
        super().__init__()
        self.c_dim, self.img_resolution, self.img_channels = c_dim, img_resolution, img_channels
        self.block_resolutions = resolutions(img_resolution)[::-1]
        channels = {r: level_channels(r, fmap_base, fmap_decay, fmap_max) for r in [2, *self.block_resolutions]}
        self.register_buffer("lod", torch.zeros([]))
        for res in self.block_resolutions:
            widths = (img_channels, channels[res], channels[res // 2])
            block: nn.Module = (
                DiscriminatorBlock(*widths, use_wscale, fused_scale)
                if res > 4
                else DiscriminatorEpilogue(*widths, 1 + c_dim, use_wscale, mbstd_group_size)
            )
            self.add_module(f"b{res}", block)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Return scores ``[N, 1]``, larger for images that look real, and logits of the labels ``[N, c_dim]``.

        Args:
            images: ``[N, img_channels, img_resolution, img_resolution]``, -1..1.
        """
        missing, share = split_lod(value_of(self.lod), len(self.block_resolutions))
        blocks = self.blocks()[missing:]
        images = downscale2d(images, 2**missing)
        x = blocks[0].read(images)
        for i, block in enumerate(blocks):
            x = block(x)
            if i == 0 and share > 0:
                x = fade(x, blocks[1].read(downscale2d(images)), share)
        return x[:, :1], x[:, 1:]

    def blocks(self) -> list[DiscriminatorBlock]:
        """Return the blocks from the full resolution down; the last, at 4x4, is the epilogue."""
        return [cast(DiscriminatorBlock, self.get_submodule(f"b{res}")) for res in self.block_resolutions]
