"""LPIPS: perceptual distance from the feature maps of a network, or from embeddings made of them."""

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor

from ganbench.errors import BadInputError, NonFiniteError
from ganbench.functional.rows import ArrayLike, as_tensor

Epsilon = Literal["outside", "inside"]
EPSILON = 1e-10


def lpips_distance(
    features_x: Sequence[ArrayLike],
    features_y: Sequence[ArrayLike],
    weights: Sequence[ArrayLike] | None = None,
    *,
    epsilon: Epsilon = "outside",
) -> Tensor:
    """Return the perceptual distance of pairs of images, ``[N]``, never negative; 0 for equal images.

    At every position of a layer the channels are scaled to unit length; the squared difference of the two images is
    summed over channels, each with its weight, averaged over positions and summed over layers.

    Args:
        features_x: ``[N, C, H, W]`` of the first images, one tensor for each layer.
        features_y: of the second images, likewise.
        weights: ``[C]``, not negative, one tensor for each layer; ones by default.
        epsilon: what keeps the length from being 0, see ``unit_channels``.

    Raises:
        BadInputError: if the layers do not fit together, or for another epsilon.
        NonFiniteError: if a feature is NaN or infinite.

    Source: Zhang et al., The unreasonable effectiveness of deep features (CVPR 2018), equation 1, with the weight of
    the published code, which is outside the square.
    """
    of_x, of_y = _layers(features_x, "features_x"), _layers(features_y, "features_y")
    if [x.shape for x in of_x] != [y.shape for y in of_y]:
        shapes = [[list(layer.shape) for layer in layers] for layers in (of_x, of_y)]
        raise BadInputError(
            f"expected feature maps of one shape, found {shapes[0]} and {shapes[1]}: compare equal layers."
        )
    parts = []
    for x, y, weight in zip(of_x, of_y, _weights(weights, of_x), strict=True):
        squared = (unit_channels(x, epsilon) - unit_channels(y, epsilon)).square()
        parts.append(_weighted(squared, weight).sum(1).mean((1, 2)))
    return _finite(torch.stack(parts).sum(0))


def lpips_embedding(
    features: Sequence[ArrayLike], weights: Sequence[ArrayLike] | None = None, *, epsilon: Epsilon = "outside"
) -> Tensor:
    """Return ``[N, E]`` such that squared Euclidean distances are ``lpips_distance``; E counts all features.

    Args:
        features: ``[N, C, H, W]``, one tensor for each layer.
        weights: ``[C]``, not negative, one tensor for each layer; ones by default.
        epsilon: what keeps the length from being 0, see ``unit_channels``.

    Raises:
        BadInputError: if there are not as many weights as layers, or for another epsilon.
        NonFiniteError: if a feature is NaN or infinite.
    """
    parts = []
    layers = _layers(features, "features")
    for x, weight in zip(layers, _weights(weights, layers), strict=True):
        unit = _weighted(unit_channels(x, epsilon), None if weight is None else weight.sqrt())
        parts.append((unit / (x.shape[2] * x.shape[3]) ** 0.5).flatten(1))
    return _finite(torch.cat(parts, 1))


def unit_channels(x: Tensor, epsilon: Epsilon = "outside") -> Tensor:
    """Return ``[N, C, H, W]`` with the channels of every position scaled to unit length, or to 0 where all are 0.

    The published implementations differ where features are almost all zero:

    - ``outside``: ``x / (sqrt(sum x^2) + 1e-10)``, as the package ``lpips`` 0.1.
    - ``inside``: ``x / sqrt(sum x^2 + 1e-10)``, as StarGAN v2's evaluation.

    Args:
        x: ``[N, C, H, W]`` floating point.
        epsilon: one of the two.

    Raises:
        BadInputError: for another epsilon.
        NonFiniteError: if a feature is NaN or infinite, or its square exceeds float64.
    """
    squares = x.square().sum(1, keepdim=True)
    if not bool(torch.isfinite(squares.sum())):  # one value a position: cheap beside the channels
        return _unit_channels_of_large(x, epsilon)
    if epsilon == "outside":
        return x / (squares.sqrt() + EPSILON)
    if epsilon == "inside":
        return x * (squares + EPSILON).rsqrt()
    raise BadInputError(f"expected 'outside' or 'inside' (of the root) for epsilon, found {epsilon!r}: choose one.")


