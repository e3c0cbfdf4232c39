"""The options of the official program of pix2pix, as changes of a recipe; see ``baselines.translation.options``."""

from baselines.translation.options import OPTIONS

__all__ = ["OPTIONS"]
