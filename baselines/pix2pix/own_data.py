"""pix2pix on one's own pairs: small recipes for a first try, with the augmentation of the paper."""

from collections.abc import Mapping
from dataclasses import replace

from baselines.pix2pix.recipes import RECIPES, Recipe

__all__ = ["OWN"]

DIGITS = RECIPES["digits32"]


def _small(size: int) -> Recipe:
    return replace(
        DIGITS,
        generator={**DIGITS.generator, "ngf": 24, "num_downs": size.bit_length() - 1},
        n_epochs=50,
        n_epochs_decay=50,
        load_size=size * 9 // 8,
        crop_size=size,
        mirror=True,
    )


OWN: Mapping[str, Recipe] = {"small32": _small(32), "small64": _small(64)}
