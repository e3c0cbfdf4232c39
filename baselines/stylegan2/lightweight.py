"""A smaller relative of StyleGAN2's generator, of the program stylegan2-pytorch by Phil Wang.

It differs from the paper's: bilinear upsampling before a convolution, two convolutions at 4x4 too, one noise image for
all layers with a strength for each channel, and one w for each resolution. Images are made in 0..1.

Source: the MIT-licensed program of that name, https://github.com/lucidrains/stylegan2-pytorch; the paper is Karras et
al. (CVPR 2020).
"""

from collections.abc import Sequence
from typing import Protocol

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from baselines.ops.modulated_conv import EPSILON, modulation, scaled_conv2d
from baselines.ops.tiles import can_tile, tiled
from baselines.stylegan2.bilinear import doubled
from baselines.stylegan2.mapping import MappingNetwork

__all__ = ["LightweightGenerator"]

SLOPE = 0.2  # of the leaky ReLUs
TILE_SIZE = 8


class UniformNoise(Protocol):
    """Source of random numbers for each image of a batch."""

    def uniform(self, purpose: str, shape: Sequence[int]) -> Tensor:
        """Return draws ``[N, *shape]`` from 0..1."""
        ...


class Modulated(nn.Module):
    """A convolution whose input channels are scaled by 1 plus a style, demodulated where that is asked for.

    Keys: ``weight [out_channels, in_channels, k, k]``, ``style.weight [in_channels, w_dim]``, ``style.bias``.
    """

    def __init__(self, w_dim: int, in_channels: int, out_channels: int, kernel_size: int, demodulate: bool) -> None:
        super().__init__()
        self.style, self.demodulate = nn.Linear(w_dim, in_channels), demodulate
        self.weight = nn.Parameter(torch.empty(out_channels, in_channels, kernel_size, kernel_size))
        nn.init.kaiming_normal_(self.weight, nonlinearity="leaky_relu")

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        """Return ``[N, out_channels, H, W]`` for ``x [N, in_channels, H, W]`` and ``w [N, w_dim]``."""
        scale, factors = self.style(w) + 1, None
        if self.demodulate:
            scale, factors = modulation(self.weight, scale, EPSILON)
        return scaled_conv2d(x, self.weight, scale, factors, padding=self.weight.shape[2] // 2)


class LightweightBlock(nn.Module):
    """The layers at one resolution.

    Keys: ``conv1.*``, ``conv2.*``, ``noise1.*`` and ``noise2.*`` (a linear layer of one input), ``torgb.*``.
    """

    def __init__(self, w_dim: int, in_channels: int, out_channels: int, is_first: bool, is_last: bool) -> None:
        super().__init__()
        self.is_first, self.is_last = is_first, is_last
        self.conv1 = Modulated(w_dim, in_channels, out_channels, 3, demodulate=True)
        self.conv2 = Modulated(w_dim, out_channels, out_channels, 3, demodulate=True)
        self.noise1, self.noise2 = nn.Linear(1, out_channels), nn.Linear(1, out_channels)
        self.torgb = Modulated(w_dim, out_channels, 3, 1, demodulate=False)

    def forward(self, x: Tensor, img: Tensor | None, w: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
        """Return the features and the image so far, which is doubled and blurred unless this is the last block.

        Args:
            x: ``[N, in_channels, H, W]``, doubled here unless this is the first block.
            img: ``[N, 3, H, W]``, of the size of the result; None for the first block.
            w: ``[N, w_dim]``.
            noise: ``[N, S, S]``, whose upper left corner is used.
        """
        x = x if self.is_first else doubled(x)
        # Rows and columns of the noise are exchanged, as in the original.
        corner = noise[:, : x.shape[2], : x.shape[3], None]
        for conv, strength in ((self.conv1, self.noise1), (self.conv2, self.noise2)):
            x = F.leaky_relu(conv(x, w) + strength(corner).permute(0, 3, 2, 1), SLOPE)
        colours = self.torgb(x, w)
        img = colours if img is None else img + colours
        return x, img if self.is_last else blurred(doubled(img))


class LightweightSynthesis(nn.Module):
    """One w for each resolution to images.

    Keys: ``const [C, 4, 4]`` or, where the first features come from w, ``start.weight [w_dim, C, 4, 4]``;
    ``initial.*``, a 3x3 convolution; ``b4.*``, ``b8.*``, ...; ``noise_const [resolution, resolution]``.

    Args:
        w_dim: of w.
        channels: feature maps at each resolution, 4x4 first.
        learned_start: whether a constant starts the network; otherwise the mean of the ws does.

    Deviation: the original draws new noise for every image; ``noise_const`` is drawn once, with a fixed seed.
    """

    noise_const: Tensor

    def __init__(self, w_dim: int, channels: Sequence[int], learned_start: bool = True) -> None:
        super().__init__()
        self.w_dim, self.num_ws, first = w_dim, len(channels), channels[0]
        self.img_resolution = 2 ** (len(channels) + 1)
        if learned_start:
            self.const = nn.Parameter(torch.randn(first, 4, 4))
        else:
            self.start = nn.ConvTranspose2d(w_dim, first, 4, bias=False)
        self.learned_start = learned_start
        self.initial = nn.Conv2d(first, first, 3, padding=1)
        for level, (narrow, wide) in enumerate(zip([first, *channels], channels, strict=False)):
            block = LightweightBlock(w_dim, narrow, wide, level == 0, level == len(channels) - 1)
            self.add_module(f"b{2 ** (level + 2)}", block)
        noise = torch.rand(self.img_resolution, self.img_resolution, generator=torch.Generator().manual_seed(0))
        self.register_buffer("noise_const", noise)

    def forward(
        self,
        ws: Tensor,
        noise_mode: str = "const",
        streams: UniformNoise | None = None,
        force_fp32: bool = False,
        update_emas: bool = False,
    ) -> Tensor:
        """Return images ``[N, 3, img_resolution, img_resolution]``, nominally -1..1.

        Args:
            ws: ``[N, num_ws, w_dim]``.
            noise_mode: ``"const"`` for the same noise in every image, ``"random"`` for fresh noise, or ``"none"``.
            streams: source of random noise; None for torch's global generator.
            force_fp32: ignored, because nothing is computed in float16.
            update_emas: ignored, because there are no running averages here.

        Raises:
            ValueError: for ``ws`` of the wrong shape, or an unknown noise mode.
        """
        if ws.ndim != 3 or ws.shape[1:] != (self.num_ws, self.w_dim):
            raise ValueError(
                f"expected ws of shape [N, {self.num_ws}, {self.w_dim}], found {list(ws.shape)}; take them from the "
                "mapping network."
            )
        ws = ws.to(self.initial.weight.dtype)
        noise = self.noise(ws, noise_mode, streams)
        return tiled(self.images, TILE_SIZE, ws, noise) if can_tile(ws) else self.images(ws, noise)

    def images(self, ws: Tensor, noise: Tensor) -> Tensor:
        """Return images of the whole batch for ``ws`` and noise ``[N, img_resolution, img_resolution]``."""
        if self.learned_start:
            x: Tensor = self.initial(self.const.expand(len(ws), -1, -1, -1))
        else:
            x = self.initial(self.start(ws.mean(1)[:, :, None, None]))
        img: Tensor | None = None
        for level in range(self.num_ws):
            x, img = self.get_submodule(f"b{2 ** (level + 2)}")(x, img, ws[:, level], noise)
        assert img is not None, "there is a block at 4x4"
        return img * 2 - 1

    def noise(self, ws: Tensor, noise_mode: str, streams: UniformNoise | None) -> Tensor:
        """Return the noise of each image, ``[N, img_resolution, img_resolution]``."""
        shape = [self.img_resolution, self.img_resolution]
        if noise_mode == "const":
            return self.noise_const.to(ws).expand(len(ws), -1, -1)
        if noise_mode == "none":
            return ws.new_zeros([len(ws), *shape])
        if noise_mode != "random":
            raise ValueError(f"expected the noise mode const, random or none, found {noise_mode!r}; give one of them.")
        if streams is None:
            return torch.rand([len(ws), *shape], dtype=ws.dtype, device=ws.device)
        return streams.uniform("noise", shape).to(ws)


class LightweightGenerator(nn.Module):
    """Latents to images; keys: ``mapping.*`` of StyleGAN2's ``MappingNetwork``, and ``synthesis.*``.

    Args:
        z_dim: of z and w.
        channels: feature maps at each resolution, 4x4 first.
        num_layers: of the mapping network.
        lr_multiplier: of the mapping network.
        learned_start: as for ``LightweightSynthesis``.
    """

    c_dim, img_channels = 0, 3

    def __init__(
        self,
        z_dim: int,
        channels: Sequence[int],
        num_layers: int = 8,
        lr_multiplier: float = 0.1,
        learned_start: bool = True,
    ) -> None:
        super().__init__()
        self.z_dim = self.w_dim = z_dim
        self.synthesis = LightweightSynthesis(z_dim, channels, learned_start)
        self.num_ws, self.img_resolution = self.synthesis.num_ws, self.synthesis.img_resolution
        self.mapping = MappingNetwork(z_dim, 0, z_dim, self.num_ws, num_layers, lr_multiplier=lr_multiplier)

    def forward(
        self,
        z: Tensor,
        c: Tensor | None = None,
        truncation_psi: float = 1.0,
        truncation_cutoff: int | None = None,
        update_emas: bool = False,
        noise_mode: str = "const",
        streams: UniformNoise | None = None,
    ) -> Tensor:
        """Return ``synthesis(mapping(z, c))``: images for latents ``[N, z_dim]``."""
        ws = self.mapping(z, c, truncation_psi, truncation_cutoff, update_emas)
        images: Tensor = self.synthesis(ws, noise_mode, streams)
        return images


def blurred(x: Tensor) -> Tensor:
    """Return ``x [N, C, H, W]`` convolved with 1, 2, 1 along both axes, reflected at the border."""
    taps = x.new_tensor([1.0, 2.0, 1.0]) / 4
    kernel = torch.outer(taps, taps).expand(x.shape[1], 1, 3, 3)
    return F.conv2d(F.pad(x, (1, 1, 1, 1), mode="reflect"), kernel, groups=x.shape[1])
