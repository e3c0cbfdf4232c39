"""StyleGAN2's generator and discriminator, with the published keyword and ``state_dict`` names.

Source: Karras et al., Analyzing and Improving the Image Quality of StyleGAN (CVPR 2020); Karras et al., Training
Generative Adversarial Networks with Limited Data (NeurIPS 2020).
"""

from collections.abc import Mapping
from typing import Any, ClassVar

from torch import Tensor, nn

from baselines.stylegan2.discriminator import Discriminator, MinibatchStdLayer
from baselines.stylegan2.mapping import MappingNetwork
from baselines.stylegan2.synthesis import FourierSynthesisNetwork, SynthesisNetwork

__all__ = ["Discriminator", "FourierGenerator", "Generator", "MappingNetwork", "MinibatchStdLayer", "SynthesisNetwork"]


class Generator(nn.Module):
    """Latents and labels to images; keys: ``mapping.*`` and ``synthesis.*``.

    Args:
        mapping_kwargs: keyword arguments of ``MappingNetwork``.
        synthesis_kwargs: keyword arguments of ``SynthesisNetwork``, as in StyleGAN2-ADA.
        synthesis_settings: the same as plain keyword arguments, as in the StyleGAN3 repository.

    Deviation: the defaults of ``num_fp16_res``, ``conv_clamp`` and ``w_avg_beta`` are those of the StyleGAN3
    repository; StyleGAN2-ADA's own are 0, None and 0.995.
    """

    synthesis_class: ClassVar[type[SynthesisNetwork]] = SynthesisNetwork

    def __init__(
        self,
        z_dim: int,
        c_dim: int,
        w_dim: int,
        img_resolution: int,
        img_channels: int,
        mapping_kwargs: Mapping[str, Any] | None = None,
        synthesis_kwargs: Mapping[str, Any] | None = None,
        **synthesis_settings: Any,
    ) -> None:
        super().__init__()
        self.z_dim, self.c_dim, self.w_dim = z_dim, c_dim, w_dim
        self.img_resolution, self.img_channels = img_resolution, img_channels
        settings = {**(synthesis_kwargs or {}), **synthesis_settings}
        self.synthesis = self.synthesis_class(w_dim, img_resolution, img_channels, **settings)
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


class FourierGenerator(Generator):
    """``Generator`` whose synthesis starts from Fourier features, so that its images can be moved.

    Source: Karras et al., Alias-Free Generative Adversarial Networks (NeurIPS 2021), figure 3, configuration B.
    """

    synthesis_class: ClassVar[type[SynthesisNetwork]] = FourierSynthesisNetwork

    def set_transform(self, matrix: Tensor) -> None:
        """Set the transform of the sampling positions: the inverse of the image's own transform.

        Args:
            matrix: ``[3, 3]``, in image widths, which becomes part of the saved state; or ``[N, 3, 3]``, one per image
                of the following batches, which does not.
        """
        self.synthesis.blocks()[0].input.set_transform(matrix)
