"""Training recipes for CycleGAN: the paper's configuration, and that of the embedded weights.

Source: Zhu et al., Unpaired Image-to-Image Translation using Cycle-Consistent Adversarial Networks (ICCV 2017),
sections 4 and 7, and the settings that its authors published with their code.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from baselines.training.settings import LossWeight, Pixels
from baselines.translation.losses import GANMode
from baselines.translation.settings import EpochRecipe

__all__ = ["RECIPES", "Recipe"]


@dataclass(frozen=True)
class Recipe(EpochRecipe):
    """All settings of a training run except data and seed.

    Attributes:
        gan_mode: ``lsgan``, ``vanilla`` or ``wgangp``.
        gp_lambda: weight of the gradient penalty; 0 in the authors' code, in every mode.
        lambda_A, lambda_B: weights of the cycle losses A to B to A, and B to A to B.
        lambda_identity: weight of the identity loss, relative to those; 0 disables it.
        pool_size: generated images kept for each discriminator.
        translate: augmentation, as in ``baselines.cyclegan.data.Unpaired``.
    """

    gan_mode: GANMode = "lsgan"
    gp_lambda: LossWeight = 0
    lambda_A: LossWeight = 10  # noqa: N815, the name in the paper's code
    lambda_B: LossWeight = 10  # noqa: N815
    lambda_identity: LossWeight = 0.5
    pool_size: Pixels = 50
    translate: Pixels = 0


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
