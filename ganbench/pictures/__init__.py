"""Pictures from models: samples, grids, truncation sweeps, style mixing, latent walks and translations."""

from ganbench.pictures.sampler import Sampler, inverse_motion
from ganbench.pictures.sheets import animation, picture, png, sheet
from ganbench.pictures.studies import mixing, sweep, walk
from ganbench.pictures.translations import Column, Translations, interpolated, table
from ganbench.pictures.user_images import UserImage, evenly, open_user_images

__all__ = [
    "Column",
    "Sampler",
    "Translations",
    "UserImage",
    "animation",
    "evenly",
    "interpolated",
    "inverse_motion",
    "mixing",
    "open_user_images",
    "picture",
    "png",
    "sheet",
    "sweep",
    "table",
    "walk",
]
