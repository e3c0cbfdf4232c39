"""StarGAN on one's own images: small recipes for a first try, with the augmentation of the paper."""

from collections.abc import Mapping
from dataclasses import replace

from baselines.stargan.recipes import RECIPES, Recipe

__all__ = ["OWN"]

DIGITS = RECIPES["digits32"]
SMALL = replace(DIGITS, generator={"conv_dim": 32, "repeat_num": 4}, mirror=True, translate=0)
OWN: Mapping[str, Recipe] = {
    "small32": SMALL,
    "small64": replace(
        SMALL, discriminator={"conv_dim": 32, "repeat_num": 5}, num_iters=20_000, num_iters_decay=10_000
    ),
}
