"""StarGAN v2 on one's own images: small recipes for a first try, with the augmentation of the paper."""

from collections.abc import Mapping
from dataclasses import replace

from baselines.starganv2.recipes import RECIPES, Recipe

__all__ = ["OWN"]

DIGITS, PAPER = RECIPES["digits32"], RECIPES["afhq-256"]
SMALL = replace(DIGITS, lambda_cyc=PAPER.lambda_cyc, crop_prob=PAPER.crop_prob, mirror=True)
OWN: Mapping[str, Recipe] = {
    "small32": replace(SMALL, style_dim=16, latent_dim=8),
    "small64": replace(SMALL, style_dim=16, latent_dim=8, max_conv_dim=128, kimg=240, ds_iter=15_000),
}
