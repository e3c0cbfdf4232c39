"""Training recipes for StyleGAN3: the published configurations, and that of the embedded weights.

Source: Karras et al., Alias-Free Generative Adversarial Networks (NeurIPS 2021), appendix F, and the settings that its
authors published with their code.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from baselines.stylegan2 import recipes as stylegan2
from baselines.training.settings import Kimg, LearningRate, LossWeight, Number, Probability


@dataclass(frozen=True)
class Recipe(stylegan2.Recipe):
    """All settings of a training run except data and seed: StyleGAN2's with other defaults, and three more.

    Attributes:
        magnitude_kimg: half-life of the running magnitudes in the synthesis layers, in thousands of images.
        blur_init_sigma: initial width of the blur in front of the discriminator, in pixels; 0 for no blur.
        blur_fade_kimg: thousands of images over which the blur fades; 0 for no blur.
    """

    g_lr: LearningRate = 0.0025
    ema_rampup: Number | None = 0.05
    r1_gamma: LossWeight = 8.2
    pl_weight: Number = 0
    style_mixing_prob: Probability = 0
    magnitude_kimg: Kimg = 20
    blur_init_sigma: Number = 0
    blur_fade_kimg: Number = 0


T: dict[str, Any] = {
    "z_dim": 512,
    "w_dim": 512,
    "mapping_kwargs": {"num_layers": 2},
    "channel_base": 32768,
    "channel_max": 512,
}
R: dict[str, Any] = {
    **T,
    "channel_base": 65536,
    "channel_max": 1024,
    "conv_kernel": 1,
    "use_radial_filters": True,
}
D: dict[str, Any] = {"channel_base": 32768, "channel_max": 512, "epilogue_kwargs": {"mbstd_group_size": 4}}
BLUR: dict[str, Any] = {"blur_init_sigma": 10, "blur_fade_kimg": 200}
ADA: dict[str, Any] = stylegan2.ADA
# For the short runs that start from pretrained weights.
FINE: dict[str, Any] = {"kimg": 5000, "snapshot_ticks": 10, "ema_rampup": None, "ada_kimg": 100, **ADA}

DIGITS = Recipe(
    {
        "z_dim": 64,
        "w_dim": 64,
        "mapping_kwargs": {"num_layers": 2},
        "num_layers": 6,
        "channel_base": 512,
        "channel_max": 32,
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
    r1_gamma=1.0,  # with 0.2, FID is best halfway through the run and then rises
    ema_kimg=10,
    tick_kimg=1,
    snapshot_ticks=10,
)

# Deviation: the published MetFaces runs started from FFHQ weights; pass those to ``train`` as ``start``.
RECIPES: Mapping[str, Recipe] = {
    "ffhq-1024-t": Recipe(T, D, r1_gamma=32.8, mirror=True),
    "ffhq-1024-r": Recipe(R, D, r1_gamma=32.8, mirror=True, **BLUR),
    "ffhqu-1024-t": Recipe(T, D, r1_gamma=32.8, mirror=True),
    "ffhqu-1024-r": Recipe(R, D, r1_gamma=32.8, mirror=True, **BLUR),
    "ffhqu-256-t": Recipe(
        {**T, "channel_base": 16384},
        {**D, "channel_base": 16384},
        batch=64,
        r1_gamma=1,
        d_lr=0.0025,
        ema_kimg=20,
        mirror=True,
    ),
    "ffhqu-256-r": Recipe(
        {**R, "channel_base": 32768},
        {**D, "channel_base": 16384},
        batch=64,
        r1_gamma=1,
        d_lr=0.0025,
        ema_kimg=20,
        mirror=True,
        blur_init_sigma=10,
        blur_fade_kimg=400,
    ),
    "afhqv2-512-t": Recipe(T, D, r1_gamma=8.2, mirror=True, **ADA),
    "afhqv2-512-r": Recipe(R, D, r1_gamma=16.4, mirror=True, **BLUR, **ADA),
    "metfaces-1024-t": Recipe(T, D, r1_gamma=6.6, mirror=True, **FINE),
    "metfaces-1024-r": Recipe(R, D, r1_gamma=3.3, mirror=True, **FINE),
    "metfacesu-1024-t": Recipe(T, D, r1_gamma=16.4, mirror=True, **FINE),
    "metfacesu-1024-r": Recipe(R, D, r1_gamma=6.6, mirror=True, **FINE),
    # The embedded weights: StyleGAN3-T with fewer layers and channels, float32 throughout. A part of a GPU trains it in
    # ten minutes; with the batch of 16 and 200 kimg of the recipe below, which suit a CPU, FID is nearly three times as
    # high.
    "digits32": replace(DIGITS, translate=2, ema_kimg=20, kimg=400, batch=64, tick_kimg=2, snapshot_ticks=15),
    # StyleGAN3-R of the same depth, to compare the equivariance of the two; see results/claims.md.
    "digits32-r": replace(
        DIGITS,
        generator={
            **DIGITS.generator,
            "channel_base": 1024,
            "channel_max": 64,
            "conv_kernel": 1,
            "use_radial_filters": True,
        },
    ),
}
