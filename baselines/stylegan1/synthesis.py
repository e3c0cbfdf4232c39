"""StyleGAN's synthesis network: a learned constant, then two layers with noise and style per resolution."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, cast

import torch
from torch import Tensor, nn

from baselines.ops.host import value_of
from baselines.ops.levels import fade, level_channels, resolutions, split_lod, upscale2d
from baselines.ops.progressive import Conv, Dense, Fused, Scaling, activation, pixel_norm
from baselines.ops.tiles import can_tile, tiled
from baselines.stylegan1.layers import Blur, instance_norm

__all__ = ["SynthesisNetwork"]

Structure = Literal["auto", "fixed", "linear", "recursive"]


class Noise(Protocol):
    """Source of random noise, with one stream per image."""

    def normal(self, purpose: str, shape: Sequence[int] = ()) -> Tensor:
        """Return standard normal draws, ``[N, *shape]``."""
        ...


@dataclass(frozen=True)
class EpilogueDesign:
    """The steps after each convolution of the synthesis network, named as in the published code."""

    use_styles: bool = True
    use_noise: bool = True
    use_pixel_norm: bool = False
    use_instance_norm: bool = True
    nonlinearity: str = "lrelu"
    use_wscale: bool = True


class Epilogue(nn.Module):
    """Noise, bias, nonlinearity, normalisation and style, in this order.

    Keys: ``bias [C]``; with noise ``noise_strength [C]`` and buffer ``noise_const [R, R]``; with styles ``affine.*``.

    Source: Karras et al. (CVPR 2019), figure 1b, equation 1 (AdaIN: instance norm and style) and appendix C.
    """

    noise_const: Tensor

    def __init__(self, w_dim: int, channels: int, resolution: int, design: EpilogueDesign) -> None:
        super().__init__()
        self.design, self.activation = design, activation(design.nonlinearity)
        self.bias = nn.Parameter(torch.zeros(channels))
        if design.use_noise:
            self.noise_strength = nn.Parameter(torch.zeros(channels))
            self.register_buffer("noise_const", torch.randn(resolution, resolution))
        if design.use_styles:
            self.affine = Dense(w_dim, 2 * channels, gain=1, use_wscale=design.use_wscale)

    def forward(self, x: Tensor, w: Tensor, noise: Tensor | None) -> Tensor:
        """Return ``[N, C, R, R]`` for features ``x``, latents ``w [N, w_dim]`` and noise ``[N, 1, R, R]``."""
        if noise is not None:
            x = x + noise * self.noise_strength[:, None, None]
        x = self.activation(x + self.bias[:, None, None])
        x = pixel_norm(x) if self.design.use_pixel_norm else x
        x = instance_norm(x) if self.design.use_instance_norm else x
        if not self.design.use_styles:
            return x
        style: Tensor = self.affine(w)[:, :, None, None]
        scale, shift = style.chunk(2, dim=1)
        return x * (scale + 1) + shift


class ConstantInput(nn.Module):
    """The learned constant that all images start from; key ``const [C, 4, 4]``."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.const = nn.Parameter(torch.ones(channels, 4, 4))

    def forward(self, w: Tensor) -> Tensor:
        """Return ``[N, C, 4, 4]``."""
        return self.const.expand(len(w), -1, -1, -1)


