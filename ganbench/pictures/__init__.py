"""Pictures of what a generator makes: samples, grids, truncation sweeps, style mixing and latent walks."""

from ganbench.pictures.sampler import Sampler, inverse_motion
from ganbench.pictures.sheets import animation, picture, png, sheet
from ganbench.pictures.studies import mixing, sweep, walk

__all__ = ["Sampler", "animation", "inverse_motion", "mixing", "picture", "png", "sheet", "sweep", "walk"]
