"""The discriminator of StyleGAN2, StyleGAN2-ADA and StyleGAN3, with the published keyword and ``state_dict`` names.

Source: Karras et al., Analyzing and Improving the Image Quality of StyleGAN (CVPR 2020), section 4 and appendix B;
Karras et al., Training Generative Adversarial Networks with Limited Data (NeurIPS 2020), appendix C.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from baselines.ops.linear import FullyConnectedLayer
from baselines.ops.progressive import check_divides
from baselines.ops.upfirdn2d import downsample2d, setup_filter
from baselines.stylegan2.layers import BINOMIAL, Conv2dLayer
from baselines.stylegan2.mapping import MappingNetwork
from baselines.stylegan2.synthesis import SQRT_HALF, Architecture, check_architecture

__all__ = ["Discriminator", "DiscriminatorBlock", "DiscriminatorEpilogue", "MinibatchStdLayer"]


class DiscriminatorBlock(nn.Module):
    """Two convolutions that halve the resolution, with RGB input and residual path as the architecture requires."""

    resample_filter: Tensor

    def __init__(
        self,
        in_channels: int,  # 0 for the first block
        tmp_channels: int,
        out_channels: int,
        resolution: int,
        img_channels: int,
        first_layer_idx: int,
        architecture: Architecture = "resnet",
        activation: str = "lrelu",
        resample_filter: Sequence[int] = BINOMIAL,
        conv_clamp: float | None = None,
        use_fp16: bool = False,
        fp16_channels_last: bool = False,
        freeze_layers: int = 0,
    ) -> None:
        super().__init__()
        check_architecture(architecture)
        self.architecture, self.resolution, self.in_channels = architecture, resolution, in_channels
        self.use_fp16, self.fp16_channels_last = use_fp16, fp16_channels_last
        self.register_buffer("resample_filter", setup_filter(resample_filter))
        self.num_layers = 0

        def layer(narrow: int, wide: int, kernel: int, **settings: Any) -> Conv2dLayer:
            trainable = first_layer_idx + self.num_layers >= freeze_layers
            self.num_layers += 1
            return Conv2dLayer(narrow, wide, kernel, resample_filter=resample_filter, trainable=trainable, **settings)

        active = {"activation": activation, "conv_clamp": conv_clamp}
        if in_channels == 0 or architecture == "skip":
            self.fromrgb = layer(img_channels, tmp_channels, 1, **active)
        self.conv0 = layer(tmp_channels, tmp_channels, 3, **active)
        self.conv1 = layer(tmp_channels, out_channels, 3, down=2, **active)
        if architecture == "resnet":
            self.skip = layer(tmp_channels, out_channels, 1, bias=False, down=2)

    def forward(self, x: Tensor | None, img: Tensor | None, force_fp32: bool = False) -> tuple[Tensor, Tensor | None]:
        """Return the features at half the resolution, and the image for the next block (None if it needs none)."""
        source = x if x is not None else img
        assert source is not None, "a block needs features or an image"
        half = self.use_fp16 and not force_fp32 and not source.is_cpu
        dtype = torch.float16 if half else self.conv0.weight.dtype
        layout = torch.channels_last if half and self.fp16_channels_last else torch.contiguous_format
        x = None if x is None else x.to(dtype=dtype, memory_format=layout)
        if self.in_channels == 0 or self.architecture == "skip":
            assert img is not None, "the first block and the skip architecture read the image"
            img = img.to(dtype=dtype, memory_format=layout)
            x = self.fromrgb(img) if x is None else x + self.fromrgb(img)
            img = downsample2d(img, self.resample_filter) if self.architecture == "skip" else None
        if self.architecture != "resnet":
            return self.conv1(self.conv0(x)), img
        shortcut = self.skip(x, gain=SQRT_HALF)  # keeps the sum of two unit-variance terms at unit variance
        return shortcut + self.conv1(self.conv0(x), gain=SQRT_HALF), img


class MinibatchStdLayer(nn.Module):
    """Append the standard deviation within groups of images, so that the discriminator can detect mode collapse.

    Raises:
        ValueError: if the group size is less than 1.

    Source: Karras et al. (ICLR 2018), section 3.
    """

    def __init__(self, group_size: int | None, num_channels: int = 1) -> None:
        super().__init__()
        if group_size is not None and group_size < 1:
            raise ValueError(f"expected mbstd_group_size to be at least 1, found {group_size}: raise it.")
        self.group_size, self.num_channels = group_size, num_channels

    def forward(self, x: Tensor) -> Tensor:
        """Return ``[N, C + num_channels, H, W]`` for ``x [N, C, H, W]``.

        Raises:
            ValueError: if N is larger than the group size and not a multiple of it.
        """
        N, C, H, W = x.shape
        group = N if self.group_size is None else min(self.group_size, N)
        if N % group:
            raise ValueError(
                f"expected a batch that divides into groups of {group}, found {N} images: use a multiple of {group}."
            )
        # Strided groups (images N/group apart) are what published weights were trained with.
        y = x.reshape(group, -1, self.num_channels, C // self.num_channels, H, W)
        deviation = ((y - y.mean(0)).square().mean(0) + 1e-8).sqrt().mean([2, 3, 4])
        return torch.cat([x, deviation[:, :, None, None].repeat(group, 1, H, W)], dim=1)


class DiscriminatorEpilogue(nn.Module):
    """Map 4x4 features to logits: minibatch deviation, a convolution, two linear layers and label projection."""

    def __init__(
        self,
        in_channels: int,
        cmap_dim: int,
        resolution: int,
        img_channels: int,
        architecture: Architecture = "resnet",
        mbstd_group_size: int | None = 4,
        mbstd_num_channels: int = 1,
        activation: str = "lrelu",
        conv_clamp: float | None = None,
    ) -> None:
        super().__init__()
        self.cmap_dim, self.architecture = cmap_dim, architecture
        if architecture == "skip":
            self.fromrgb = Conv2dLayer(img_channels, in_channels, 1, activation=activation)
        check_divides(in_channels, mbstd_num_channels=mbstd_num_channels)
        self.mbstd = MinibatchStdLayer(mbstd_group_size, mbstd_num_channels) if mbstd_num_channels > 0 else None
        self.conv = Conv2dLayer(
            in_channels + mbstd_num_channels, in_channels, 3, activation=activation, conv_clamp=conv_clamp
        )
        self.fc = FullyConnectedLayer(in_channels * resolution**2, in_channels, activation=activation)
        self.out = FullyConnectedLayer(in_channels, cmap_dim if cmap_dim > 0 else 1)

    def forward(self, x: Tensor, img: Tensor | None, cmap: Tensor | None) -> Tensor:
        """Return logits ``[N, 1]`` in the parameters' dtype, never float16."""
        x = x.to(self.fc.weight.dtype).contiguous()
        if self.architecture == "skip":
            assert img is not None, "the skip architecture reads the image at every resolution"
            x = x + self.fromrgb(img.to(x.dtype).contiguous())
        return self.logits(x, cmap)

    def logits(self, x: Tensor, cmap: Tensor | None) -> Tensor:
        """Return logits ``[N, 1]`` for 4x4 features ``x [N, in_channels, 4, 4]``."""
        if self.mbstd is not None:
            x = self.mbstd(x)
        x = self.out(self.fc(self.conv(x).flatten(1)))
        if cmap is None:
            return x
        return (x * cmap).sum(1, keepdim=True)


