"""StyleGAN3's generator."""

from typing import Any, cast

import torch
from torch import Tensor, nn

from baselines.ops.fourier_features import SynthesisInput
from baselines.ops.tiles import apart, can_tile, tiled
from baselines.stylegan3.filters import Progression
from baselines.stylegan3.layers import LayerDesign, SynthesisLayer
from baselines.stylegan3.mapping import MappingNetwork

__all__ = ["Generator", "SynthesisNetwork"]


class SynthesisNetwork(nn.Module):
    """Intermediate latents to images: Fourier features, ``num_layers`` layers, and one conversion to RGB.

    Keys: ``input.*``, then ``L{index}_{size}_{channels}.*`` for each layer.

    Source: StyleGAN3 (Karras et al. 2021) section 3, appendix D.1 and F.
    """

    def __init__(
        self,
        w_dim: int,
        img_resolution: int,
        img_channels: int,
        channel_base: int = 32768,
        channel_max: int = 512,
        num_layers: int = 14,
        num_critical: int = 2,
        first_cutoff: float = 2.0,
        first_stopband: float = 2**2.1,
        last_stopband_rel: float = 2**0.3,
        margin_size: int = 10,
        output_scale: float = 0.25,
        num_fp16_res: int = 4,
        **layer_kwargs: Any,
    ) -> None:
        super().__init__()
        self.w_dim = w_dim
        self.num_ws = num_layers + 2
        self.img_resolution = img_resolution
        self.img_channels = img_channels
        self.output_scale = output_scale
        # As many small images as fit a core's cache: larger tiles share the fixed cost of each operation.
        self.tile_size = 4 if img_resolution <= 64 else 1
        self.progression = Progression.design(
            img_resolution,
            img_channels,
            channel_base=channel_base,
            channel_max=channel_max,
            num_layers=num_layers,
            num_critical=num_critical,
            first_cutoff=first_cutoff,
            first_stopband=first_stopband,
            last_stopband_rel=last_stopband_rel,
            margin_size=margin_size,
            num_fp16_res=num_fp16_res,
        )
        p = self.progression
        self.input = SynthesisInput(w_dim, p.channels[0], p.sizes[0], p.sampling_rates[0], p.cutoffs[0])
        self.layer_names: list[str] = []
        for i, (size, channels) in enumerate(zip(p.sizes, p.channels, strict=True)):
            self.layer_names.append(f"L{i}_{size}_{channels}")
            self.add_module(self.layer_names[-1], SynthesisLayer(w_dim, layer_design(p, i, **layer_kwargs)))

    def forward(
        self,
        ws: Tensor,
        noise_mode: str = "const",
        streams: object = None,
        force_fp32: bool = False,
        update_emas: bool = False,
    ) -> Tensor:
        """Return images ``[N, img_channels, img_resolution, img_resolution]``, nominally -1..1, at least float32.

        Args:
            ws: ``[N, num_ws, w_dim]``.
            noise_mode: ignored, because this network has no noise inputs.
            streams: ignored, likewise.
            force_fp32: never use float16.
            update_emas: update the running magnitudes with this batch.

        Raises:
            ValueError: if ``ws`` has a different shape, or N differs from the number of transforms that were set.
        """
        if ws.ndim != 3 or ws.shape[1:] != (self.num_ws, self.w_dim):
            shape = f"[N, {self.num_ws}, {self.w_dim}]"
            raise ValueError(
                f"expected ws of shape {shape}, found {list(ws.shape)}: take them from the mapping network."
            )
        transforms = self.input.transforms_of(len(ws))
        ws = ws.to(self.input.weight.dtype)
        if can_tile(ws) and not update_emas:
            return self.in_tiles(ws, transforms)
        x: Tensor = self.input(ws[:, 0], transforms)
        for layer, w in zip(self.layers(), ws.unbind(1)[1:], strict=True):
            x = layer(x, w, force_fp32=force_fp32, update_emas=update_emas)
        return x.to(ws.dtype).contiguous() * self.output_scale

    @torch.no_grad()
    def observed(self, ws: Tensor, parts: int) -> Tensor:
        """Return images of ``ws [N, num_ws, w_dim]``, and update the running magnitudes with the whole batch.

        Every layer takes the batch in equal parts before the next layer begins, because a layer's magnitude is that of
        the whole batch, and the next layer's input depends on it. Between layers there are the features of the whole
        batch, but nothing else.

        Args:
            ws: intermediate latents.
            parts: number of parts, which divides N.
        """
        pieces = list(ws.to(self.input.weight.dtype).chunk(parts))
        features: list[Tensor] = [self.input(piece[:, 0]) for piece in pieces]
        for index, layer in enumerate(self.layers(), 1):
            layer.observe(features)
            for number, piece in enumerate(pieces):  # in place, so that a part's input is freed with its output made
                features[number] = layer(features[number], piece[:, index])
        return torch.cat([x.to(pieces[0].dtype) for x in features]) * self.output_scale

    def in_tiles(self, ws: Tensor, transforms: Tensor | None) -> Tensor:
        """Return images ``[N, img_channels, img_resolution, img_resolution]``, computed in tiles of the batch.

        Whatever depends only on the weights, or is small, is computed once before the tiles.
        """
        layers = self.layers()
        sizes = [layer.design.num_styles for layer in layers]
        waves = apart(lambda: self.input.waves(ws[:, 0], transforms))
        draw = apart(self.input.prepare)
        styles = apart(
            lambda: torch.cat([layer.styles(w) for layer, w in zip(layers, ws.unbind(1)[1:], strict=True)], 1)
        )
        steps = apart(lambda: [layer.prepare(ws.dtype) for layer in layers])

        def images(waves: Tensor, styles: Tensor) -> Tensor:
            x = draw(waves)
            for step, s in zip(steps, torch.split(styles, sizes, dim=1), strict=True):
                x = step(x, s)
            return x.contiguous() * self.output_scale

        return tiled(images, self.tile_size, waves, styles)

    def layers(self) -> list[SynthesisLayer]:
        """Return the layers after the input, in order."""
        return [cast(SynthesisLayer, self.get_submodule(name)) for name in self.layer_names]


