"""Training recipes for StarGAN v2: the published configurations, and that of the embedded weights.

Source: Choi et al., StarGAN v2: Diverse Image Synthesis for Multiple Domains (CVPR 2020), appendix B, and the settings
that its authors published with their code.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
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
        style_dim: number of features of a style code.
        latent_dim: number of features of z.
        hidden_dim: width of the mapping network's hidden layers.
        base_channels: channels of every network's first layer; None for the published number at that resolution.
        max_conv_dim: maximum channels of a layer of generator, style encoder and discriminator.
        encoder_conv_dim: maximum channels of a layer of the style encoder; None for ``max_conv_dim``.
        bottleneck: height and width of the generator's smallest feature maps, in pixels; None for the published size.
        w_hpf: weight of the high-pass skip, which needs masks; 0 for none.
        kimg: length of the run, in thousands of real source images shown.
        batch: source images per step.
        lr: learning rate of generator, style encoder and discriminator.
        f_lr: learning rate of the mapping network.
        betas: decay rates of Adam's two moments.
        weight_decay: L2 penalty, added to the gradient (not decoupled as in AdamW).
        ema_beta: weight of the old average in one update.
        lambda_reg, lambda_sty, lambda_ds, lambda_cyc: weights of R1 penalty, style reconstruction, diversity and cycle.
        ds_iter: steps over which ``lambda_ds`` falls to 0.
        crop_prob: probability of cropping a training image and enlarging the crop.
        crop_scale: range of the crop's area, as a fraction of the image's.
        crop_ratio: range of the crop's aspect ratio, width over height.
        mirror: whether to flip images left to right with probability 1/2.
        tick_kimg: thousands of images between two lines of the log.
        snapshot_ticks: ticks between two snapshots.
    """

    style_dim: Features = 64
    latent_dim: Features = 16
    hidden_dim: Features = 512
    base_channels: Features | None = None
    max_conv_dim: Features = 512
    encoder_conv_dim: Features | None = None
    bottleneck: Annotated[int, Range(2, 2**16)] | None = None  # of one pixel, instance norm makes 0
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


DIGITS = Recipe(
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
)

RECIPES: Mapping[str, Recipe] = {
    "celebahq-256": Recipe(w_hpf=1, lambda_ds=1),
    "afhq-256": Recipe(lambda_ds=2),
    # The embedded weights: small networks. Digits are neither flipped nor cropped, which would cut their strokes. The
    # style has few features, and the generator halves its input only once, so that the output depends on the source:
    # with more features, the style encoder could describe whole digits, which are simple, and the source would matter
    # no more. For the same reason the cycle loss weighs more, and most in the second part, which starts from the first.
    "digits32": replace(DIGITS, batch=32, lambda_cyc=10, ds_iter=800, kimg=80, ema_beta=0.995),
    "digits32-free": DIGITS,  # the first part
}
