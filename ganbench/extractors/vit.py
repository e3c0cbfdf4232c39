"""Vision transformers of the package timm, built from the shapes of their weights.

``pip install 'ganbench[vit]'`` installs the package; it is imported when the first such extractor is opened.
"""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ganbench.errors import BadInputError, MissingWeightsError
from ganbench.extractors.weights import OTHER

HEAD = 64  # width of an attention head, in DINOv2 as in CLIP
AXES = {"cls_token": 3, "pos_embed": 3, "patch_embed.proj.weight": 4, "blocks.0.mlp.fc1.weight": 2}


def renamed(tensors: Mapping[str, Tensor], names: Mapping[str, str]) -> dict[str, Tensor]:
    """Return tensors under timm's names, with queries, keys and values in one tensor.

    Args:
        tensors: by the names of their file.
        names: parts of names -> their replacements in timm, applied in this order.
    """
    found: dict[str, Tensor] = {}
    for name, tensor in tensors.items():
        for theirs, ours in names.items():
            name = name.replace(theirs, ours)
        found[name] = tensor
    for name in [name for name in found if ".query." in name]:
        parts = [found.get(name.replace(".query.", f".{part}.")) for part in ("query", "key", "value")]
        if all(part is not None for part in parts):
            found[name.replace(".query.", ".qkv.")] = torch.cat([part for part in parts if part is not None])
    for name in ("cls_token", "pos_embed"):
        if name in found and found[name].ndim:
            found[name] = found[name].reshape(1, -1, found[name].shape[-1])
    return found


def network(
    tensors: Mapping[str, Tensor], path: Path, what: str, img_size: int | None = None, **fields: Any
) -> nn.Module:
    """Return a transformer whose parameters have the shapes of ``tensors``, on the meta device.

    Args:
        tensors: under timm's names.
        path: of their file, for messages.
        what: name of the network, for messages.
        img_size: height and width of its images, in pixels; None for that of its position embeddings.
        fields: further arguments of timm's ``VisionTransformer``.

    Raises:
        MissingWeightsError: the package is not installed.
        BadInputError: the tensors belong to another network.
    """
    transformer = _transformer(what)
    for name, axes in (AXES | {"head.weight": 2} if fields["num_classes"] else AXES).items():
        if name not in tensors or tensors[name].ndim != axes:
            raise BadInputError(f"expected weights of {what}, found no {name!r} of {axes} axes in {path}: {OTHER}")
    blocks = {name.split(".")[1] for name in tensors if name.startswith("blocks.")}
    width, patch = tensors["cls_token"].shape[-1], tensors["patch_embed.proj.weight"].shape[-1]
    hidden, positions = tensors["blocks.0.mlp.fc1.weight"].shape[0], tensors["pos_embed"].shape[1] - 1
    side = math.isqrt(max(positions, 0))
    size = img_size or side * patch
    if width < HEAD or width % HEAD or not side or side**2 != positions or not 1 <= patch <= size:
        raise BadInputError(
            f"expected weights of {what}, found a width of {width}, patches of {patch} pixels and {positions} "
            f"positions in {path}: {OTHER}"
        )
    with torch.device("meta"):
        made: nn.Module = transformer(
            img_size=size,
            patch_size=patch,
            embed_dim=width,
            depth=len(blocks),
            num_heads=width // HEAD,
            mlp_ratio=(hidden + 0.5) / width,  # timm truncates width * mlp_ratio to a whole number
            weight_init="skip",
            **fields,
        )
    return made


def _transformer(what: str) -> Any:
    try:
        from timm.models.vision_transformer import VisionTransformer
    except ImportError as error:
        raise MissingWeightsError(
            f"expected the package timm to build {what}, found that it is not installed: pip install 'ganbench[vit]'."
        ) from error
    return VisionTransformer
