"""Fréchet distance between two Gaussians, in a form that is real whatever the covariances."""

import math
from typing import NamedTuple

import numpy as np
import scipy.linalg
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganbench.errors import BadInputError, NonFiniteError
from ganbench.functional.distances import slices
from ganbench.functional.rows import ArrayLike, as_float64, as_integer, as_rows

Array = NDArray[np.float64]

# What rounding may leave of a covariance before it is refused:
ASYMMETRY = 1e-6  # of an entry, relative to the largest, from storage in float32
NEGATIVITY = 1e-4  # of an eigenvalue, relative to the larger of both covariances, from storage in float32
CANCELLATION = 1e-11  # of an eigenvalue, relative to the squared length of the mean, from subtracting raw moments

COLUMNS = 256  # of a product with a triangle at once, so that most of its zeros are left out


def moments(features: ArrayLike, *, ddof: int) -> tuple[Array, Array]:
    """Return mean ``[D]`` and covariance ``[D, D]`` of ``features [N, D]``, both float64.

    Args:
        features: one row per sample, at least ``ddof + 1`` of them.
        ddof: the covariance divides by ``N - ddof``. StyleGAN2-ADA and StyleGAN3 use 0; StyleGAN1/2 (TensorFlow),
            StarGAN v2, torch-fidelity and clean-fid use 1, as ``numpy.cov`` does.

    Raises:
        BadInputError: with too few rows.
        NonFiniteError: if a row is not finite, or a square of it exceeds float64.
    """
    rows = as_float64(as_rows(features, "features"), "features")
    ddof = as_integer(ddof, "ddof", minimum=0)
    if len(rows) <= ddof:
        raise BadInputError(
            f"expected more than {ddof} rows for a covariance divided by N - {ddof}, found {len(rows)}: give more rows."
        )
    # About the first row, so that the mean of equal rows is exact and their covariance exactly zero.
    with np.errstate(over="ignore", invalid="ignore"):
        from_first = rows - rows[0]
        offset = from_first.mean(axis=0)
        centred = from_first - offset
        mean, cov = rows[0] + offset, centred.T @ centred / (len(rows) - ddof)
    if not (np.isfinite(mean).all() and np.isfinite(cov).all()):
        raise NonFiniteError(
            f"expected features whose squares float64 can hold, found {np.abs(rows).max():.0e}: scale features down."
        )
    return mean, cov


def frechet_distance(mean_x: ArrayLike, cov_x: ArrayLike, mean_y: ArrayLike, cov_y: ArrayLike) -> float:
    """Return ``|mean_x - mean_y|^2 + tr(cov_x + cov_y - 2 (cov_x cov_y)^(1/2))``, never negative.

    Bitwise equal arguments give exactly 0, because that is the distance and no arithmetic is needed to know it. For
    others a negative result, which only rounding can cause, is clamped to 0.

    Negative eigenvalues are treated as rounding errors, so as zero, down to ``-1e-4`` of the larger covariance (what
    storage in float32 leaves) or ``-1e-11`` of the squared length of the mean (what the subtraction of raw moments
    leaves, which is all there is of the covariance of equal samples).

    Args:
        mean_x: ``[D]``, of the first Gaussian, as tensor or array.
        cov_x: ``[D, D]``, symmetric positive semi-definite; singular (fewer samples than dimensions) is fine.
        mean_y: ``[D]``, of the second.
        cov_y: ``[D, D]``.

    Raises:
        BadInputError: if the shapes do not fit together or a matrix is not a covariance.
        NonFiniteError: if a value is NaN or infinite, or the distance exceeds float64.

    Source: Dowson and Landau, The Fréchet distance between multivariate normal distributions (1982), eq. 3;
    Heusel et al., GANs trained by a two time-scale update rule (NeurIPS 2017), eq. 6.
    Deviation: official implementations take the matrix square root of the unsymmetric product; see
    ``_trace_of_geometric_mean``. Both agree to rounding where the product is regular; where it is singular theirs is
    good to about seven digits.
    """
    x, y = _gaussian(mean_x, cov_x, "x"), _gaussian(mean_y, cov_y, "y")
    if len(x.mean) != len(y.mean):
        raise BadInputError(
            f"expected equal dimensions of x and y, found {len(x.mean)} and {len(y.mean)}: "
            "take both from the same layer of the same extractor."
        )
    if np.array_equal(x.mean, y.mean) and np.array_equal(x.cov, y.cov):
        _refuse_other_matrices(x)
        return 0.0
    # Squares of covariances are taken on the way, so features beyond 1e77 would overflow; powers of two scale exactly.
    with np.errstate(over="ignore"):
        difference = x.mean - y.mean
    exponent = _exponent(difference, x.cov, y.cov)
    x, y = _scaled(x, exponent), _scaled(y, exponent)
    between_means = np.square(np.ldexp(difference, -exponent)).sum()
    between_covs = np.trace(x.cov) + np.trace(y.cov) - 2 * _trace_of_geometric_mean(x, y)
    try:
        return math.ldexp(max(0.0, float(between_means + between_covs)), 2 * exponent)
    except OverflowError:
        raise NonFiniteError(
            f"expected a distance that float64 can hold, found features of about 1e{exponent * math.log10(2):.0f}: "
            "scale both sets of features down."
        ) from None


