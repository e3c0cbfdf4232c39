"""The names that the official program of Progressive GAN gives to the settings of a recipe.

Source: as of ``baselines.training.growing_options``.
"""

from collections.abc import Mapping

from baselines.training.growing_options import GROWING
from baselines.training.options import Option, same

__all__ = ["OPTIONS"]

OPTIONS: Mapping[str, Option] = {**GROWING, "G_smoothing": same("g_smoothing")}
