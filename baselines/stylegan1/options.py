"""The names that the official program of StyleGAN gives to the settings of a recipe.

Source: as of ``baselines.training.growing_options``.
"""

from collections.abc import Mapping

from baselines.training.growing_options import GROWING
from baselines.training.options import Option, same
from baselines.training.settings import Count

__all__ = ["OPTIONS"]

OPTIONS: Mapping[str, Option] = {
    **GROWING,
    "G_smoothing_kimg": same("ema_kimg"),
    "mapping_layers": same("generator.mapping_kwargs.num_layers", kind=Count),
}
