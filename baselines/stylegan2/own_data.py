"""StyleGAN2 on one's own images: a recipe made for the data, and small ones for a first try.

Source: the configuration ``auto`` of StyleGAN2-ADA's published code.
"""

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

from baselines.stylegan2.recipes import ADA, DIGITS, RECIPES, Recipe, alias_free
from baselines.training.settings import unknown

__all__ = ["OWN", "auto", "base", "enough_without_ada"]

CONFIGS = ("stylegan2", "paper256", "paper512", "paper1024", "cifar")  # beside auto


def auto(resolution: int, images: int, devices: int = 1) -> dict[str, Any]:
    """Return the settings for data of a resolution, a number of images, and a number of devices.

    Deviation: the authors always augment; with 100,000 images or more this does not, as they advise.
    """
    batch = max(min(devices * min(4096 // resolution, 32), 64), devices)
    rate = 0.002 if resolution >= 1024 else 0.0025
    recipe = alias_free(
        channel_base=32768 if resolution >= 512 else 16384,
        mbstd_group_size=min(batch // devices, 4),
        mapping_layers=2,
        batch=batch,
        g_lr=rate,
        d_lr=rate,
        r1_gamma=0.0002 * resolution**2 / batch,
        ema_kimg=batch * 10 / 32,
        snapshot_ticks=snapshot_ticks(resolution, devices),
        **({} if enough_without_ada(images) else ADA),
    )
    averaging = {"emas_in_every_pass": True}
    mapping = {**recipe.generator["mapping_kwargs"], "w_avg_beta": 0.995}
    return {**asdict(recipe), **averaging, "generator": {**recipe.generator, "mapping_kwargs": mapping}}


def enough_without_ada(images: int) -> bool:
    """Return whether there are so many images that a discriminator hardly learns them by heart."""
    return images >= 100_000


def snapshot_ticks(resolution: int, devices: int) -> int:
    """Return the ticks between snapshots, fewer for few devices, as StyleGAN3's authors recommend."""
    return max(5, min(50, (5 if resolution >= 1024 else 10) * devices))


def base(cfg: str, given: Mapping[str, Any], resolution: int, images: int, devices: int = 1) -> dict[str, Any]:
    """Return the base configuration of a name in StyleGAN2-ADA's published code, which augments unless told otherwise.

    Raises:
        SettingsError: there is none.
    """
    if cfg == "auto":
        return {**auto(resolution, images, devices), **ADA}
    if cfg not in CONFIGS:
        raise unknown(cfg, ("auto", *CONFIGS), "cfg=")
    return asdict(replace(RECIPES[cfg], **ADA))


def _small(channel_base: int, r1_gamma: float, kimg: float) -> Recipe:
    return replace(
        DIGITS,
        generator={**DIGITS.generator, "channel_base": channel_base, "channel_max": 64},
        discriminator={**DIGITS.discriminator, "channel_base": channel_base},
        kimg=kimg,
        r1_gamma=r1_gamma,
        **ADA,
    )


OWN: Mapping[str, Recipe] = {"small32": _small(1024, 0.5, 400), "small64": _small(2048, 1, 800)}