class _Gaussian(NamedTuple):
    """Mean ``[D]`` and covariance ``[D, D]`` of one side divided by ``2**exponent``, and its name in messages."""

    name: str
    mean: Array
    cov: Array
    exponent: int = 0


def _exponent(difference: Array, *covs: Array) -> int:
    """Return the power of two that bounds the difference of the means and all standard deviations.

    Raises:
        NonFiniteError: if the difference exceeds float64.
    """
    if not np.isfinite(difference).all():
        raise NonFiniteError(
            "expected means whose difference float64 can hold, found larger ones: scale features down."
        )
    return int(np.frexp(max(np.abs(difference).max(), *(np.sqrt(np.abs(cov).max()) for cov in covs)))[1])


def _scaled(gaussian: _Gaussian, exponent: int) -> _Gaussian:
    """Return the Gaussian of features divided by ``2**exponent``; a mean that is far larger may become infinite."""
    name, mean, cov, _ = gaussian
    with np.errstate(over="ignore"):
        return _Gaussian(name, np.ldexp(mean, -exponent), np.ldexp(cov, -2 * exponent), exponent)


def _tolerance(own: _Gaussian, largest: float) -> float:
    """Return what rounding may leave of negative eigenvalues, beside a largest one."""
    with np.errstate(over="ignore"):
        return float(NEGATIVITY * largest + CANCELLATION * np.square(own.mean).sum())


def _refuse_other_matrices(x: _Gaussian) -> None:
    """Refuse what has negative eigenvalues. Shifted by what rounding may leave, a covariance has a factor, quickly."""
    x = _scaled(x, _exponent(np.zeros_like(x.mean), x.cov))
    shift = min(_tolerance(x, x.cov.diagonal().max()), np.finfo(np.float64).max)
    if torch.linalg.cholesky_ex(torch.from_numpy(x.cov + shift * np.eye(len(x.cov)))).info:
        _factor(x, x)


