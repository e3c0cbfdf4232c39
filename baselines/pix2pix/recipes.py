"""Training recipes for pix2pix: those of the paper, and that of the embedded weights.

Source: Isola et al., Image-to-Image Translation with Conditional Adversarial Networks (CVPR 2017), sections 3.3, 6.1
and 6.2, and the settings that its authors published with their PyTorch code.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from baselines.training.settings import LossWeight
from baselines.translation.losses import GANMode
from baselines.translation.settings import EpochRecipe

__all__ = ["RECIPES", "Recipe"]


@dataclass(frozen=True)
class Recipe(EpochRecipe):
    """All settings of a training run except data and seed.

    Attributes:
        gan_mode: ``vanilla`` or ``lsgan``.
        lambda_L1: weight of the distance from the ground truth.
    """

    gan_mode: GANMode = "vanilla"
    lambda_L1: LossWeight = 100  # noqa: N815, the name in the authors' code


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
