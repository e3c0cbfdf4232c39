"""StarGAN v2's four networks.

Source: Choi et al., StarGAN v2: Diverse Image Synthesis for Multiple Domains (CVPR 2020), section 2 and appendix A.
"""

import itertools
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from baselines.starganv2.layers import (
    SLOPE,
    AdaINBlock,
    HighPass,
    ResidualBlock,
    downwards,
    levels,
    of_domain,
    widths,
)

__all__ = ["Discriminator", "Generator", "MappingNetwork", "Masks", "StyleEncoder"]

Masks = Sequence[Tensor]  # of the whole face, and without its outline and mouth: [N, 1, H, W] each, 0..1

CHANNELS_TIMES_SIZE = 2**14  # of the first layer in the published networks
SKIPPED_SIZES = (32, 64, 128)  # feature maps to which the high-pass skip applies
WHOLE_FACE_SIZE = 32  # the size that uses the first mask


def first_width(img_size: int, base_channels: int | None) -> int:
    """Return the channels of the first layer: ``base_channels``, or the published number for ``img_size``."""
    return base_channels or CHANNELS_TIMES_SIZE // img_size


class Generator(nn.Module):
    """Translation of images into another domain with a given style.

    Keys: ``from_rgb.*``, ``encode.N.*``, ``decode.N.*``, ``to_rgb.*``, and ``hpf.filter`` unless ``w_hpf`` is 0.

    Args:
        img_size: size of the images, a power of two.
        style_dim: features of a style.
        max_conv_dim: largest number of channels.
        w_hpf: divisor of the high-pass filter; 0 replaces the high-pass skip by shortcuts.
        img_channels: channels of the images.
        base_channels: channels of the first layer; None for ``2**14 // img_size``.
        bottleneck: size of the smallest feature maps; None for 16, or 8 with the skip.
    """

    def __init__(
        self,
        img_size: int = 256,
        style_dim: int = 64,
        max_conv_dim: int = 512,
        w_hpf: float = 1,
        img_channels: int = 3,
        base_channels: int | None = None,
        bottleneck: int | None = None,
    ) -> None:
        super().__init__()
        self.img_size, self.style_dim, self.img_channels = img_size, style_dim, img_channels
        self.w_hpf = w_hpf
        base, shortcut = first_width(img_size, base_channels), w_hpf == 0
        channels = widths(base, max_conv_dim, levels(img_size, bottleneck or (16 if shortcut else 8)))
        dim = channels[-1][1] if channels else base
        self.from_rgb = nn.Conv2d(img_channels, base, 3, padding=1)
        self.encode = nn.ModuleList(ResidualBlock(*pair, normalize=True, downsample=True) for pair in channels)
        self.encode.extend(ResidualBlock(dim, dim, normalize=True) for _ in range(2))
        self.decode = nn.ModuleList(AdaINBlock(dim, dim, style_dim, shortcut) for _ in range(2))
        self.decode.extend(
            AdaINBlock(dim_out, dim_in, style_dim, shortcut, upsample=True) for dim_in, dim_out in reversed(channels)
        )
        self.to_rgb = nn.Sequential(
            nn.InstanceNorm2d(base, affine=True), nn.LeakyReLU(SLOPE), nn.Conv2d(base, img_channels, 1)
        )
        if not shortcut:
            self.hpf = HighPass(w_hpf)

    def forward(self, x: Tensor, s: Tensor, masks: Masks | None = None) -> Tensor:
        """Return images ``[N, C, R, R]``, nominally -1..1.

        Args:
            x: images ``[N, C, R, R]``, -1..1.
            s: styles ``[N, style_dim]``.
            masks: where the high-pass skip applies: two maps ``[N, 1, H, W]`` of any size, 0..1, the first for 32x32
                features and the second for larger ones; None for no skip.
        """
        x = self.from_rgb(x)
        details: dict[int, Tensor] = {}
        for block in self.encode:
            if masks is not None and x.shape[2] in SKIPPED_SIZES:
                details[x.shape[2]] = x
            x = block(x)
        for block in self.decode:
            x = block(x, s)
            if masks is not None and x.shape[2] in SKIPPED_SIZES:
                x = x + self.details(details[x.shape[2]], masks)
        images: Tensor = self.to_rgb(x)
        return images

    def details(self, features: Tensor, masks: Masks) -> Tensor:
        """Return the high frequencies of encoder features under the mask for their size."""
        size = features.shape[2]
        mask = F.interpolate(masks[0 if size == WHOLE_FACE_SIZE else 1], size=size, mode="bilinear")
        details: Tensor = self.hpf(mask * features)
        return details


