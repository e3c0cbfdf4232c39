"""Pure mathematics of the metrics: tensors or arrays in, numbers out."""

from ganbench.functional.frechet import frechet_distance, moments
from ganbench.functional.inception_score import inception_score
from ganbench.functional.manifold import density_coverage, precision_recall
from ganbench.functional.mmd import draw_subsets, kernel_distance, kernel_distances
from ganbench.functional.path import lerp, path_length, slerp

__all__ = [
    "density_coverage",
    "draw_subsets",
    "frechet_distance",
    "inception_score",
    "kernel_distance",
    "kernel_distances",
    "lerp",
    "moments",
    "path_length",
    "precision_recall",
    "slerp",
]
