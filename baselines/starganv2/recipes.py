"""How to train StarGAN v2: the published configurations, and the one of the embedded weights.

Source: Choi et al., StarGAN v2: Diverse Image Synthesis for Multiple Domains (CVPR 2020), appendix B, and the settings
that its authors published with their code.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from baselines.training.settings import (
    BatchSize,
    Betas,
    Count,
    Features,
    Kimg,
    LearningRate,
    LossWeight,
    Number,
    Probability,
    Range,
)

__all__ = ["RECIPES", "Recipe"]

Areas = Annotated[tuple[float, float], Range(0, 1, above=True)]
Ratios = Annotated[tuple[float, float], Range(0, 100, above=True)]


@dataclass(frozen=True)
class Recipe:
    """All settings of a training run except data and seed.

    Attributes:
        style_dim: features of a style.
        latent_dim: features of z.
        hidden_dim: features between the layers of the mapping network.
        base_channels: of every network's first layer; None for the published ones of that size of image.
        max_conv_dim: the most channels in a layer of generator, style encoder and discriminator.
        encoder_conv_dim: the most channels in a layer of the style encoder; None for ``max_conv_dim``.
        bottleneck: size of the generator's smallest feature maps; None for the published ones.
        w_hpf: of the high-pass skip, which needs masks; 0 for none.
        kimg: length of the run, in thousands of real source images shown.
        batch: source images in a step.
        lr: learning rate of generator, style encoder and discriminator.
        f_lr: of the mapping network.
        betas: of Adam.
        weight_decay: added to the gradient (not AdamW's).
        ema_beta: share of the averaged networks kept at a step.
        lambda_reg, lambda_sty, lambda_ds, lambda_cyc: weights of the losses beside the adversarial one.
        ds_iter: steps in which the diversity's weight falls to 0.
        crop_prob: probability that an image is cropped before it is shown.
        crop_scale: range of the area that is kept.
        crop_ratio: range of its width over its height.
        mirror: flip images at random.
        tick_kimg: between two lines of the log.
        snapshot_ticks: ticks between two snapshots.
    """

    style_dim: Features = 64
    latent_dim: Features = 16
    hidden_dim: Features = 512
    base_channels: Features | None = None
    max_conv_dim: Features = 512
    encoder_conv_dim: Features | None = None
    bottleneck: Features | None = None
    w_hpf: Number = 0
    kimg: Kimg = 800
    batch: BatchSize = 8
    lr: LearningRate = 1e-4
    f_lr: LearningRate = 1e-6
    betas: Betas = (0.0, 0.99)
    weight_decay: LossWeight = 1e-4
    ema_beta: Probability = 0.999
    lambda_reg: LossWeight = 1
    lambda_sty: LossWeight = 1
    lambda_ds: LossWeight = 1
    lambda_cyc: LossWeight = 1
    ds_iter: Count = 100_000
    crop_prob: Probability = 0.5
    crop_scale: Areas = (0.8, 1.0)
    crop_ratio: Ratios = (0.9, 1.1)
    mirror: bool = True
    tick_kimg: Kimg = 0.8
    snapshot_ticks: Count = 100


RECIPES: Mapping[str, Recipe] = {
    "celebahq-256": Recipe(w_hpf=1, lambda_ds=1),
    "afhq-256": Recipe(lambda_ds=2),
    # The embedded weights: small networks, so that two CPU cores train them in about an hour. Digits are not flipped,
    # nor cropped, which would cut their strokes. Styles of a few numbers and a generator that halves the images but
    # once leave the source something to say: with more, the style encoder describes whole digits, which are simple,
    # and the cycle, which also counts for more here, would no longer need the source.
    "digits32": Recipe(
        style_dim=4,
        latent_dim=4,
        hidden_dim=64,
        base_channels=16,
        max_conv_dim=64,
        bottleneck=16,
        kimg=120,
        batch=16,
        lr=1e-3,
        f_lr=1e-4,
        lambda_cyc=3,
        ds_iter=7500,
        crop_prob=0,
        mirror=False,
        tick_kimg=1,
        snapshot_ticks=10,
    ),
}
