"""Pictures of what a model makes: samples, grids, sweeps, style mixing, latent walks and translations."""

from ganbench.pictures.originals import Original, evenly, originals
from ganbench.pictures.sampler import Sampler, inverse_motion
from ganbench.pictures.sheets import animation, picture, png, sheet
from ganbench.pictures.studies import mixing, sweep, walk
from ganbench.pictures.translations import Column, Translations, table, walked

__all__ = [
    "Column",
    "Original",
    "Sampler",
    "Translations",
    "animation",
    "evenly",
    "inverse_motion",
    "mixing",
    "originals",
    "picture",
    "png",
    "sheet",
    "sweep",
    "table",
    "walk",
    "walked",
]
