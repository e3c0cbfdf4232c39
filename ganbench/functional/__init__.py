"""Pure mathematics of the metrics: tensors or arrays in, numbers out."""

from ganbench.functional.affine import affine_lowpass_filter, affine_transform, pseudo_rotate, rotate, rotation_matrix
from ganbench.functional.frechet import frechet_distance, moments
from ganbench.functional.gaussian_mmd import gaussian_mmd
from ganbench.functional.inception_score import inception_score
from ganbench.functional.infinity import extrapolate, random_subsets, subset_sizes
from ganbench.functional.lpips import lpips_distance, lpips_embedding, mean_pairwise_distance
from ganbench.functional.manifold import density_coverage, precision_recall
from ganbench.functional.mmd import draw_subsets, kernel_distance, kernel_distances
from ganbench.functional.mmd_error import kernel_distance_error
from ganbench.functional.neighbours import memorization, memorization_distance
from ganbench.functional.path import lerp, path_length, path_length_error, slerp
from ganbench.functional.psnr import equivariance_psnr, psnr
from ganbench.functional.segmentation import SegmentationScores, confusion_matrix, segmentation_scores
from ganbench.functional.separability import conditional_entropy, separability
from ganbench.functional.shift import translate_fractional, translate_integer
from ganbench.functional.ssim import ssim
from ganbench.functional.vendi import vendi_score

__all__ = [
    "SegmentationScores",
    "affine_lowpass_filter",
    "affine_transform",
    "conditional_entropy",
    "confusion_matrix",
    "density_coverage",
    "draw_subsets",
    "equivariance_psnr",
    "extrapolate",
    "frechet_distance",
    "gaussian_mmd",
    "inception_score",
    "kernel_distance",
    "kernel_distance_error",
    "kernel_distances",
    "lerp",
    "lpips_distance",
    "lpips_embedding",
    "mean_pairwise_distance",
    "memorization",
    "memorization_distance",
    "moments",
    "path_length",
    "path_length_error",
    "precision_recall",
    "pseudo_rotate",
    "psnr",
    "random_subsets",
    "rotate",
    "rotation_matrix",
    "segmentation_scores",
    "separability",
    "slerp",
    "ssim",
    "subset_sizes",
    "translate_fractional",
    "translate_integer",
    "vendi_score",
]
