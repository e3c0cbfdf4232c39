"""How to train StarGAN: the published configurations, and the one of the embedded weights.

Source: Choi et al., StarGAN (CVPR 2018), section 5.3, and the settings that its authors published with their code.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from baselines.stargan.losses import LabelKind
from baselines.training.settings import BatchSize, Betas, Count, Kimg, LearningRate, LossWeight, Pixels, Whole

__all__ = ["RECIPES", "Recipe"]


@dataclass(frozen=True)
class Recipe:
    """All settings of a training run except data and seed.

    Attributes:
        generator: keyword arguments of the generator; the data give channels and labels.
        discriminator: the same of the discriminator.
        labels: ``domain`` where an image is of one domain, ``attributes`` where it has several attributes.
        num_iters: steps of the discriminator.
        num_iters_decay: the last of these steps, in which the learning rates fall to 0.
        lr_update_step: steps with one learning rate.
        kimg: length of the run, in thousands of images shown; None for all steps.
        batch: images in a step.
        g_lr, d_lr: learning rates of Adam.
        betas: of Adam.
        n_critic: steps of the discriminator for one of the generator.
        lambda_cls, lambda_rec, lambda_gp: weights of the losses beside the adversarial one.
        mirror: flip images at random.
        translate: largest random shift in pixels.
        tick_kimg: between two lines of the log.
        snapshot_ticks: ticks between two snapshots.
    """

    generator: Mapping[str, Any] = field(default_factory=dict)
    discriminator: Mapping[str, Any] = field(default_factory=dict)
    labels: LabelKind = "domain"
    num_iters: Count = 200_000
    num_iters_decay: Whole = 100_000
    lr_update_step: Count = 1000
    kimg: Kimg | None = None
    batch: BatchSize = 16
    g_lr: LearningRate = 1e-4
    d_lr: LearningRate = 1e-4
    betas: Betas = (0.5, 0.999)
    n_critic: Count = 5
    lambda_cls: LossWeight = 1
    lambda_rec: LossWeight = 10
    lambda_gp: LossWeight = 10
    mirror: bool = True
    translate: Pixels = 0
    tick_kimg: Kimg = 16
    snapshot_ticks: Count = 10


PAPER = {"conv_dim": 64, "repeat_num": 6}
RECIPES: Mapping[str, Recipe] = {
    "celeba-128": Recipe(PAPER, PAPER, labels="attributes"),
    "rafd-128": Recipe(PAPER, PAPER),
    # The embedded weights: small networks and a larger rate, so that a CPU core trains them in about fifteen minutes.
    # Digits are shifted and not flipped.
    "digits32": Recipe(
        {"conv_dim": 16, "repeat_num": 4},
        {"conv_dim": 32, "repeat_num": 4},
        num_iters=5_000,
        num_iters_decay=2_500,
        lr_update_step=100,
        g_lr=5e-4,
        d_lr=5e-4,
        n_critic=2,
        mirror=False,
        translate=2,
        tick_kimg=1.6,
        snapshot_ticks=10,
    ),
}
