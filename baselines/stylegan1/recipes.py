"""Training recipes for StyleGAN: the published configurations, and that of the embedded weights.

Source: Karras et al., A Style-Based Generator Architecture for Generative Adversarial Networks (CVPR 2019), appendix C,
and the settings that its authors published with their code.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from baselines.stylegan1.losses import DiscriminatorLoss, GeneratorLoss
from baselines.training import growing, stylegan
from baselines.training.augmented import Adaptive
from baselines.training.settings import LossWeight, Norm, Probability

__all__ = ["RECIPES", "Recipe"]


@dataclass(frozen=True)
class Recipe(growing.Recipe, Adaptive, stylegan.Recipe):
    """All settings of a training run except data and seed.

    Attributes:
        g_loss, d_loss: names of the losses.
        r1_gamma, r2_gamma, gp_lambda, gp_target, epsilon: as in ``baselines.stylegan1.losses.Penalties``.
        style_mixing_prob: probability of generating a batch from two latents per image.
    """

    g_loss: GeneratorLoss = "logistic_nonsaturating"
    d_loss: DiscriminatorLoss = "logistic"
    r1_gamma: LossWeight = 10
    r2_gamma: LossWeight = 0
    gp_lambda: LossWeight = 0
    gp_target: Norm = 1
    epsilon: LossWeight = 0
    style_mixing_prob: Probability = 0.9


SIZES: dict[str, Any] = {"z_dim": 512, "w_dim": 512}
BATCHES = {"4": 512, "8": 256, "16": 128, "32": 64, "64": 32}  # over all eight GPUs
RATES = {"128": 0.0015, "256": 0.002, "512": 0.003, "1024": 0.003}
OFFICIAL: dict[str, Any] = {"generator": SIZES, "batches": BATCHES, "g_lrs": RATES, "d_lrs": RATES, "tick_kimg": 20}
WGAN_GP: dict[str, Any] = {
    "g_loss": "wgan",
    "d_loss": "wgan",
    "r1_gamma": 0,
    "gp_lambda": 10,
    "epsilon": 0.001,
}


DIGITS = Recipe(
    {
        "z_dim": 64,
        "w_dim": 64,
        "mapping_kwargs": {"num_layers": 4, "layer_features": 64},
        "fmap_base": 512,
        "fmap_max": 64,
    },
    {"fmap_base": 512, "fmap_max": 64},
    kimg=300,
    batch=16,
    g_lr=0.002,
    d_lr=0.002,
    training_kimg=15,
    transition_kimg=15,
    batches={"8": 32},
    r1_gamma=1,
    ema_kimg=10,
    ema_rampup=0.05,
    tick_kimg=1,
    snapshot_ticks=10,
)


# For a part of a GPU, where larger batches cost such small networks nothing.
LARGE: dict[str, Any] = {"batch": 64, "batches": {}, "g_lr": 0.003, "d_lr": 0.003}


def _short(num_layers: int) -> Recipe:
    """Return a short run of the small networks with some depth of the mapping network."""
    generator = {**DIGITS.generator, "mapping_kwargs": {"num_layers": num_layers, "layer_features": 64}}
    return replace(
        DIGITS,
        **LARGE,
        generator=generator,
        kimg=40,
        training_kimg=8,
        transition_kimg=8,
        tick_kimg=4,
        snapshot_ticks=5,
    )


RECIPES: Mapping[str, Recipe] = {
    "ffhq-1024": Recipe(**OFFICIAL, mirror=True),
    "celebahq-1024": Recipe(**OFFICIAL, mirror=True),
    "celebahq-1024-wgan-gp": Recipe(**OFFICIAL, **WGAN_GP, mirror=True),
    # Of LSUN; cars are 512x384 with black bars.
    "bedroom-256": Recipe(**OFFICIAL, kimg=70000),
    "cat-256": Recipe(**OFFICIAL, kimg=70000),
    "car-512": Recipe(**OFFICIAL, kimg=46000),
    # The embedded weights: small networks that grow from 8x8 to 32x32, which a part of a GPU trains in ten minutes.
    # Styles are not mixed, as mixing makes some digits too rare; see ``weights/README.md``.
    "digits32": replace(DIGITS, **LARGE, style_mixing_prob=0, kimg=320, tick_kimg=2, snapshot_ticks=15),
    # For what the paper claims of the depth of the mapping network, and of style mixing; see results/claims.md.
    "digits32-short": _short(8),
    "digits32-short-1-layer": _short(1),
    "digits32-short-2-layers": _short(2),
}