def _trace_of_geometric_mean(x: _Gaussian, y: _Gaussian) -> float:
    """Return ``tr (cov_x cov_y)^(1/2)``, real by construction.

    The eigenvalues of the product are those of the symmetric ``L' cov_x L`` with ``cov_y = L L'``: the fast form. Where
    one of them is zero, as with fewer samples than dimensions, rounding makes it positive or negative, and its root is
    then wrong in the eighth digit. So unless all are positive, the trace is taken as the sum of the singular values of
    ``L_x' L_y``, with factors cut at the numerical rank: no root of anything small. A zero or two that are rounded
    upwards go unseen and cost about 1e-8 of the largest deviation each.
    """
    factor, failed = torch.linalg.cholesky_ex(torch.from_numpy(y.cov))
    if not failed:  # else the covariance of y is singular
        values = torch.linalg.eigvalsh(_congruent(torch.from_numpy(x.cov), factor))
        if values[0] > 0:
            return float(values.sqrt().sum())
    product = _factor(x, y).T @ _factor(y, x)
    return float(torch.linalg.svdvals(torch.from_numpy(product)).sum()) if product.size else 0.0


def _congruent(cov: Tensor, factor: Tensor) -> Tensor:
    """Return the lower triangle of ``L' cov L [D, D]`` with ``L`` lower triangular: a third of two whole products."""
    product, whole = torch.empty_like(cov), torch.zeros_like(cov)
    parts = list(slices(len(cov), COLUMNS))
    for part in parts:
        torch.mm(cov[:, part.start :], factor[part.start :, part], out=product[:, part])
    for part in parts:
        torch.mm(factor[part.start :, part].T, product[part.start :, : part.stop], out=whole[part, : part.stop])
    return whole


def _factor(own: _Gaussian, other: _Gaussian) -> Array:
    """Return ``L [D, rank]`` with ``own.cov = L L'``.

    Cholesky with pivots stops at the numerical rank, at a third of the cost of eigenvectors. A matrix that is not
    quite positive semi-definite (stored in float32, say) makes it fail; then negative eigenvalues are clipped to zero.
    """
    triangle, pivots, rank, _ = scipy.linalg.lapack.dpstrf(own.cov, lower=1)
    factor = np.empty((len(own.cov), rank))
    factor[pivots - 1] = np.tril(triangle[:, :rank])
    if np.abs(factor @ factor.T - own.cov).max() <= 1e-10 * np.abs(own.cov).max():
        return factor
    values, vectors = np.linalg.eigh(own.cov)
    largest = max(values[-1], other.cov.diagonal().max())  # a variance is never above the largest eigenvalue
    if values[0] < -_tolerance(own, largest):
        lowest, highest = (math.ldexp(value, 2 * own.exponent) for value in (values[0], values[-1]))
        raise BadInputError(
            f"expected a covariance of {own.name} without negative eigenvalues, found the eigenvalue {lowest:.3g} "
            f"beside {highest:.3g}: compute it again from the features."
        )
    scaled: Array = vectors * np.sqrt(values.clip(min=0))
    return scaled


def _gaussian(mean: ArrayLike, cov: ArrayLike, name: str) -> _Gaussian:
    """Return mean and covariance as float64, both checked.

    Raises:
        BadInputError: the shapes do not fit together or the covariance is not symmetric.
        NonFiniteError: a value is NaN or infinite.
    """
    mean, cov = as_float64(mean, f"mean_{name}"), as_float64(cov, f"cov_{name}")
    if mean.ndim != 1 or cov.shape != (len(mean), len(mean)) or not len(mean):
        raise BadInputError(
            f"expected mean [D] and covariance [D, D] of {name}, found shapes {list(mean.shape)} and "
            f"{list(cov.shape)}: give both of the same features."
        )
    if not (np.isfinite(mean).all() and np.isfinite(cov).all()):
        raise NonFiniteError(
            f"expected finite mean and covariance of {name}, found a NaN or an infinity: check the features behind "
            "them."
        )
    # The exact comparison is ten times as fast as the one with a tolerance, and what most matrices need.
    if not scipy.linalg.issymmetric(cov) and np.abs(cov - cov.T).max() > ASYMMETRY * np.abs(cov).max():
        raise BadInputError(
            f"expected a symmetric covariance of {name}, found an asymmetric matrix: give the covariance itself, not a "
            "factor of it."
        )
    return _Gaussian(name, mean, cov)
