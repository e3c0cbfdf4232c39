"""Training recipes for StyleGAN2: the published configurations, and that of the embedded weights.

Source: Karras et al., Analyzing and Improving the Image Quality of StyleGAN (CVPR 2020), appendix B; Karras et al.,
Training Generative Adversarial Networks with Limited Data (NeurIPS 2020), appendix C and figure 24; and the settings
that the authors published with their code.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from baselines.training import stylegan
from baselines.training.augmented import Adaptive
from baselines.training.settings import Count, LossWeight, Number, Probability

__all__ = ["ADA", "RECIPES", "Recipe"]


@dataclass(frozen=True)
class Recipe(Adaptive, stylegan.Recipe):
    """All settings of a training run except data and seed.

    Attributes:
        r1_gamma: weight of the R1 penalty.
        r1_interval: steps between R1 penalties.
        pl_weight: weight of path length regularisation; 0 disables it.
        pl_interval: steps between path length penalties.
        pl_batch_shrink: factor by which the batch for path lengths is smaller.
        pl_decay: weight of a batch in the running mean of path lengths.
        style_mixing_prob: probability of generating an image from two latents.
        emas_in_every_pass: update ``w_avg`` in every training pass of the generator, as StyleGAN2-ADA does, rather
            than only in the one that trains the discriminator.
    """

    r1_gamma: LossWeight = 10
    r1_interval: Count = 16
    pl_weight: Number = 2
    pl_interval: Count = 4
    pl_batch_shrink: Count = 2
    pl_decay: Probability = 0.01
    style_mixing_prob: Probability = 0.9
    emas_in_every_pass: bool = False


def _generator(channel_base: int, mapping_layers: int) -> dict[str, Any]:
    return {
        "z_dim": 512,
        "w_dim": 512,
        "mapping_kwargs": {"num_layers": mapping_layers, "w_avg_beta": 0.995},
        "channel_base": channel_base,
        "channel_max": 512,
        "num_fp16_res": 4,
        "conv_clamp": 256,
    }


def _discriminator(channel_base: int, mbstd_group_size: int, **more: Any) -> dict[str, Any]:
    return {
        "channel_base": channel_base,
        "channel_max": 512,
        "num_fp16_res": 4,
        "conv_clamp": 256,
        "epilogue_kwargs": {"mbstd_group_size": mbstd_group_size},
        **more,
    }


ADA: dict[str, Any] = {"augment": "bgc", "ada_target": 0.6}
# For the short runs that start from pretrained weights.
FINE: dict[str, Any] = {"kimg": 5000, "snapshot_ticks": 10, "ema_rampup": None, "ada_kimg": 100, **ADA}


def alias_free(
    channel_base: int = 32768, mbstd_group_size: int = 4, mapping_layers: int = 8, **settings: Any
) -> Recipe:
    """Return settings with the defaults of StyleGAN3's published code, which trains StyleGAN2 as well."""
    generator = _generator(channel_base, mapping_layers)
    generator["mapping_kwargs"] = {"num_layers": mapping_layers}
    return Recipe(generator, _discriminator(channel_base, mbstd_group_size), **{"ema_rampup": 0.05, **settings})


DIGITS = Recipe(
    {
        "z_dim": 64,
        "w_dim": 64,
        "mapping_kwargs": {"num_layers": 4},
        "channel_base": 1024,
        "channel_max": 48,
        "num_fp16_res": 0,
        "conv_clamp": None,
    },
    {
        "channel_base": 1024,
        "channel_max": 64,
        "num_fp16_res": 0,
        "conv_clamp": None,
        "epilogue_kwargs": {"mbstd_group_size": 4},
    },
    kimg=200,
    batch=16,
    r1_gamma=1.0,
    ema_kimg=10,
    ema_rampup=0.05,
    tick_kimg=1,
    snapshot_ticks=10,
)

# Configuration F at 1024x1024, in mixed precision and without augmentation.
CONFIG_F = Recipe(_generator(32768, 8), _discriminator(32768, 4), r1_gamma=10, emas_in_every_pass=True)

RECIPES: Mapping[str, Recipe] = {
    "stylegan2": CONFIG_F,
    # The same on LSUN (tables 1 and 3 of the paper); cars are 512x384 with black bars, as of center-crop-wide.
    "lsun-car-512": replace(CONFIG_F, kimg=57000),
    "lsun-cat-256": replace(CONFIG_F, kimg=88000),
    "lsun-church-256": replace(CONFIG_F, kimg=88000, r1_gamma=100),
    "lsun-horse-256": replace(CONFIG_F, kimg=100000, r1_gamma=100),
    "paper256": Recipe(
        _generator(16384, 8),
        _discriminator(16384, 8),
        batch=64,
        r1_gamma=1,
        g_lr=0.0025,
        d_lr=0.0025,
        ema_kimg=20,
        emas_in_every_pass=True,
        **ADA,
    ),
    "paper512": Recipe(
        _generator(32768, 8),
        _discriminator(32768, 8),
        batch=64,
        r1_gamma=0.5,
        g_lr=0.0025,
        d_lr=0.0025,
        ema_kimg=20,
        emas_in_every_pass=True,
        **ADA,
    ),
    "paper1024": Recipe(
        _generator(32768, 8),
        _discriminator(32768, 4),
        r1_gamma=2,
        emas_in_every_pass=True,
        **ADA,
    ),
    "cifar": Recipe(
        _generator(32768, 2),
        _discriminator(32768, 32, architecture="orig"),
        kimg=100000,
        batch=64,
        r1_gamma=0.01,
        g_lr=0.0025,
        d_lr=0.0025,
        ema_kimg=500,
        ema_rampup=0.05,
        pl_weight=0,
        style_mixing_prob=0,
        emas_in_every_pass=True,
        **ADA,
    ),
    # StyleGAN2 in StyleGAN3's paper (Karras et al., NeurIPS 2021), with the settings that its authors published; those
    # of MetFaces start from the weights of FFHQ (``--from``).
    "ffhq-1024": alias_free(r1_gamma=10, mirror=True),
    "ffhqu-1024": alias_free(r1_gamma=10, mirror=True),
    "ffhqu-256": alias_free(16384, 8, batch=64, r1_gamma=1, g_lr=0.0025, d_lr=0.0025, ema_kimg=20, mirror=True),
    "afhqv2-512": alias_free(r1_gamma=5, mirror=True, **ADA),
    "metfaces-1024": alias_free(r1_gamma=5, mirror=True, **FINE),
    "metfacesu-1024": alias_free(r1_gamma=10, mirror=True, **FINE),
    # The embedded weights: fewer channels, float32 throughout, so that a core of a CPU trains it in about an hour. With
    # mixed styles, it is the mixtures that have the data's shares of digits, and other samples have too few eights.
    "digits32": replace(DIGITS, style_mixing_prob=0, translate=2, ema_kimg=20),
    # Configuration B of StyleGAN3's paper, to compare the equivariance of the two; see results/claims.md.
    "digits32-fourier": replace(DIGITS, generator={**DIGITS.generator, "fourier_features": True}),
}
