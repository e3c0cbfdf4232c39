"""Fréchet distance between two Gaussians, in a form that is real whatever the covariances."""

import numpy as np
import scipy.linalg
from numpy.typing import NDArray

from ganbench.errors import BadInputError, NonFiniteError
from ganbench.functional.rows import ArrayLike, as_float64, as_rows

Array = NDArray[np.float64]

ASYMMETRY = 1e-6  # of a covariance, relative to its largest entry: what float32 storage may leave
NEGATIVITY = 1e-4  # of an eigenvalue, relative to the largest, before a matrix is refused as no covariance


def moments(features: ArrayLike, *, ddof: int) -> tuple[Array, Array]:
    """Return mean ``[D]`` and covariance ``[D, D]`` of ``features [N, D]``, both float64.

    Args:
        features: one row per sample, at least ``ddof + 1`` of them.
        ddof: the covariance divides by ``N - ddof``. StyleGAN2-ADA and StyleGAN3 use 0; StyleGAN1/2 (TensorFlow),
            StarGAN v2, torch-fidelity and clean-fid use 1, as ``numpy.cov`` does.

    Raises:
        BadInputError: with too few rows.
        NonFiniteError: if a row is not finite.
    """
    rows = as_float64(as_rows(features, "features"))
    if len(rows) <= ddof:
        raise BadInputError(f"a covariance that divides by N - {ddof} needs more than {ddof} rows, not {len(rows)}.")
    mean = rows.mean(axis=0)
    centred = rows - mean
    return mean, centred.T @ centred / (len(rows) - ddof)


def frechet_distance(mean_x: ArrayLike, cov_x: ArrayLike, mean_y: ArrayLike, cov_y: ArrayLike) -> float:
    """Return ``|mean_x - mean_y|^2 + tr(cov_x + cov_y - 2 (cov_x cov_y)^(1/2))``, never negative.

    Bitwise equal arguments give exactly 0, because that is the distance and no arithmetic is needed to know it. For
    others a negative result, which only rounding can cause, is clamped to 0.

    Args:
        mean_x: ``[D]``, of the first Gaussian, as tensor or array.
        cov_x: ``[D, D]``, symmetric positive semi-definite; singular (fewer samples than dimensions) is fine.
        mean_y: ``[D]``, of the second.
        cov_y: ``[D, D]``.

    Raises:
        BadInputError: if the shapes do not fit together or a matrix is no covariance.
        NonFiniteError: if a value is NaN or infinite.

    Source: Dowson and Landau, The Fréchet distance between multivariate normal distributions (1982), eq. 3;
    Heusel et al., GANs trained by a two time-scale update rule (NeurIPS 2017), eq. 6.
    Deviation: official implementations take the matrix square root of the unsymmetric product; see
    ``trace_of_geometric_mean``. Both agree to rounding where the product is regular; where it is singular theirs is
    good to about seven digits.
    """
    x, y = _gaussian(mean_x, cov_x, "x"), _gaussian(mean_y, cov_y, "y")
    if len(x[0]) != len(y[0]):
        raise BadInputError(
            f"x has {len(x[0])} dimensions and y has {len(y[0])}; take both from the same layer of the same extractor."
        )
    if np.array_equal(x[0], y[0]) and np.array_equal(x[1], y[1]):
        return 0.0
    between_means = np.square(x[0] - y[0]).sum()
    between_covs = np.trace(x[1]) + np.trace(y[1]) - 2 * trace_of_geometric_mean(x[1], y[1])
    return max(0.0, float(between_means + between_covs))


def trace_of_geometric_mean(cov_x: Array, cov_y: Array) -> float:
    """Return ``tr (cov_x cov_y)^(1/2)``, real by construction.

    The eigenvalues of the product are those of the symmetric ``L' cov_x L`` with ``cov_y = L L'``: the fast form. Where
    one of them is zero, as with fewer samples than dimensions, rounding makes it positive or negative, and its root is
    then wrong in the eighth digit. So unless all are positive, the trace is taken as the sum of the singular values of
    ``L_x' L_y``, with factors cut at the numerical rank: no root of anything small. A zero or two that are rounded
    upwards go unseen and cost about 1e-8 of the largest deviation each.
    """
    try:
        values = scipy.linalg.eigh(cov_x, cov_y, type=2, eigvals_only=True, driver="gv")
        if values[0] > 0:
            return float(np.sqrt(values).sum())
    except np.linalg.LinAlgError:
        pass  # cov_y is singular
    product = _factor(cov_x, "x").T @ _factor(cov_y, "y")
    return float(np.linalg.svd(product, compute_uv=False).sum()) if product.size else 0.0


def _factor(cov: Array, name: str) -> Array:
    """Return ``L [D, rank]`` with ``cov = L L'``.

    Cholesky with pivots stops at the numerical rank, at a third of the cost of eigenvectors. A matrix that is not
    quite positive semi-definite (stored in float32, say) makes it go astray; then eigenvalues below zero are cut.
    """
    triangle, pivots, rank, _ = scipy.linalg.lapack.dpstrf(cov, lower=1)
    factor = np.empty((len(cov), rank))
    factor[pivots - 1] = np.tril(triangle)[:, :rank]
    if np.abs(factor @ factor.T - cov).max() <= 1e-10 * np.abs(cov).max():
        return factor
    values, vectors = np.linalg.eigh(cov)
    if values[0] < -NEGATIVITY * values[-1]:
        raise BadInputError(
            f"the covariance of {name} has the eigenvalue {values[0]:.3g} beside {values[-1]:.3g}; "
            "a covariance has none below zero, so compute it again from the features."
        )
    scaled: Array = vectors * np.sqrt(values.clip(min=0))
    return scaled


def _gaussian(mean: ArrayLike, cov: ArrayLike, name: str) -> tuple[Array, Array]:
    """Return mean and covariance as float64, or raise one sentence about what is wrong with them."""
    mean, cov = as_float64(mean), as_float64(cov)
    if mean.ndim != 1 or cov.shape != (len(mean), len(mean)) or not len(mean):
        raise BadInputError(
            f"the mean of {name} has shape {list(mean.shape)}, its covariance {list(cov.shape)}; give [D] and [D, D]."
        )
    if not (np.isfinite(mean).all() and np.isfinite(cov).all()):
        raise NonFiniteError(f"mean or covariance of {name} has a NaN or an infinity; check the features behind it.")
    # The exact comparison is ten times as fast as the one with a tolerance, and what most matrices need.
    if not scipy.linalg.issymmetric(cov) and np.abs(cov - cov.T).max() > ASYMMETRY * np.abs(cov).max():
        raise BadInputError(
            f"the covariance of {name} is not symmetric; give the covariance itself, not a factor of it."
        )
    return mean, cov
