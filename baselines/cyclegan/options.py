"""The options of the official program of CycleGAN, as changes of a recipe; see ``baselines.translation.options``."""

from baselines.translation.options import OPTIONS

__all__ = ["OPTIONS"]
