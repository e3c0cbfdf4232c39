"""StyleGAN3 on one's own images: the recommended recipes, one made for the data, and small ones for a first try.

Source: the recommended training configurations that the authors published with their code, at 128 to 1024 pixels.
"""

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

from baselines.errors import SettingsError
from baselines.stylegan2.own_data import enough_without_ada, snapshot_ticks
from baselines.stylegan3.recipes import ADA, BLUR, DIGITS, D, R, Recipe, T
from baselines.training.settings import BatchSize, check_value, unknown

__all__ = ["OWN", "auto", "base"]

CONFIGS = {"stylegan3-t": "t", "stylegan3-r": "r"}
RESOLUTIONS = (128, 256, 512, 1024)


def gamma(resolution: int) -> float:
    """Return the recommended weight of the R1 penalty, which grows with the number of pixels."""
    return 32 * (resolution / 1024) ** 2


def recommended(kind: str, resolution: int) -> Recipe:
    """Return the recommended recipe of StyleGAN3-T (``t``) or -R (``r``) at a resolution."""
    blur = BLUR if kind == "r" else {}
    return Recipe(R if kind == "r" else T, D, r1_gamma=gamma(resolution), **blur, **ADA)


def auto(resolution: int, images: int, devices: int = 1) -> dict[str, Any]:
    """Return the settings of StyleGAN3-T for data of a resolution, a number of images, and a number of devices."""
    recipe = replace(recommended("t", resolution), snapshot_ticks=snapshot_ticks(resolution, devices))
    if enough_without_ada(images):
        recipe = replace(recipe, augment="", ada_target=None)
    return {**asdict(recipe), "batch_gpu": max(4, min(16, 4096 // resolution))}


def base(cfg: str, given: Mapping[str, Any], resolution: int, images: int, devices: int = 1) -> dict[str, Any]:
    """Return the base configuration of a name in the published code, with what follows there from the batch size.

    Raises:
        SettingsError: there is none, or the weight of the R1 penalty is not given.
    """
    if cfg == "auto":
        return auto(resolution, images, devices)
    if cfg == "stylegan2":
        raise SettingsError("expected a cfg of StyleGAN3, found stylegan2: write --model stylegan2.")
    if cfg not in CONFIGS:
        raise unknown(cfg, CONFIGS, "cfg=")
    if "gamma" not in given and "r1_gamma" not in given:
        raise SettingsError(
            f"expected gamma with cfg {cfg}, which has no default, found none: try --gamma {gamma(resolution):g}."
        )
    recipe, batch = recommended(CONFIGS[cfg], resolution), given.get("batch", 32)
    check_value("batch", batch, BatchSize)
    fade = recipe.blur_fade_kimg * batch / 32
    return asdict(replace(recipe, batch=batch, ema_kimg=batch * 10 / 32, blur_fade_kimg=fade))


def _small(channel_base: int, r1_gamma: float, kimg: float) -> Recipe:
    return replace(
        DIGITS,
        generator={**DIGITS.generator, "channel_base": channel_base, "channel_max": 64},
        discriminator={**DIGITS.discriminator, "channel_base": 2 * channel_base},
        kimg=kimg,
        r1_gamma=r1_gamma,
        **ADA,
    )


OWN: Mapping[str, Recipe] = {
    **{f"{resolution}-{kind}": recommended(kind, resolution) for resolution in RESOLUTIONS for kind in "tr"},
    "small32": _small(512, 0.5, 400),
    "small64": _small(1024, 1, 800),
}
