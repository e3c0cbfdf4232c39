"""StyleGAN on one's own images: a recipe made for the data, and small ones for a first try.

Source: the batch sizes that the authors published with their code for 1, 2, 4 and 8 GPUs.
"""

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

from baselines.stylegan1.recipes import DIGITS, RATES, SIZES, Recipe

__all__ = ["BATCHES", "OWN", "auto"]

# By the number of GPUs: the batch size, and those of resolutions below.
BATCHES: Mapping[int, tuple[int, dict[str, int]]] = {
    1: (4, {"4": 128, "8": 128, "16": 128, "32": 64, "64": 32, "128": 16, "256": 8, "512": 4}),
    2: (8, {"4": 256, "8": 256, "16": 128, "32": 64, "64": 32, "128": 16, "256": 8}),
    4: (16, {"4": 512, "8": 256, "16": 128, "32": 64, "64": 32, "128": 16}),
    8: (32, {"4": 512, "8": 256, "16": 128, "32": 64, "64": 32}),
}


def auto(resolution: int, images: int, devices: int = 1) -> dict[str, Any]:
    """Return the settings for a number of devices: those of the nearest number below that has published ones."""
    batch, batches = BATCHES[max(count for count in BATCHES if count <= max(devices, 1))]
    return asdict(Recipe(SIZES, batch=batch, batches=batches, g_lrs=RATES, d_lrs=RATES, tick_kimg=20))


OWN: Mapping[str, Recipe] = {
    "small32": replace(DIGITS, translate=0),
    "small64": replace(DIGITS, kimg=600, training_kimg=30, transition_kimg=30, batches={"8": 32, "16": 32}),
}