class LatentInput(Dense):
    """A fully connected layer from the latents to the first features, as in Progressive GAN."""

    def __init__(self, w_dim: int, channels: int, use_wscale: bool) -> None:
        # A quarter of the usual gain, as in Progressive GAN.
        super().__init__(w_dim, 16 * channels, gain=math.sqrt(2) / 4, use_wscale=use_wscale, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Return ``[N, C, 4, 4]``."""
        return super().forward(x).reshape(len(x), -1, 4, 4)


class SynthesisBlock(nn.Module):
    """The two layers at one resolution, and the convolution from their features to RGB.

    Keys: ``input.*`` at 4x4 and ``conv0.*`` elsewhere, ``epilogue0.*``, ``conv1.*``, ``epilogue1.*``, ``torgb.*``.
    """

    def __init__(
        self,
        w_dim: int,
        in_channels: int,  # 0 at 4x4, which starts from a constant or from w
        out_channels: int,
        resolution: int,
        img_channels: int,
        design: EpilogueDesign,
        const_input_layer: bool = True,
        fused_scale: Fused = "auto",
        blur_filter: Sequence[float] | None = (1, 2, 1),
        has_torgb: bool = True,
    ) -> None:
        super().__init__()
        self.resolution, self.in_channels = resolution, in_channels
        use_wscale = design.use_wscale

        def conv(narrow: int, scaling: Scaling) -> Conv:
            return Conv(narrow, out_channels, 3, scaling, fused_scale, use_wscale=use_wscale)

        if in_channels == 0:
            constant = ConstantInput(out_channels) if const_input_layer else None
            self.input = constant or LatentInput(w_dim, out_channels, use_wscale)
        else:
            self.conv0 = conv(in_channels, "up")
            self.blur = Blur(blur_filter)
        self.epilogue0 = Epilogue(w_dim, out_channels, resolution, design)
        self.conv1 = conv(out_channels, "same")
        self.epilogue1 = Epilogue(w_dim, out_channels, resolution, design)
        if has_torgb:
            self.torgb = Conv(out_channels, img_channels, 1, gain=1, use_wscale=use_wscale, bias=True)

    def forward(self, x: Tensor, w: tuple[Tensor, Tensor], noise: tuple[Tensor | None, Tensor | None]) -> Tensor:
        """Return features ``[N, C, R, R]``.

        Args:
            x: features at half the resolution, or ``w [N, w_dim]`` at 4x4.
            w: latents of both layers, each ``[N, w_dim]``.
            noise: noise of both layers, each ``[N, 1, R, R]`` or None.
        """
        x = self.input(x) if self.in_channels == 0 else self.blur(self.conv0(x))
        x = self.epilogue0(x, w[0], noise[0])
        x = self.epilogue1(self.conv1(x), w[1], noise[1])
        return x


class SynthesisNetwork(nn.Module):
    """Intermediate latents to images, at the level of detail in the buffer ``lod``.

    Keys: ``lod []``, then ``b4.*``, ``b8.*``, ...

    Args:
        w_dim: features of w.
        img_resolution: a power of two, at least 4.
        img_channels: channels of the images.
        fmap_base, fmap_decay, fmap_max: the features at R x R have
            ``min(fmap_base / 2 ** ((log2(R) - 1) * fmap_decay), fmap_max)`` channels.
        use_styles: False omits the styles, so that a single w feeds the input.
        const_input_layer: False starts from w instead of a constant.
        use_noise: whether noise is added to every layer.
        use_pixel_norm, use_instance_norm: normalisation after the nonlinearity.
        nonlinearity: ``"lrelu"`` or ``"relu"``.
        use_wscale: whether weights are equalised.
        fused_scale: see ``Conv``.
        blur_filter: taps of the filter after upsampling; None for no filter.
        structure: ``"fixed"`` never grows and has a single RGB convolution; all other values are equivalent.

    Raises:
        ValueError: if the resolution is not a power of two.

    Source: Karras et al. (CVPR 2019), section 2 and appendix C; Karras et al. (ICLR 2018), section 2 for the growing.
    """

    lod: Tensor

    def __init__(
        self,
        w_dim: int,
        img_resolution: int,
        img_channels: int,
        fmap_base: int = 8192,
        fmap_decay: float = 1.0,
        fmap_max: int = 512,
        use_styles: bool = True,
        const_input_layer: bool = True,
        use_noise: bool = True,
        use_pixel_norm: bool = False,
        use_instance_norm: bool = True,
        nonlinearity: str = "lrelu",
        use_wscale: bool = True,
        structure: Structure = "auto",
        **block_kwargs: Any,
    ) -> None:
        super().__init__()
        self.w_dim, self.img_resolution, self.img_channels = w_dim, img_resolution, img_channels
        self.block_resolutions = resolutions(img_resolution)
        self.num_layers = 2 * len(self.block_resolutions)
        self.num_ws = self.num_layers if use_styles else 1
        self.use_noise, self.grows = use_noise, structure != "fixed"
        design = EpilogueDesign(use_styles, use_noise, use_pixel_norm, use_instance_norm, nonlinearity, use_wscale)
        self.register_buffer("lod", torch.zeros([]))
        narrow = 0
        for res in self.block_resolutions:
            wide = level_channels(res, fmap_base, fmap_decay, fmap_max)
            block = SynthesisBlock(
                w_dim,
                narrow,
                wide,
                res,
                img_channels,
                design,
                const_input_layer=const_input_layer,
                has_torgb=self.grows or res == img_resolution,
                **block_kwargs,
            )
            self.add_module(f"b{res}", block)
            narrow = wide

    def forward(
        self, ws: Tensor, noise_mode: str = "const", streams: Noise | None = None, force_fp32: bool = False
    ) -> Tensor:
        """Return images ``[N, img_channels, img_resolution, img_resolution]``, nominally -1..1.

        Args:
            ws: ``[N, num_ws, w_dim]``.
            noise_mode: ``"const"`` for the stored noise, ``"random"`` for fresh noise, or ``"none"``.
            streams: source of random noise, called with the purpose ``noise/LAYER``; None for torch's global generator.
            force_fp32: ignored, because everything is in the parameters' dtype.

        Raises:
            ValueError: for ``ws`` of the wrong shape, or an unknown noise mode.
        """
        if ws.ndim != 3 or ws.shape[1:] != (self.num_ws, self.w_dim):
            shape = f"[N, {self.num_ws}, {self.w_dim}]"
            raise ValueError(
                f"expected ws of shape {shape}, found {list(ws.shape)}: take them from the mapping network."
            )
        if noise_mode not in ("const", "random", "none"):
            raise ValueError(f"unknown noise mode {noise_mode!r}: choose one of const, random, none.")
        ws = ws.to(self.lod.dtype)
        noise = [self.noise(layer, ws, noise_mode, streams) for layer in range(self.num_layers)]
        if can_tile(ws):
            # Two small images per tile: with one, the fixed cost of each operation would dominate.
            return tiled(self.images, 2 if self.img_resolution <= 64 else 1, ws, *noise)
        return self.images(ws, *noise)

    def images(self, ws: Tensor, *noise: Tensor | None) -> Tensor:
        """Return images for intermediate latents and the noise ``[N, 1, R, R]`` of every layer."""
        missing, share = split_lod(value_of(self.lod), len(self.block_resolutions)) if self.grows else (0, 0.0)
        blocks = self.blocks()[: len(self.block_resolutions) - missing]
        coarse, x = ws[:, 0], ws[:, 0]
        for i, block in enumerate(blocks):
            w = [ws[:, min(layer, self.num_ws - 1)] for layer in (2 * i, 2 * i + 1)]
            coarse, x = x, block(x, (w[0], w[1]), (noise[2 * i], noise[2 * i + 1]))
        images: Tensor = blocks[-1].torgb(x)
        if share > 0:
            images = fade(images, upscale2d(blocks[-2].torgb(coarse)), share)
        return upscale2d(images, 2**missing)

    def blocks(self) -> list[SynthesisBlock]:
        """Return the blocks from 4x4 on."""
        return [cast(SynthesisBlock, self.get_submodule(f"b{res}")) for res in self.block_resolutions]

    def noise(self, layer: int, ws: Tensor, noise_mode: str, streams: Noise | None) -> Tensor | None:
        """Return the noise of one layer, ``[N, 1, R, R]``, or None."""
        if not self.use_noise or noise_mode == "none":
            return None
        block = self.blocks()[layer // 2]
        size = (len(ws), 1, block.resolution, block.resolution)
        if noise_mode == "const":
            return (block.epilogue0, block.epilogue1)[layer % 2].noise_const.expand(size)
        if streams is None:
            return torch.randn(size, dtype=ws.dtype, device=ws.device)
        return streams.normal(f"noise/{layer}", size[2:]).to(ws)[:, None]
