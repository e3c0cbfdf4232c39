"""The Vendi score: how many samples there effectively are."""

import numpy as np

from ganbench.errors import BadInputError, NonFiniteError
from ganbench.functional.rows import ArrayLike, as_float64

ROUNDING = 1e-6  # that may be left beside the trace 1, and of negative eigenvalues, of similarities over their number


def vendi_score(similarity: ArrayLike) -> float:
    """Return the exponential of the entropy of a matrix's eigenvalues, from 1 (all alike) to the number of its rows.

    With the cosine as similarity, the ``[N, N]`` similarities over N of features of length 1 and their second moments
    ``[D, D]`` about zero have the same eigenvalues but for zeros, and so the same score: the latter can be added up
    however many samples there are.

    Args:
        similarity: ``[N, N]`` over N, or ``[D, D]`` second moments; symmetric, of trace 1.

    Raises:
        BadInputError: if it is not a symmetric matrix of trace 1 without negative eigenvalues.
        NonFiniteError: if a value is NaN or infinite.

    Source: Friedman and Dieng, The Vendi score: a diversity evaluation metric for machine learning (TMLR 2023),
    definition 3.1, and its package for the dual form.
    """
    matrix = as_float64(similarity, "similarity")
    if matrix.ndim != 2 or not len(matrix) or matrix.shape[0] != matrix.shape[1]:
        raise BadInputError(f"expected a matrix [N, N] for similarity, found the shape {list(matrix.shape)}.")
    if not np.isfinite(matrix).all():
        raise NonFiniteError("similarity has a NaN or an infinity; check the features behind it.")
    if np.abs(matrix - matrix.T).max() > ROUNDING or abs(np.trace(matrix) - 1) > ROUNDING:
        raise BadInputError(
            f"expected a symmetric similarity of trace 1, found the trace {np.trace(matrix):.6g}; "
            "give features the length 1 and divide by their number."
        )
    values = np.linalg.eigvalsh(matrix)
    if values[0] < -ROUNDING:
        raise BadInputError(
            f"expected similarities without negative eigenvalues, found {values[0]:.3g}: take the similarity from a "
            "positive semi-definite kernel, such as the cosine."
        )
    positive = values[values > 0]  # rounding makes zeros positive or negative, of which neither counts
    return max(1.0, float(np.exp(-(positive * np.log(positive)).sum())))  # rounding may leave it below
