"""Training recipes for Progressive GAN: the published configurations, and that of the embedded weights.

Source: Karras et al., Progressive Growing of GANs (ICLR 2018), appendix A, and the settings that its authors published
with their code.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from baselines.training import growing
from baselines.training.settings import BatchSize, Count, Kimg, LossWeight, Norm, Probability

__all__ = ["RECIPES", "Recipe"]


@dataclass(frozen=True)
class Recipe(growing.Recipe):
    """All settings of a training run except data and seed.

    Attributes:
        gp_lambda, gp_target, epsilon, cond_weight: as in ``baselines.progan.losses.Penalties``.
        g_smoothing: fraction of the averaged generator that a step keeps, whatever the batch size.
    """

    kimg: Kimg = 12000
    batch: BatchSize = 16
    initial_resolution: Count = 4
    gp_lambda: LossWeight = 10
    gp_target: Norm = 1
    epsilon: LossWeight = 0.001
    cond_weight: LossWeight = 1
    g_smoothing: Probability = 0.999


SIZES: dict[str, Any] = {"z_dim": 512}
# What the paper's results of CelebA-HQ and LSUN were trained with, "preset-v1-1gpu" in the published code.
PAPER: dict[str, Any] = {
    "generator": SIZES,
    "discriminator": {"mbstd_group_size": 16},
    "kimg": 19000,
    "batches": {"256": 14, "512": 6, "1024": 3},
    "training_kimg": 800,
    "transition_kimg": 800,
    "mirror": True,
    "tick_kimg": 20,
}
# Later settings that converge faster, "preset-v2", by the number of GPUs that share a batch.
V2: Mapping[int, dict[str, Any]] = {
    1: {
        "batch": 4,
        "batches": {"4": 128, "8": 128, "16": 128, "32": 64, "64": 32, "128": 16, "256": 8, "512": 4},
        "rates": {"1024": 0.0015},
    },
    2: {
        "batch": 8,
        "batches": {"4": 256, "8": 256, "16": 128, "32": 64, "64": 32, "128": 16, "256": 8},
        "rates": {"512": 0.0015, "1024": 0.002},
    },
    4: {
        "batch": 16,
        "batches": {"4": 512, "8": 256, "16": 128, "32": 64, "64": 32, "128": 16},
        "rates": {"256": 0.0015, "512": 0.002, "1024": 0.003},
    },
    8: {
        "batch": 32,
        "batches": {"4": 512, "8": 256, "16": 128, "32": 64, "64": 32},
        "rates": {"128": 0.0015, "256": 0.002, "512": 0.003, "1024": 0.003},
    },
}


def v2(gpus: int, **changes: Any) -> Recipe:
    """Return the later settings for the batches of a number of GPUs."""
    preset = V2[gpus]
    rates = {"g_lrs": preset["rates"], "d_lrs": preset["rates"]}
    return Recipe(SIZES, batch=preset["batch"], batches=preset["batches"], **rates, tick_kimg=20, **changes)


RECIPES: Mapping[str, Recipe] = {
    "celebahq-1024": Recipe(**PAPER),
    # All categories of LSUN were trained alike; those here have a published FID.
    **{f"lsun-{category}-256": Recipe(**PAPER) for category in ("bedroom", "church", "cat")},
    "lsun-256": Recipe(**PAPER),
    **{f"celebahq-1024-v2-{gpus}": v2(gpus, mirror=True) for gpus in V2},
    "cifar10-32": v2(1),
    # The embedded weights: small networks that grow from 4x4 to 32x32, so that one CPU core trains them in an hour.
    "digits32": Recipe(
        {"z_dim": 64, "fmap_base": 256, "fmap_max": 64},
        {"fmap_base": 256, "fmap_max": 64},
        kimg=140,
        batch=16,
        g_lr=0.002,
        d_lr=0.002,
        training_kimg=10,
        transition_kimg=10,
        batches={"4": 32, "8": 32},
        tick_kimg=1,
        snapshot_ticks=5,
    ),
}
