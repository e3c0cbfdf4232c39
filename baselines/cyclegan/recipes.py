"""Training recipes for CycleGAN: the paper's configuration, and that of the embedded weights.

Source: Zhu et al., Unpaired Image-to-Image Translation using Cycle-Consistent Adversarial Networks (ICCV 2017),
sections 4 and 7, and the settings that its authors published with their code.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from baselines.training.settings import BatchSize, Betas, Count, Kimg, LearningRate, LossWeight, Pixels, Whole
from baselines.translation.losses import GANMode
from baselines.translation.schedule import Policy

__all__ = ["RECIPES", "Recipe"]


@dataclass(frozen=True)
class Recipe:
    """All settings of a training run except data and seed.

    Attributes:
        generator: ``netG`` (``resnet`` or ``unet``) and keyword arguments of the generator, except its channels.
        discriminator: ``netD`` (``n_layers`` or ``pixel``) and keyword arguments of the discriminator.
        n_epochs: epochs at the initial learning rate.
        n_epochs_decay: epochs over which the linear policy lowers it to 0.
        kimg: length of the run, in thousands of images of each domain; None for all epochs.
        batch: images of each domain per step.
        lr: learning rate of Adam.
        betas: decay rates of Adam's two moments.
        lr_policy: ``linear``, ``step`` or ``cosine``.
        lr_decay_iters: epochs between two steps of the ``step`` policy.
        gan_mode: ``lsgan``, ``vanilla`` or ``wgangp``.
        gp_lambda: weight of the gradient penalty; 0 in the authors' code, in every mode.
        lambda_A, lambda_B: weights of the cycle losses A to B to A, and B to A to B.
        lambda_identity: weight of the identity loss, relative to those; 0 disables it.
        pool_size: generated images kept for each discriminator.
        load_size, crop_size, mirror, translate: augmentation, as in ``baselines.cyclegan.data.Unpaired``.
        tick_kimg: thousands of images between two lines of the log.
        snapshot_ticks: ticks between two snapshots.
    """

    generator: Mapping[str, Any] = field(default_factory=dict)
    discriminator: Mapping[str, Any] = field(default_factory=dict)
    n_epochs: Whole = 100
    n_epochs_decay: Whole = 100
    kimg: Kimg | None = None
    batch: BatchSize = 1
    lr: LearningRate = 0.0002
    betas: Betas = (0.5, 0.999)
    lr_policy: Policy = "linear"
    lr_decay_iters: Count = 50
    gan_mode: GANMode = "lsgan"
    gp_lambda: LossWeight = 0
    lambda_A: LossWeight = 10  # noqa: N815, the name in the paper's code
    lambda_B: LossWeight = 10  # noqa: N815
    lambda_identity: LossWeight = 0.5
    pool_size: Pixels = 50
    load_size: Pixels = 286
    crop_size: Pixels = 256
    mirror: bool = True
    translate: Pixels = 0
    tick_kimg: Kimg = 1
    snapshot_ticks: Count = 5


RECIPES: Mapping[str, Recipe] = {
    # Zhu et al. (ICCV 2017), section 4 and 7.1: nine blocks for 256 pixels.
    "horse2zebra-256": Recipe(
        {"netG": "resnet", "ngf": 64, "n_blocks": 9, "norm": "instance"},
        {"netD": "n_layers", "ndf": 64, "n_layers": 3, "norm": "instance"},
    ),
    # The embedded weights: small networks and larger batches, so that one CPU core trains them in about ten minutes.
    "digits32": Recipe(
        {"netG": "resnet", "ngf": 16, "n_blocks": 4, "norm": "instance"},
        {"netD": "n_layers", "ndf": 32, "n_layers": 2, "norm": "instance"},
        n_epochs=150,
        n_epochs_decay=150,
        batch=4,
        lr=0.0005,
        lambda_identity=0,  # as in most of the paper: the loss preserves colours, and digits have none
        load_size=0,
        crop_size=0,
        mirror=False,
        translate=2,
        tick_kimg=1,
        snapshot_ticks=5,
    ),
}