class MappingNetwork(nn.Module):
    """Mapping from latents to styles of each domain; keys ``shared.N.*`` and ``unshared.DOMAIN.N.*``.

    Args:
        latent_dim: features of z.
        style_dim: features of a style.
        num_domains: number of heads.
        hidden_dim: features of the hidden layers.
    """

    def __init__(self, latent_dim: int = 16, style_dim: int = 64, num_domains: int = 2, hidden_dim: int = 512) -> None:
        super().__init__()
        self.latent_dim, self.num_domains = latent_dim, num_domains
        self.shared = nn.Sequential(*rectified([latent_dim, *[hidden_dim] * 4]))
        self.unshared = nn.ModuleList(
            nn.Sequential(*rectified([hidden_dim] * 4), nn.Linear(hidden_dim, style_dim)) for _ in range(num_domains)
        )

    def forward(self, z: Tensor, y: Tensor) -> Tensor:
        """Return styles ``[N, style_dim]`` for latents ``z [N, latent_dim]`` in the domains ``y [N]`` int64."""
        h = self.shared(z)
        return of_domain([head(h) for head in self.unshared], y)


def rectified(sizes: Sequence[int]) -> list[nn.Module]:
    """Return fully connected layers of these sizes, each followed by a ReLU."""
    return [layer for pair in itertools.pairwise(sizes) for layer in (nn.Linear(*pair), nn.ReLU())]


class StyleEncoder(nn.Module):
    """Images to their styles in each domain; keys ``shared.N.*`` and ``unshared.DOMAIN.*``.

    Args:
        img_size: size of the images, a power of two.
        style_dim: features of a style.
        num_domains: number of heads.
        max_conv_dim: largest number of channels.
        img_channels: channels of the images.
        base_channels: channels of the first layer; None for ``2**14 // img_size``.
    """

    def __init__(
        self,
        img_size: int = 256,
        style_dim: int = 64,
        num_domains: int = 2,
        max_conv_dim: int = 512,
        img_channels: int = 3,
        base_channels: int | None = None,
    ) -> None:
        super().__init__()
        base = first_width(img_size, base_channels)
        trunk, dim = downwards(img_channels, base, max_conv_dim, levels(img_size, 4))
        self.shared = nn.Sequential(*trunk)
        self.unshared = nn.ModuleList(nn.Linear(dim, style_dim) for _ in range(num_domains))

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """Return styles ``[N, style_dim]`` of images ``x [N, C, R, R]`` in the domains ``y [N]`` int64."""
        h = self.shared(x).flatten(1)
        return of_domain([head(h) for head in self.unshared], y)


class Discriminator(nn.Module):
    """Images to scores, one per domain; keys ``main.N.*``. Arguments are those of ``StyleEncoder``."""

    def __init__(
        self,
        img_size: int = 256,
        num_domains: int = 2,
        max_conv_dim: int = 512,
        img_channels: int = 3,
        base_channels: int | None = None,
    ) -> None:
        super().__init__()
        base = first_width(img_size, base_channels)
        trunk, dim = downwards(img_channels, base, max_conv_dim, levels(img_size, 4))
        self.main = nn.Sequential(*trunk, nn.Conv2d(dim, num_domains, 1))

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """Return the scores ``[N]`` of images ``x [N, C, R, R]`` for their domains ``y [N]`` int64."""
        return of_domain(self.main(x).flatten(1), y)


@torch.no_grad()
def initialise(network: nn.Module) -> None:
    """Reinitialise the weights of all convolutions and fully connected layers, and set their biases to 0.

    Source: He et al., Delving Deep into Rectifiers (ICCV 2015), equation 10: variance 2 / fan-in.
    """
    for module in network.modules():
        if isinstance(module, (nn.Conv2d, nn.Linear)):
            nn.init.kaiming_normal_(module.weight, mode="fan_in", nonlinearity="relu")
            if module.bias is not None:
                nn.init.zeros_(module.bias)
