"""The options of the official program of StyleGAN3, as changes of a recipe.

Source: the command line of its ``train.py``.
"""

from collections.abc import Mapping
from typing import Any

from baselines.stylegan2 import options as stylegan2
from baselines.training.options import Asked, Option
from baselines.training.settings import Count

__all__ = ["OPTIONS"]


def _is_rotation(asked: Asked) -> bool:
    """Return whether the recipe is one of StyleGAN3-R, whose generator gets twice the channels that options say."""
    return bool(asked.settings.get("generator", {}).get("use_radial_filters"))


def _channels(name: str) -> Option:
    def translate(asked: Asked) -> dict[str, Any]:
        factor = 2 if _is_rotation(asked) else 1
        return {f"generator.{name}": factor * asked.value, f"discriminator.{name}": asked.value}

    return Option(translate, Count)


OPTIONS: Mapping[str, Option] = {
    **stylegan2.OPTIONS,
    **stylegan2.augmentations(default_p=0.2),
    "cbase": _channels("channel_base"),
    "cmax": _channels("channel_max"),
}
