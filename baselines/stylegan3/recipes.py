"""How to train StyleGAN3: the published configurations, and the one of the embedded weights.

Source: Karras et al., Alias-Free Generative Adversarial Networks (NeurIPS 2021), appendix F, and the settings that its
authors published with their code.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Recipe:
    """All settings of a training run but the data and the seed.

    Attributes:
        generator: keyword arguments of the generator, but for what the data decide.
        discriminator: keyword arguments of the discriminator, likewise.
        kimg: length of the run, in thousands of real images shown.
        batch: images in a step.
        r1_gamma: weight of the R1 penalty.
        r1_interval: the penalty is taken in every such step.
        g_lr, d_lr: learning rates of Adam before the correction for lazy regularisation.
        betas: of Adam.
        ema_kimg: half-life of the averaged generator.
        ema_rampup: the half-life is at most this share of the images shown; None for no such bound.
        magnitude_kimg: half-life of the running magnitudes in the synthesis layers.
        blur_init_sigma, blur_fade_kimg: width of the discriminator's initial blur and how long it fades; 0 for none.
        mirror: flip images at random.
        translate: images given to the discriminator, real and generated alike, are shifted by up to so many pixels.
        tick_kimg: between two lines of the log.
        snapshot_ticks: ticks between two snapshots.
    """

    generator: Mapping[str, Any] = field(default_factory=dict)
    discriminator: Mapping[str, Any] = field(default_factory=dict)
    kimg: float = 25000
    batch: int = 32
    r1_gamma: float = 8.2
    r1_interval: int = 16
    g_lr: float = 0.0025
    d_lr: float = 0.002
    betas: tuple[float, float] = (0.0, 0.99)
    ema_kimg: float = 10
    ema_rampup: float | None = 0.05
    magnitude_kimg: float = 20
    blur_init_sigma: float = 0
    blur_fade_kimg: float = 0
    mirror: bool = False
    translate: int = 0
    tick_kimg: float = 4
    snapshot_ticks: int = 50


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

# Deviation: the published -T and -R runs on AFHQv2 and MetFaces also used adaptive discriminator augmentation, which is
# not here, and those on MetFaces went on from FFHQ weights.
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
    "afhqv2-512-t": Recipe(T, D, r1_gamma=8.2, mirror=True),
    "afhqv2-512-r": Recipe(R, D, r1_gamma=16.4, mirror=True, **BLUR),
    "metfaces-1024-t": Recipe(T, D, kimg=5000, r1_gamma=6.6, mirror=True, snapshot_ticks=10, ema_rampup=None),
    "metfaces-1024-r": Recipe(R, D, kimg=5000, r1_gamma=3.3, mirror=True, snapshot_ticks=10, ema_rampup=None),
    "metfacesu-1024-t": Recipe(T, D, kimg=5000, r1_gamma=16.4, mirror=True, snapshot_ticks=10, ema_rampup=None),
    "metfacesu-1024-r": Recipe(R, D, kimg=5000, r1_gamma=6.6, mirror=True, snapshot_ticks=10, ema_rampup=None),
    # The embedded weights: StyleGAN3-T with fewer layers and channels, float32 throughout, so that four CPU cores train
    # it in about an hour.
    "digits32": Recipe(
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
        r1_gamma=1.0,  # at 0.2, FID is best after half of the run and then rises again
        ema_kimg=10,
        tick_kimg=1,
        snapshot_ticks=10,
    ),
}