def layer_design(p: Progression, i: int, **layer_kwargs: Any) -> LayerDesign:
    """Return the design of layer ``i``, whose input is the output of layer ``i - 1``."""
    prev = max(i - 1, 0)
    return LayerDesign(
        is_torgb=i == len(p.sizes) - 1,
        is_critically_sampled=p.critical[i],
        use_fp16=p.fp16[i],
        in_channels=p.channels[prev],
        out_channels=p.channels[i],
        in_size=p.sizes[prev],
        out_size=p.sizes[i],
        in_sampling_rate=p.sampling_rates[prev],
        out_sampling_rate=p.sampling_rates[i],
        in_cutoff=p.cutoffs[prev],
        out_cutoff=p.cutoffs[i],
        in_half_width=p.half_widths[prev],
        out_half_width=p.half_widths[i],
        **layer_kwargs,
    )


class Generator(nn.Module):
    """StyleGAN3-T, or StyleGAN3-R with ``conv_kernel=1, use_radial_filters=True`` and twice the channels.

    Keys: ``mapping.*`` and ``synthesis.*``.

    Args:
        mapping_kwargs: keyword arguments of ``MappingNetwork``.
        synthesis_kwargs: keyword arguments of ``SynthesisNetwork``, which passes the rest on to ``LayerDesign``.

    Source: Alias-Free Generative Adversarial Networks (Karras et al. 2021).
    """

    def __init__(
        self,
        z_dim: int,
        c_dim: int,
        w_dim: int,
        img_resolution: int,
        img_channels: int,
        mapping_kwargs: dict[str, Any] | None = None,
        **synthesis_kwargs: Any,
    ) -> None:
        super().__init__()
        self.z_dim = z_dim
        self.c_dim = c_dim
        self.w_dim = w_dim
        self.img_resolution = img_resolution
        self.img_channels = img_channels
        self.synthesis = SynthesisNetwork(w_dim, img_resolution, img_channels, **synthesis_kwargs)
        self.num_ws = self.synthesis.num_ws
        self.mapping = MappingNetwork(z_dim, c_dim, w_dim, self.num_ws, **(mapping_kwargs or {}))

    def forward(
        self,
        z: Tensor,
        c: Tensor | None = None,
        truncation_psi: float = 1.0,
        truncation_cutoff: int | None = None,
        update_emas: bool = False,
        **synthesis_kwargs: Any,
    ) -> Tensor:
        """Return ``synthesis(mapping(z, c))``: images for latents ``[N, z_dim]`` and labels ``[N, c_dim]``."""
        ws = self.mapping(z, c, truncation_psi, truncation_cutoff, update_emas)
        images: Tensor = self.synthesis(ws, update_emas=update_emas, **synthesis_kwargs)
        return images

    def set_transform(self, matrix: Tensor) -> None:
        """Set the transform of the sampling positions: the inverse of the image's own transform.

        Args:
            matrix: ``[3, 3]``, in image widths, which becomes part of the saved state; or ``[N, 3, 3]``, one per image
                of the following batches, which does not.
        """
        self.synthesis.input.set_transform(matrix)