class Discriminator(nn.Module):
    """Discriminator of images ``[N, img_channels, img_resolution, img_resolution]``, -1..1, and labels ``[N, c_dim]``.

    The ``num_fp16_res`` highest resolutions run in float16, but in float32 on a CPU, as officially. With labels,
    the last features are projected onto the mapped label. With ``label_select``, as in StyleGAN2's original code, there
    is one logit per class and the label selects one.

    Deviation: the defaults of ``num_fp16_res`` and ``conv_clamp`` are StyleGAN3's; StyleGAN2-ADA's own are 0 and None.
    """

    def __init__(
        self,
        c_dim: int,
        img_resolution: int,
        img_channels: int,
        architecture: Architecture = "resnet",
        channel_base: int = 32768,
        channel_max: int = 512,
        num_fp16_res: int = 4,
        conv_clamp: float | None = 256,
        cmap_dim: int | None = None,
        block_kwargs: Mapping[str, Any] | None = None,
        mapping_kwargs: Mapping[str, Any] | None = None,
        epilogue_kwargs: Mapping[str, Any] | None = None,
        label_select: bool = False,
    ) -> None:
        super().__init__()
        self.c_dim, self.img_resolution, self.img_channels = c_dim, img_resolution, img_channels
        self.label_select = label_select
        levels = int(math.log2(img_resolution))
        self.block_resolutions = [2**level for level in range(levels, 2, -1)]
        channels = {res: min(channel_base // res, channel_max) for res in [*self.block_resolutions, 4]}
        fp16_resolution = max(2 ** (levels + 1 - num_fp16_res), 8)
        self.cmap_dim = cmap_dim = c_dim if label_select or not c_dim else channels[4] if cmap_dim is None else cmap_dim
        shared: dict[str, Any] = {
            "img_channels": img_channels,
            "architecture": architecture,
            "conv_clamp": conv_clamp,
        }
        first_layer_idx = 0
        for res in self.block_resolutions:
            block = DiscriminatorBlock(
                channels[res] if res < img_resolution else 0,
                channels[res],
                channels[res // 2],
                resolution=res,
                first_layer_idx=first_layer_idx,
                use_fp16=res >= fp16_resolution,
                **(block_kwargs or {}),
                **shared,
            )
            self.add_module(f"b{res}", block)
            first_layer_idx += block.num_layers
        self.mapping = (
            MappingNetwork(0, c_dim, cmap_dim, None, **{"w_avg_beta": None, **(mapping_kwargs or {})})
            if c_dim > 0 and not label_select
            else None
        )
        self.b4 = DiscriminatorEpilogue(channels[4], cmap_dim, resolution=4, **(epilogue_kwargs or {}), **shared)

    def forward(
        self, img: Tensor, c: Tensor | None = None, update_emas: bool = False, force_fp32: bool = False
    ) -> Tensor:
        """Return logits ``[N, 1]`` float32, larger for images that look real; ``update_emas`` is ignored."""
        x, image = None, img
        for res in self.block_resolutions:
            x, image = self.get_submodule(f"b{res}")(x, image, force_fp32=force_fp32)
        logits: Tensor = self.b4(x, image, self.projection(c))
        return logits

    def projection(self, c: Tensor | None) -> Tensor | None:
        """Return the vector ``[N, cmap_dim]`` onto which the last features are projected; None without labels."""
        if self.c_dim == 0:
            return None
        assert c is not None, "a conditional discriminator needs labels"
        return c if self.mapping is None else self.mapping(None, c) / math.sqrt(self.cmap_dim)
