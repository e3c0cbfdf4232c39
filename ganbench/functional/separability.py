"""Linear separability: how well hyperplanes in a latent space predict binary attributes of the images."""

import joblib
import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax, xlogy

from ganbench.errors import BadInputError
from ganbench.functional.rows import ArrayLike, as_float64, as_rows

WORTH_PROCESSES = 10**8  # numbers to fit on, in all, from which starting processes takes less time than it saves
BYTES = 24  # that a fit holds for each of these numbers: a float64, and in LIBLINEAR an index with a float64
PROCESS = 400 * 2**20  # bytes that a process takes besides, for the packages that it imports
MEMORY = 9 * 2**30  # bytes that all processes together may take


def separability(latents: ArrayLike, logits: ArrayLike, num_keep: int, *, processes: int | None = None) -> float:
    """Return ``2 ** sum of H(Y | X)``, in bits, over the attributes; 1 is perfectly separable, lower is better.

    Args:
        latents: ``[N, D]``, Z or W of the images.
        logits: ``[attributes, N]``, a classifier's output for each image; above 0 is class 0.
        num_keep: how many of the most confidently classified images to fit on, for each attribute.
        processes: attributes that are fitted at once, each in a process of its own; the number is the same for any.
            None takes one a core where there is much to do, as many as 9 GiB suffice for, and else this process.

    Raises:
        BadInputError: if the shapes do not fit or there are fewer than ``num_keep`` images.
        NonFiniteError: if a value is NaN or infinite.

    Source: Karras et al., A style-based generator architecture (CVPR 2019), section 4.2 and appendix C.
    Deviation: the linear support vector machine is solved in the primal form, which converges and needs no random
    numbers; the official dual form gives the same to about 2 %.
    """
    latents, logits = as_rows(latents, "latents"), as_rows(logits, "logits")
    if logits.shape[1] != len(latents) or not 0 < num_keep <= len(latents):
        raise BadInputError(
            f"{len(latents)} latents and logits of shape {list(logits.shape)} do not make {num_keep} labelled samples; "
            "give logits [attributes, N] and keep at most N."
        )
    points, rows = latents.cpu().numpy(), logits.cpu().numpy()
    processes = processes or processes_for(len(rows), num_keep, points.shape[1])
    fits = (joblib.delayed(_confusion)(points, row, num_keep) for row in rows)
    tables = joblib.Parallel(n_jobs=processes)(fits)  # shares the latents in a memory map
    return float(2 ** sum(map(conditional_entropy, tables)))


def processes_for(attributes: int, num_keep: int, features: int) -> int:
    """Return how many attributes to fit at once: one a core, while memory lasts, or 1 where there is little to do."""
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
    if p.min() < 0 or p.sum() == 0:
        raise BadInputError(f"a table of joint probabilities that holds {p.min()} and sums to {p.sum()} is none.")
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
    single = logits.astype(np.float32)
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
