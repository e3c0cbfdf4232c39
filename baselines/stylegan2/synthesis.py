"""The synthesis network: intermediate latents to images, in blocks that each double the resolution."""

import math
from collections.abc import Sequence
from itertools import islice
from typing import Any, ClassVar, Literal, Protocol, cast, get_args

import torch
from torch import Tensor, nn

from baselines.ops.fourier_features import SynthesisInput
from baselines.ops.tiles import can_tile, tiled
from baselines.ops.upfirdn2d import setup_filter, upsample2d
from baselines.stylegan2.layers import BINOMIAL, Conv2dLayer, SynthesisLayer, ToRGBLayer

__all__ = ["Architecture", "FourierSynthesisNetwork", "Noise", "SynthesisBlock", "SynthesisNetwork"]

Architecture = Literal["orig", "skip", "resnet"]

SQRT_HALF = math.sqrt(0.5)
TILE_SIZE = 8  # images per tile at low resolutions


def check_architecture(architecture: str) -> None:
    """Raise ``ValueError`` for an unknown architecture."""
    if architecture not in get_args(Architecture):
        raise ValueError(f"unknown architecture {architecture!r}: choose one of orig, skip, resnet.")


class Noise(Protocol):
    """Source of random numbers for each image of a batch."""

    def normal(self, purpose: str, shape: Sequence[int]) -> Tensor:
        """Return standard normal draws ``[N, *shape]``."""
        ...


class SynthesisBlock(nn.Module):
    """The layers at one resolution; the first block starts from a learned constant, or from Fourier features.

    Source: Karras et al. (CVPR 2020), figure 7.
    """

    layer_class: ClassVar[type[SynthesisLayer]] = SynthesisLayer
    resample_filter: Tensor

    def __init__(
        self,
        in_channels: int,  # 0 for the first block
        out_channels: int,
        w_dim: int,
        resolution: int,
        img_channels: int,
        is_last: bool,
        architecture: Architecture = "skip",
        resample_filter: Sequence[int] = BINOMIAL,
        conv_clamp: float | None = 256,
        use_fp16: bool = False,
        fp16_channels_last: bool = False,
        tensorflow: bool = False,
        fourier_features: bool = False,
        **layer_kwargs: Any,
    ) -> None:
        super().__init__()
        check_architecture(architecture)
        self.in_channels, self.resolution, self.architecture = in_channels, resolution, architecture
        self.use_fp16, self.fp16_channels_last = use_fp16, fp16_channels_last
        self.num_conv = 1 if in_channels == 0 else 2
        self.num_torgb = int(is_last or architecture == "skip")
        self.register_buffer("resample_filter", setup_filter(resample_filter))
        shared: dict[str, Any] = {"w_dim": w_dim, "conv_clamp": conv_clamp, "tensorflow": tensorflow}
        filtered = {**shared, "resolution": resolution, "resample_filter": resample_filter, **layer_kwargs}
        if in_channels == 0 and fourier_features:
            # Every frequency that this many samples can hold, and no function of w, as in configuration B.
            self.input = SynthesisInput(0, out_channels, resolution, resolution, resolution / 2)
        elif in_channels == 0:
            self.const = nn.Parameter(torch.randn(out_channels, resolution, resolution))
        else:
            self.conv0 = self.layer_class(in_channels, out_channels, up=2, **filtered)
        self.conv1 = self.layer_class(out_channels, out_channels, **filtered)
        if self.num_torgb:
            self.torgb = ToRGBLayer(out_channels, img_channels, **shared)
        if in_channels != 0 and architecture == "resnet":
            self.skip = Conv2dLayer(in_channels, out_channels, 1, bias=False, up=2, resample_filter=resample_filter)

    def layers(self) -> list[SynthesisLayer | ToRGBLayer]:
        """Return the layers that take a style, in order."""
        first = [] if self.in_channels == 0 else [self.conv0]
        return [*first, self.conv1, self.torgb] if self.num_torgb else [*first, self.conv1]

    def enlarged(self, img: Tensor) -> Tensor:
        """Return an image ``[N, C, H, W]`` of twice the size."""
        return upsample2d(img, self.resample_filter)

    def forward(
        self,
        x: Tensor | None,
        img: Tensor | None,
        styles: Sequence[Tensor],
        noise: Sequence[Tensor | None],
        force_fp32: bool = False,
    ) -> tuple[Tensor, Tensor | None]:
        """Return the features ``[N, out_channels, resolution, resolution]``, and the image so far or None.

        Args:
            x: features from the previous block; for the first, Fourier features, or None for the constant.
            img: image from the previous block, or None.
            styles: one tensor for each of ``layers``.
            noise: ``[N, resolution, resolution]`` or None, for each of the ``num_conv`` convolutions.
            force_fp32: never use float16, which is otherwise used except on a CPU if ``use_fp16`` is set.
        """
        count, dtype = len(styles[0]), styles[0].dtype
        half = self.use_fp16 and not force_fp32 and not styles[0].is_cpu
        x = self.const.expand(count, -1, -1, -1) if x is None else x
        x = x.to(
            dtype=torch.float16 if half else dtype,
            memory_format=torch.channels_last if half and self.fp16_channels_last else torch.contiguous_format,
        )
        if self.in_channels == 0:
            x = self.conv1(x, styles[0], noise[0])
        elif self.architecture == "resnet":
            shortcut = self.skip(x, gain=SQRT_HALF)  # keeps the sum of two unit-variance terms at unit variance
            x = self.conv0(x, styles[0], noise[0])
            x = shortcut + self.conv1(x, styles[1], noise[1], gain=SQRT_HALF)
        else:
            x = self.conv0(x, styles[0], noise[0])
            x = self.conv1(x, styles[1], noise[1])
        assert x is not None
        img = None if img is None else self.enlarged(img)
        if self.num_torgb:
            colours = self.torgb(x, styles[-1]).to(dtype=dtype, memory_format=torch.contiguous_format)
            img = colours if img is None else img + colours
        return x, img


