"""Inception score: how confidently images are classified, and how evenly they cover the classes."""

import itertools
from typing import SupportsIndex

import numpy as np
from scipy.special import rel_entr

from ganbench.errors import BadInputError
from ganbench.functional.rows import ArrayLike, as_float64, as_integer, as_rows

SUM_TOLERANCE = 1e-2  # how far float16 probabilities may sum from 1


def inception_score(probabilities: ArrayLike, num_splits: SupportsIndex = 10) -> tuple[float, float]:
    """Return ``(mean, std)`` over the splits of ``exp(E KL(p(y|x) || p(y)))``; std is of the population.

    Args:
        probabilities: ``[N, classes]``, each row summing to 1; a probability of 0 contributes 0.
        num_splits: split ``i`` holds rows ``i N / num_splits`` to ``(i + 1) N / num_splits``, in order.

    Raises:
        BadInputError: if there are fewer rows than splits, or a row is not made of probabilities.
        NonFiniteError: if a row is not finite.

    Source: Salimans et al., Improved techniques for training GANs (NeurIPS 2016), section 4; ten splits in order as in
    their code and StyleGAN2-ADA's.
    """
    p = as_float64(as_rows(probabilities, "probabilities"), "probabilities")
    count = as_integer(num_splits, "num_splits", minimum=1)
    if count > len(p):
        raise BadInputError(
            f"expected 1 to {len(p)} splits of {len(p)} rows, found {count}: give more rows or fewer splits."
        )
    if p.min() < 0 or np.abs(p.sum(axis=1) - 1).max() > SUM_TOLERANCE:
        raise BadInputError(
            "expected probabilities, not negative and summing to 1 in every row, found other numbers: "
            "apply softmax to logits."
        )
    edges = [i * len(p) // count for i in range(count + 1)]
    splits = [p[start:stop] for start, stop in itertools.pairwise(edges)]
    # The mean of the smallest numbers may vanish where they do not, and what they add is nothing.
    means = [split.mean(axis=0).clip(min=np.finfo(np.float64).tiny) for split in splits]
    scores = [np.exp(rel_entr(split, mean).sum(axis=1).mean()) for split, mean in zip(splits, means, strict=True)]
    return float(np.mean(scores)), float(np.std(scores))
