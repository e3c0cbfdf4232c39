"""Inception score: how confident a classifier is of each image, and how evenly it sees the classes."""

import itertools

import numpy as np
from scipy.special import rel_entr

from ganbench.errors import BadInputError
from ganbench.functional.rows import ArrayLike, as_float64, as_rows

SUM_TOLERANCE = 1e-2  # how far float16 probabilities may sum from 1


def inception_score(probabilities: ArrayLike, num_splits: int = 10) -> tuple[float, float]:
    """Return ``(mean, std)`` over the splits of ``exp(E KL(p(y|x) || p(y)))``; std is of the population.

    Args:
        probabilities: ``[N, classes]``, each row summing to 1; a probability of 0 contributes 0.
        num_splits: split ``i`` holds rows ``i N / num_splits`` to ``(i + 1) N / num_splits``, in order.

    Raises:
        BadInputError: if there are fewer rows than splits, or rows are no probabilities.
        NonFiniteError: if a row is not finite.

    Source: Salimans et al., Improved techniques for training GANs (NeurIPS 2016), section 4; ten splits in order as in
    their code and StyleGAN2-ADA's.
    """
    p = as_float64(as_rows(probabilities, "probabilities"), "probabilities")
    if not 1 <= num_splits <= len(p):
        raise BadInputError(f"{len(p)} rows cannot be cut into {num_splits} splits; ask for 1 to {len(p)}.")
    if p.min() < 0 or np.abs(p.sum(axis=1) - 1).max() > SUM_TOLERANCE:
        raise BadInputError(
            "these rows are not probabilities, none negative and summing to 1; apply softmax to logits."
        )
    edges = [i * len(p) // num_splits for i in range(num_splits + 1)]
    splits = [p[start:stop] for start, stop in itertools.pairwise(edges)]
    scores = [np.exp(rel_entr(split, split.mean(axis=0)).sum(axis=1).mean()) for split in splits]
    return float(np.mean(scores)), float(np.std(scores))