class SynthesisNetwork(nn.Module):
    """Intermediate latents to images.

    Keys: ``b4.*``, ``b8.*``, ... by resolution.

    Args:
        channel_base: a resolution has ``channel_base / resolution`` feature maps.
        channel_max: upper bound on the number of feature maps.
        num_fp16_res: number of the highest resolutions that run in float16, except on a CPU.
        fused_modconv_default: ignored; accepted for compatibility with published checkpoints.
        block_kwargs: keyword arguments of ``SynthesisBlock`` and ``SynthesisLayer``: ``architecture``,
            ``resample_filter``, ``conv_clamp``, ``fp16_channels_last``, ``kernel_size``, ``use_noise``, ``activation``
            and ``tensorflow``. The last computes as the original TensorFlow code does, which stores style biases minus
            1, and adds the epsilon of demodulation to the sum of squares of the scaled weights. With
            ``fourier_features``, these replace the learned constant, so that a transform of the input can be set.

    Source: Karras et al. (CVPR 2020), figure 7 and appendix B; for ``fourier_features`` Karras et al., Alias-Free
    Generative Adversarial Networks (NeurIPS 2021), section 3.1 and table of figure 3, configuration B.
    """

    block_class: ClassVar[type[SynthesisBlock]] = SynthesisBlock

    def __init__(
        self,
        w_dim: int,
        img_resolution: int,
        img_channels: int,
        channel_base: int = 32768,
        channel_max: int = 512,
        num_fp16_res: int = 4,
        fused_modconv_default: object = None,
        fourier_features: bool = False,
        **block_kwargs: Any,
    ) -> None:
        super().__init__()
        levels = int(math.log2(img_resolution))
        if img_resolution < 4 or img_resolution != 2**levels:
            raise ValueError(
                f"expected a resolution of 4, 8, 16 and so on, found {img_resolution}: give a power of two."
            )
        self.w_dim, self.img_resolution, self.img_channels = w_dim, img_resolution, img_channels
        self.fourier_features = fourier_features
        self.block_resolutions = [2**level for level in range(2, levels + 1)]
        fp16_resolution = max(2 ** (levels + 1 - num_fp16_res), 8)
        in_channels = 0
        for resolution in self.block_resolutions:
            out_channels = min(channel_base // resolution, channel_max)
            block = self.block_class(
                in_channels,
                out_channels,
                w_dim=w_dim,
                resolution=resolution,
                img_channels=img_channels,
                is_last=resolution == img_resolution,
                use_fp16=resolution >= fp16_resolution,
                fourier_features=fourier_features,
                **block_kwargs,
            )
            self.add_module(f"b{resolution}", block)
            in_channels = out_channels
        self.num_ws = sum(block.num_conv for block in self.blocks()) + 1  # one more for the last torgb

    def blocks(self) -> list[SynthesisBlock]:
        """Return the blocks, lowest resolution first."""
        return [cast(SynthesisBlock, self.get_submodule(f"b{resolution}")) for resolution in self.block_resolutions]

    def forward(
        self,
        ws: Tensor,
        noise_mode: str = "const",
        streams: Noise | None = None,
        force_fp32: bool = False,
        update_emas: bool = False,
    ) -> Tensor:
        """Return images ``[N, img_channels, img_resolution, img_resolution]``, nominally -1..1, at least float32.

        Args:
            ws: ``[N, num_ws, w_dim]``.
            noise_mode: ``"const"`` for the stored noise, ``"random"`` for fresh noise, or ``"none"``.
            streams: source of random noise; None for torch's global generator.
            force_fp32: never use float16.
            update_emas: ignored, because there are no running averages here.

        Raises:
            ValueError: for ``ws`` of the wrong shape, or an unknown noise mode.
        """
        if ws.ndim != 3 or ws.shape[1:] != (self.num_ws, self.w_dim):
            shape = f"[N, {self.num_ws}, {self.w_dim}]"
            raise ValueError(
                f"expected ws of shape {shape}, found {list(ws.shape)}: take them from the mapping network."
            )
        ws = ws.to(self.blocks()[0].conv1.weight.dtype)
        styles, noise, start = self.styles(ws), self.noise(ws, noise_mode, streams), self.start(ws)
        if not can_tile(ws):
            return self.images(styles, *noise, force_fp32=force_fp32, start=start)
        # As many small images as fit a core's cache: larger tiles share the fixed cost of each operation.
        size = TILE_SIZE if self.img_resolution <= 64 else 1
        return tiled(lambda x, *rest: self.images(*rest, start=x), size, start, styles, *noise)

    def start(self, ws: Tensor) -> Tensor | None:
        """Return the Fourier features ``[N, C, 4, 4]``, or None for the learned constant."""
        first = self.blocks()[0]
        return first.input(ws[:, 0], first.input.transforms_of(len(ws))) if self.fourier_features else None

    def styles(self, ws: Tensor) -> Tensor:
        """Return the styles of all layers, concatenated along dimension 1."""
        found, start = [], 0
        for block in self.blocks():
            # A block's torgb shares its w with the next block's first convolution.
            found += [layer.styles(ws[:, start + index]) for index, layer in enumerate(block.layers())]
            start += block.num_conv
        return torch.cat(found, dim=1)

    def images(
        self, styles: Tensor, *noise: Tensor | None, force_fp32: bool = False, start: Tensor | None = None
    ) -> Tensor:
        """Return images of the whole batch.

        Args:
            styles: from ``styles``.
            noise: noise of every convolution, in order.
            force_fp32: never use float16.
            start: from ``start``.
        """
        x = start
        img: Tensor | None = None
        channels = [layer.num_styles for block in self.blocks() for layer in block.layers()]
        style, draws = iter(torch.split(styles, channels, dim=1)), iter(noise)
        for block in self.blocks():
            own = list(islice(style, len(block.layers())))
            x, img = block(x, img, own, list(islice(draws, block.num_conv)), force_fp32)
        assert img is not None, "the last block makes an image"
        return img

    def noise(self, ws: Tensor, noise_mode: str, streams: Noise | None) -> list[Tensor | None]:
        """Return the noise of every convolution except the torgb layers', each ``[N, H, W]`` or None."""
        layers = {name: module for name, module in self.named_modules() if isinstance(module, SynthesisLayer)}
        if noise_mode not in ("const", "random", "none"):
            raise ValueError(f"unknown noise mode {noise_mode!r}: choose one of const, random, none.")
        return [
            None if noise_mode == "none" or not layer.use_noise else _noise(layer, name, noise_mode, streams, ws)
            for name, layer in layers.items()
        ]


class FourierSynthesisNetwork(SynthesisNetwork):
    """``SynthesisNetwork`` with Fourier features by default."""

    def __init__(
        self, w_dim: int, img_resolution: int, img_channels: int, fourier_features: bool = True, **settings: Any
    ) -> None:
        super().__init__(w_dim, img_resolution, img_channels, fourier_features=fourier_features, **settings)


def _noise(layer: SynthesisLayer, name: str, noise_mode: str, streams: Noise | None, ws: Tensor) -> Tensor:
    """Return the noise ``[N, H, W]`` of one layer."""
    if noise_mode == "const":
        return layer.noise_const.expand(len(ws), -1, -1)
    shape = list(layer.noise_const.shape)
    if streams is None:
        return torch.randn([len(ws), *shape], dtype=ws.dtype, device=ws.device)
    return streams.normal(f"noise/{name}", shape).to(ws)
