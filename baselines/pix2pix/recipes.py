"""Training recipes for pix2pix: those of the paper, and that of the embedded weights.

Source: Isola et al., Image-to-Image Translation with Conditional Adversarial Networks (CVPR 2017), sections 3.3, 6.1
and 6.2, and the settings that its authors published with their PyTorch code.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from baselines.training.settings import BatchSize, Betas, Count, Kimg, LearningRate, LossWeight, Pixels, Whole
from baselines.translation.losses import GANMode
from baselines.translation.schedule import Policy

__all__ = ["RECIPES", "Recipe"]


@dataclass(frozen=True)
class Recipe:
    """All settings of a training run except data and seed.

    Attributes:
        generator: ``netG`` (``unet`` or ``resnet``) and keyword arguments of the generator, except its channels.
        discriminator: ``netD`` (``n_layers`` or ``pixel``) and keyword arguments of the discriminator.
        n_epochs: epochs at the initial learning rate.
        n_epochs_decay: epochs over which the linear policy lowers it to 0.
        kimg: length of the run, in thousands of pairs; None for all epochs.
        batch: pairs per step.
        lr: learning rate of Adam.
        betas: decay rates of Adam's two moments.
        lr_policy: ``linear``, ``step`` or ``cosine``.
        lr_decay_iters: epochs between two steps of the ``step`` policy.
        gan_mode: ``vanilla`` or ``lsgan``.
        lambda_L1: weight of the distance from the ground truth.
        load_size, crop_size, mirror: augmentation, as in ``baselines.pix2pix.data.Paired``.
        tick_kimg: thousands of pairs between two lines of the log.
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
    gan_mode: GANMode = "vanilla"
    lambda_L1: LossWeight = 100  # noqa: N815, the name in the authors' code
    load_size: Pixels = 286
    crop_size: Pixels = 256
    mirror: bool = True
    tick_kimg: Kimg = 1
    snapshot_ticks: Count = 5


# Section 6.1: "U-Net 256" with dropout in its inner layers, and the 70x70 PatchGAN.
PAPER = Recipe(
    {"netG": "unet", "ngf": 64, "num_downs": 8, "norm": "batch", "use_dropout": True},
    {"netD": "n_layers", "ndf": 64, "n_layers": 3, "norm": "batch"},
)
RECIPES: Mapping[str, Recipe] = {
    # Section 6.2: 200 epochs of single pairs with jitter and mirroring. That the rate falls in the second half is of
    # the authors' PyTorch code.
    "facades-256": PAPER,
    "maps-256": PAPER,
    "cityscapes-256": PAPER,
    # Section 6.2: many pairs, few epochs, batches of four, at one rate.
    "edges2shoes-256": replace(PAPER, n_epochs=15, n_epochs_decay=0, batch=4, tick_kimg=10),
    "day2night-256": replace(PAPER, n_epochs=17, n_epochs_decay=0, batch=4, tick_kimg=10),
    # The embedded weights: a small U-Net, which one CPU core trains in a quarter of an hour. Of five halvings, none is
    # deep enough for dropout.
    "digits32": replace(
        PAPER,
        generator={"netG": "unet", "ngf": 12, "num_downs": 5, "norm": "batch", "use_dropout": True},
        discriminator={"netD": "n_layers", "ndf": 24, "n_layers": 2, "norm": "batch"},
        n_epochs=6,
        n_epochs_decay=6,
        load_size=36,  # the jitter of the paper, as near as it gets
        crop_size=32,
        mirror=False,  # a mirrored digit is none
    ),
}
