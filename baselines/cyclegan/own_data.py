"""CycleGAN on one's own images: small recipes for a first try, with the augmentation of the paper."""

from collections.abc import Mapping
from dataclasses import replace

from baselines.cyclegan.recipes import RECIPES, Recipe

__all__ = ["OWN"]

DIGITS, PAPER = RECIPES["digits32"], RECIPES["horse2zebra-256"]


def _small(size: int, n_blocks: int) -> Recipe:
    return replace(
        DIGITS,
        generator={**DIGITS.generator, "ngf": 32, "n_blocks": n_blocks},
        lambda_identity=PAPER.lambda_identity,
        load_size=size * 9 // 8,  # as near to the paper's 286 of 256 as multiples of 4 come
        crop_size=size,
        mirror=True,
        translate=0,
    )


OWN: Mapping[str, Recipe] = {"small32": _small(32, 4), "small64": _small(64, 6)}
