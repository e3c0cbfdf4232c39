"""LPIPS: perceptual distance from the feature maps of a network, or from embeddings made of them."""

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor

from ganbench.errors import BadInputError

Epsilon = Literal["outside", "inside"]
EPSILON = 1e-10


def lpips_distance(
    features_x: Sequence[Tensor],
    features_y: Sequence[Tensor],
    weights: Sequence[Tensor] | None = None,
    *,
    epsilon: Epsilon = "outside",
) -> Tensor:
    """Return the perceptual distance of pairs of images, ``[N]``, not negative; 0 for equal images.

    At every position of a layer the channels are scaled to unit length; the squared difference of the two images is
    summed over channels, each with its weight, averaged over positions and summed over layers.

    Args:
        features_x: ``[N, C, H, W]`` of the first images, one a layer.
        features_y: of the second images, likewise.
        weights: ``[C]``, one a layer; ones by default.
        epsilon: what keeps the length from being 0, see ``unit_channels``.

    Raises:
        BadInputError: if the layers do not fit together, or for another epsilon.

    Source: Zhang et al., The unreasonable effectiveness of deep features (CVPR 2018), equation 1, with the weight of
    the published code, which is outside of the square.
    """
    if [x.shape for x in features_x] != [y.shape for y in features_y]:
        shapes = [[list(layer.shape) for layer in features] for features in (features_x, features_y)]
        raise BadInputError(f"the feature maps have shapes {shapes[0]} and {shapes[1]}; give two of the same.")
    layers = []
    for index, (x, y) in enumerate(zip(features_x, features_y, strict=True)):
        squared = (unit_channels(x, epsilon) - unit_channels(y, epsilon)).square()
        layers.append(_weighted(squared, _weight(weights, features_x, index)).sum(1).mean((1, 2)))
    return torch.stack(layers).sum(0)


def lpips_embedding(
    features: Sequence[Tensor], weights: Sequence[Tensor] | None = None, *, epsilon: Epsilon = "outside"
) -> Tensor:
    """Return ``[N, E]`` such that squared Euclidean distances are ``lpips_distance``; E counts all features.

    Args:
        features: ``[N, C, H, W]``, one a layer.
        weights: ``[C]``, not negative, one a layer; ones by default.
        epsilon: what keeps the length from being 0, see ``unit_channels``.

    Raises:
        BadInputError: if there are not as many weights as layers, or for another epsilon.
    """
    parts = []
    for index, x in enumerate(features):
        weight = _weight(weights, features, index)
        unit = _weighted(unit_channels(x, epsilon), None if weight is None else weight.sqrt())
        parts.append((unit / (x.shape[2] * x.shape[3]) ** 0.5).flatten(1))
    return torch.cat(parts, 1)


def unit_channels(x: Tensor, epsilon: Epsilon = "outside") -> Tensor:
    """Return ``[N, C, H, W]`` with the channels of every position scaled to unit length, or to 0 where all are 0.

    The two published programs differ where features are almost all zero:

    - ``outside``: ``x / (sqrt(sum x^2) + 1e-10)``, as the package ``lpips`` 0.1.
    - ``inside``: ``x / sqrt(sum x^2 + 1e-10)``, as StarGAN v2's evaluation.

    Args:
        x: ``[N, C, H, W]`` floating point.
        epsilon: one of the two.

    Raises:
        BadInputError: for another epsilon.
    """
    squares = x.square().sum(1, keepdim=True)
    if epsilon == "outside":
        return x / (squares.sqrt() + EPSILON)
    if epsilon == "inside":
        return x * (squares + EPSILON).rsqrt()
    raise BadInputError(f"there is no epsilon {epsilon!r}; choose 'outside' or 'inside' of the root.")


def mean_pairwise_distance(embeddings: Tensor) -> Tensor:
    """Return the mean squared Euclidean distance over all pairs of ``M`` embeddings, ``[...]``.

    By the identity of the sum over pairs with M times the sum about the mean, so the cost is linear in M.

    Args:
        embeddings: ``[M, ..., E]``: M outputs of each of some sources.

    Raises:
        BadInputError: for fewer than two outputs, which make no pair.
    """
    if embeddings.ndim < 2 or len(embeddings) < 2:
        raise BadInputError(
            f"embeddings of shape {list(embeddings.shape)} make no pairs; give [M, ..., E], M being 2 or more."
        )
    about_mean = (embeddings - embeddings.mean(0)).square().sum((0, -1))
    return about_mean * (2 / (len(embeddings) - 1))


def _weight(weights: Sequence[Tensor] | None, features: Sequence[Tensor], index: int) -> Tensor | None:
    if weights is None:
        return None
    if len(weights) != len(features):
        raise BadInputError(f"{len(features)} layers came with {len(weights)} weights; give one a layer, or none.")
    return weights[index]


def _weighted(x: Tensor, weight: Tensor | None) -> Tensor:
    return x if weight is None else x * weight.reshape(1, -1, 1, 1)
