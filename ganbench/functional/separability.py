"""Linear separability: how well hyperplanes in a latent space predict binary attributes of the images."""

from typing import SupportsIndex

import joblib
import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import softmax, xlogy

from ganbench.errors import BadInputError, NonFiniteError
from ganbench.functional.rows import ArrayLike, as_float64, as_integer, as_rows

LARGEST = 1e15  # of a latent: the fit squares it, and adds it to an intercept of 1
CERTAIN = 1e4  # logit, from which a probability is 1 in float32 by far
WORTH_PROCESSES = 10**8  # numbers to fit on, in all, from which starting processes takes less time than it saves
BYTES = 24  # that a fit holds for each of these numbers: a float64, and in LIBLINEAR an index with a float64
PROCESS = 400 * 2**20  # bytes that a process takes besides, for the packages that it imports
MEMORY = 9 * 2**30  # bytes that all processes together may take


def separability(
    latents: ArrayLike, logits: ArrayLike, num_keep: SupportsIndex, *, processes: SupportsIndex | None = None
) -> float:
    """Return ``2 ** sum of H(Y | X)``, in bits, over the attributes; 1 is perfectly separable, lower is better.

    Args:
        latents: ``[N, D]``, Z or W of the images.
        logits: ``[attributes, N]``, a classifier's output for each image; above 0 is class 0.
        num_keep: how many of the most confidently classified images to fit on, for each attribute.
        processes: number of attributes fitted in parallel processes; the result does not depend on it.
            None takes one a core where there is much to do, as many as 9 GiB suffice for, and else this process.

    Raises:
        BadInputError: if the shapes do not fit or there are fewer than ``num_keep`` images.
        NonFiniteError: if a value is NaN or infinite.

    Source: Karras et al., A style-based generator architecture (CVPR 2019), section 4.2 and appendix C.
    Deviation: the linear support vector machine is solved in the primal form, which converges and needs no random
    numbers; the official dual form gives the same to about 2 %.
    """
    points, rows = _as_array(latents, "latents"), _as_array(logits, "logits")
    keep = as_integer(num_keep, "num_keep", minimum=1)
    if rows.shape[1] != len(points) or keep > len(points):
        raise BadInputError(
            f"expected logits [attributes, {len(points)}] and at most as many samples to keep, found "
            f"{list(rows.shape)} and {keep}: give one column for each latent."
        )
    if np.abs(points).max() > LARGEST:
        raise BadInputError(
            f"expected latents up to {LARGEST:.0e}, found {np.abs(points).max():.0e}: scale latents down."
        )
    jobs = processes_for(len(rows), keep, points.shape[1])
    if processes is not None:
        jobs = as_integer(processes, "processes", minimum=1)
    fits = (joblib.delayed(_confusion)(points, row, keep) for row in rows)
    tables = joblib.Parallel(n_jobs=jobs)(fits)  # shares the latents in a memory map
    bits = sum(map(conditional_entropy, tables))
    if bits >= np.finfo(np.float64).maxexp:
        raise NonFiniteError(f"expected entropies of less than 1024 bits, found {bits:.0f}: give fewer attributes.")
    return float(2**bits)


def _as_array(x: ArrayLike, name: str) -> NDArray[np.floating]:
    """Return rows unchanged if float32 or float64, else as float64."""
    rows = as_rows(x, name).cpu()
    array: NDArray[np.floating] = (rows if rows.dtype in (torch.float32, torch.float64) else rows.double()).numpy()
    return array


def processes_for(attributes: int, num_keep: int, features: int) -> int:
    """Return how many attributes to fit at once: one per core as memory allows, or 1 for little work."""
    if attributes * num_keep * features < WORTH_PROCESSES:
        return 1
    cores: int = joblib.cpu_count()
    return max(1, min(attributes, cores, MEMORY // (PROCESS + BYTES * num_keep * (features + 1))))


def conditional_entropy(table: ArrayLike) -> float:
    """Return ``H(Y | X)`` in bits of the joint distribution ``table [X, Y]``, normalised here; never negative.

    Raises:
        BadInputError: if an entry is negative or all are zero.
        NonFiniteError: if an entry is NaN or infinite.
    """
    p = as_float64(as_rows(table, "table"), "table")
    if p.min() < 0 or p.max() == 0:
        raise BadInputError(
            f"expected joint probabilities or counts for table, found {p.min()} to {p.max()}: "
            "give none below 0, and at least one above."
        )
    p = np.ldexp(p, -np.frexp(p.max())[1])  # exact, and no sum of counts overflows
    p = p / p.sum()
    # H(X, Y) - H(X); 0 log 0 is 0
    return max(0.0, float((xlogy(p.sum(axis=1), p.sum(axis=1)).sum() - xlogy(p, p).sum()) / np.log(2)))


def most_confident(logits: NDArray[np.floating], num_keep: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the images of the ``num_keep`` highest class probabilities, highest first, and their classes.

    Many probabilities are exactly 1 in float32, the precision of the protocol; those keep the order of the images.

    Args:
        logits: ``[N]``, above 0 is class 0.
        num_keep: 1..N.
    """
    single = logits.clip(-CERTAIN, CERTAIN).astype(np.float32)  # further out, float32 itself would overflow
    probabilities = softmax(np.stack([single, -single], axis=1), axis=1)
    kept = np.argsort(-probabilities.max(axis=1), kind="stable")[:num_keep]
    return kept, probabilities[kept].argmax(axis=1)


def _confusion(latents: NDArray[np.floating], logits: NDArray[np.floating], num_keep: int) -> NDArray[np.float64]:
    """Return the shares ``[predicted, actual]`` of a linear support vector machine, on the samples it was fitted to."""
    from sklearn.svm import LinearSVC  # takes longer to import than all the rest of this package

    kept, actual = most_confident(logits, num_keep)
    predicted = actual  # of a single class there is nothing to separate
    if actual.min() != actual.max():
        points = latents[kept].astype(np.float64)  # once, or fit and predict would each make copies
        # The primal form uses no random numbers, but without a seed would draw one from NumPy's global state.
        predicted = LinearSVC(dual=False, random_state=0).fit(points, actual).predict(points)
    table = np.zeros((2, 2))
    np.add.at(table, (predicted, actual), 1 / num_keep)
    return table