def mean_pairwise_distance(embeddings: ArrayLike) -> Tensor:
    """Return the mean squared Euclidean distance over all pairs of ``M`` embeddings, ``[...]``.

    The sum over all pairs is M times the sum about the mean, so the cost is linear in M.

    Args:
        embeddings: ``[M, ..., E]``, the embeddings of M outputs for each of some sources.

    Raises:
        BadInputError: for fewer than two outputs, which make no pair.
        NonFiniteError: if an embedding is NaN or infinite, or a distance exceeds the dtype.
    """
    embeddings = _floating(embeddings, "embeddings")
    if embeddings.ndim < 2 or len(embeddings) < 2 or not embeddings.numel():
        raise BadInputError(
            f"expected embeddings [M, ..., E] with M of 2 or more, found {list(embeddings.shape)}: give more outputs."
        )
    about_mean = (embeddings - embeddings.mean(0)).square().sum((0, -1))
    return _finite(about_mean * (2 / (len(embeddings) - 1)))


def _unit_channels_of_large(x: Tensor, epsilon: Epsilon) -> Tensor:
    """Return ``unit_channels`` of features whose squares exceed float32, computed in float64."""
    if x.dtype == torch.float64 or not bool(torch.isfinite(x).all()):
        raise NonFiniteError(
            "expected finite feature maps whose squares float64 can hold, found larger ones or a NaN: check the images."
        )
    return unit_channels(x.double(), epsilon).to(x.dtype)


def _layers(features: Sequence[ArrayLike], name: str) -> list[Tensor]:
    """Return feature maps in float32 or float64, all checked."""
    if not isinstance(features, list | tuple) or not features:
        raise BadInputError(
            f"expected a list of feature maps for {name}, one a layer, found {type(features).__name__}: give a list."
        )
    layers = [_floating(layer, name) for layer in features]
    for layer in layers:
        if layer.ndim != 4 or not layer.numel():
            raise BadInputError(
                f"expected feature maps [N, C, H, W] in {name}, found shape {list(layer.shape)}: do not flatten them."
            )
    return layers


def _floating(x: ArrayLike, name: str) -> Tensor:
    """Return a tensor in float32 or float64; half precision, too short for sums, becomes float32."""
    tensor = as_tensor(x, name)
    return tensor.to(torch.promote_types(tensor.dtype, torch.float32))


def _weights(weights: Sequence[ArrayLike] | None, layers: Sequence[Tensor]) -> list[Tensor | None]:
    if weights is None:
        return [None] * len(layers)
    if len(weights) != len(layers):
        raise BadInputError(
            f"expected weights for {len(layers)} layers, found {len(weights)}: give one a layer, or None."
        )
    found = [as_tensor(weight, "weights") for weight in weights]
    for weight, layer in zip(found, layers, strict=True):
        if weight.numel() != layer.shape[1] or bool((weight < 0).any()):
            raise BadInputError(
                f"expected {layer.shape[1]} weights, none below 0, found shape {list(weight.shape)} with a least of "
                f"{float(weight.min()) if weight.numel() else 0}: give one for each channel."
            )
    return list(found)


def _finite(x: Tensor) -> Tensor:
    if not bool(torch.isfinite(x.sum())) and not bool(torch.isfinite(x).all()):
        raise NonFiniteError(
            f"expected features whose distances {x.dtype} can hold, found a NaN or an infinity: check the images."
        )
    return x


def _weighted(x: Tensor, weight: Tensor | None) -> Tensor:
    return x if weight is None else x * weight.reshape(1, -1, 1, 1)
