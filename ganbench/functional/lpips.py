"""LPIPS: perceptual distance from the feature maps of a network, or from embeddings made of them."""

from collections.abc import Iterable, Sequence
from functools import reduce
from typing import Literal

import torch
from torch import Tensor

from ganbench.errors import BadInputError, NonFiniteError
from ganbench.functional.rows import ArrayLike, as_tensor

Epsilon = Literal["outside", "inside"]
EPSILON = 1e-10
COLUMNS = 2**18  # of embeddings, that are compared at once
CACHED = 2**14  # of these on a CPU, so that they stay in a core's cache
CACHED_FEATURES = 2**16  # of each of two images, likewise


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
    layers = zip(of_x, of_y, _weights(weights, of_x), strict=True)
    return _finite(torch.stack([layer_distance(x, y, weight, epsilon) for x, y, weight in layers]).sum(0))


def layer_distance(x: Tensor, y: Tensor, weight: Tensor | None, epsilon: Epsilon) -> Tensor:
    """Return what one layer adds to ``lpips_distance``, ``[N]``; on a CPU, a few positions at a time.

    Args:
        x: ``[N, C, H, W]`` of the first images, float32 or float64.
        y: of the second images, of the same shape, which is not checked.
        weight: ``[C]``, not negative; None for ones.
        epsilon: what keeps the length from being 0, see ``unit_channels``.

    Raises:
        NonFiniteError: if a feature is NaN or infinite.
    """
    first, second = (maps.flatten(2).transpose(1, 2) for maps in (x, y))  # [N, positions, C]
    _, positions, channels = first.shape
    count = max(1, CACHED_FEATURES // channels) if x.is_cpu else positions
    sums = []
    for one, other in zip(torch.split(first, count, 1), torch.split(second, count, 1), strict=True):
        squared = (unit_channels(one, epsilon, 2) - unit_channels(other, epsilon, 2)).square_()
        sums.append((squared if weight is None else squared.mul_(_along(2, weight))).sum((1, 2)))
    return torch.stack(sums).sum(0) / positions


@torch.no_grad()  # torch fills rows that are given without a gradient alone
def lpips_embedding(
    features: Sequence[ArrayLike],
    weights: Sequence[ArrayLike] | None = None,
    *,
    epsilon: Epsilon = "outside",
    channels_last: bool = False,
    out: Tensor | None = None,
) -> Tensor:
    """Return ``[N, E]`` such that squared Euclidean distances are ``lpips_distance``; E counts all features.

    Embeddings have no gradient, whatever they are made of.

    Args:
        features: ``[N, C, H, W]``, one tensor for each layer.
        weights: ``[C]``, not negative, one tensor for each layer; ones by default.
        epsilon: what keeps the length from being 0, see ``unit_channels``.
        channels_last: whether features are ``[N, H, W, C]``, which is then their order in the embedding, too.
        out: rows ``[N, E]`` that are filled and returned, in the widest dtype of the layers; new ones by default.

    Raises:
        BadInputError: if there are not as many weights as layers, ``out`` does not fit, or for another epsilon.
        NonFiniteError: if a feature is NaN or infinite.
    """
    layers, axis = _layers(features, "features"), 3 if channels_last else 1
    scales = _weights(weights, layers, axis)
    dtype = reduce(torch.promote_types, [layer.dtype for layer in layers])
    sizes = [layer[0].numel() for layer in layers]
    shape = (len(layers[0]), sum(sizes))
    embedding = layers[0].new_empty(shape, dtype=dtype) if out is None else out
    if embedding.shape != shape or embedding.dtype != dtype:
        raise BadInputError(
            f"expected {dtype} {list(shape)} for out, found {embedding.dtype} {list(embedding.shape)}: give rows for "
            "the embeddings, or None."
        )
    for x, weight, part in zip(layers, scales, embedding.split_with_sizes(sizes, 1), strict=True):
        unit = torch.div(x, _lengths(x, epsilon, axis), out=part.view(x.shape))
        positions = x[0].numel() / x.shape[axis]
        unit.mul_(positions**-0.5 if weight is None else _along(axis, (weight / positions).sqrt()))
    return _finite(embedding)


def squared_distances_of_pairs(first: Tensor, second: Tensor) -> Tensor:
    """Return the squared Euclidean distance of each row of ``[N, E]`` to the same row of another, ``[N]``.

    Long rows are compared in parts, as embeddings of large images are: their differences would take as much memory.
    """
    columns = CACHED if first.is_cpu else COLUMNS
    parts = zip(torch.split(first, columns, 1), torch.split(second, columns, 1), strict=True)
    return torch.stack([(x - y).square_().sum(1) for x, y in parts]).sum(0)


def unit_channels(x: Tensor, epsilon: Epsilon = "outside", axis: int = 1) -> Tensor:
    """Return maps with the channels of every position scaled to unit length, or to 0 where all are 0.

    The published implementations differ where features are almost all zero:

    - ``outside``: ``x / (sqrt(sum x^2) + 1e-10)``, as the package ``lpips`` 0.1.
    - ``inside``: ``x / sqrt(sum x^2 + 1e-10)``, as StarGAN v2's evaluation.

    Args:
        x: ``[N, C, H, W]`` floating point, or with their channels elsewhere.
        epsilon: one of the two.
        axis: of the channels.

    Raises:
        BadInputError: for another epsilon.
        NonFiniteError: if a feature is NaN or infinite, or its square exceeds float64.
    """
    return (x / _lengths(x, epsilon, axis)).to(x.dtype)


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


def _lengths(x: Tensor, epsilon: Epsilon, axis: int) -> Tensor:
    """Return what ``unit_channels`` divides by, one value a position; float64 where squares exceed float32."""
    if epsilon not in ("outside", "inside"):
        raise BadInputError(f"expected 'outside' or 'inside' (of the root) for epsilon, found {epsilon!r}: choose one.")
    # Where channels lie side by side, the norm takes one pass over them, and no memory.
    last = axis == x.ndim - 1
    roots = torch.linalg.vector_norm(x, dim=axis, keepdim=True) if last else x.square().sum(axis, True).sqrt_()
    if bool(torch.isfinite(roots.sum())):  # one value a position: cheap beside the channels
        return roots + EPSILON if epsilon == "outside" else (roots.square() + EPSILON).sqrt()
    if x.dtype == torch.float64 or not bool(torch.isfinite(x).all()):
        raise NonFiniteError(
            "expected finite feature maps whose squares float64 can hold, found larger ones or a NaN: check the images."
        )
    return _lengths(x.double(), epsilon, axis)


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
        if len(layer) != len(layers[0]):
            raise BadInputError(
                f"expected layers of the same images in {name}, found {len(layers[0])} images and {len(layer)}: take "
                "all layers from one batch."
            )
    return layers


def _floating(x: ArrayLike, name: str) -> Tensor:
    """Return a tensor in float32 or float64; half precision, too short for sums, becomes float32."""
    tensor = as_tensor(x, name)
    return tensor.to(torch.promote_types(tensor.dtype, torch.float32))


def _weights(weights: Sequence[ArrayLike] | None, layers: Sequence[Tensor], axis: int = 1) -> list[Tensor | None]:
    if weights is None:
        return [None] * len(layers)
    given = list(weights) if isinstance(weights, Iterable) else [weights]
    if len(given) != len(layers):
        raise BadInputError(
            f"expected weights for {len(layers)} layers, found {len(given)}: give one a layer, or None."
        )
    found = [as_tensor(weight, "weights").to(layers[0].device) for weight in given]
    for weight, layer in zip(found, layers, strict=True):
        if weight.numel() != layer.shape[axis] or bool((weight < 0).any()):
            raise BadInputError(
                f"expected {layer.shape[axis]} weights, none below 0, found shape {list(weight.shape)} with a least of "
                f"{float(weight.min()) if weight.numel() else 0}: give one for each channel."
            )
    return list(found)


def _finite(x: Tensor) -> Tensor:
    if not bool(torch.isfinite(x.sum())) and not bool(torch.isfinite(x).all()):
        raise NonFiniteError(
            f"expected features whose distances {x.dtype} can hold, found a NaN or an infinity: check the images."
        )
    return x


def _along(axis: int, weight: Tensor) -> Tensor:
    """Return one weight a channel in the shape that scales maps with their channels at ``axis``, 1 or the last."""
    return weight.reshape(1, -1, 1, 1) if axis == 1 else weight.reshape(-1)
