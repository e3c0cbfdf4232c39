"""Progressive GAN on one's own images: a recipe made for the data, and small ones for a first try."""

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

from baselines.progan.recipes import RECIPES, V2, Recipe, v2

__all__ = ["OWN", "auto"]


def auto(resolution: int, images: int, devices: int = 1) -> dict[str, Any]:
    """Return the later published settings for the nearest number of devices below that has them."""
    return asdict(v2(max(count for count in V2 if count <= max(devices, 1))))


DIGITS = RECIPES["digits32"]
OWN: Mapping[str, Recipe] = {
    "small32": DIGITS,
    "small64": replace(DIGITS, kimg=400, training_kimg=25, transition_kimg=25, batches={"4": 32, "8": 32, "16": 32}),
}
