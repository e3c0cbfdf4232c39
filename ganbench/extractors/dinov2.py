"""The extractor of FD-DINOv2: the class token of DINOv2's vision transformer ViT-L/14.

Weights are Meta's; ``dinov2:FILE`` reads them from a file, in the layout of Meta, timm or transformers, of any size but
the giant one.
"""

from collections.abc import Mapping

import torch.nn.functional as F
from torch import Tensor

from ganbench.checkpoints import file_sha256
from ganbench.checkpoints.download import fetch_weights
from ganbench.errors import BadInputError
from ganbench.extractors.network import Network
from ganbench.extractors.vgg16 import normalised
from ganbench.extractors.vit import network, renamed
from ganbench.extractors.weights import OTHER, fill, own_file, tensors_in
from ganbench.images import resize
from ganbench.types import WeightsFile, needs

URL = "https://dl.fbaipublicfiles.com/dinov2/dinov2_vitl14/dinov2_vitl14_pretrain.pth"
LICENCE = "DINOv2 by Meta (Apache 2.0)"
SIZE = 224
OFFSET = 0.1  # patches, in resampling position embeddings; see resampled()
WHAT = "DINOv2"
TRANSFORMERS = {  # names of the package transformers -> names of timm, which are Meta's
    "dinov2.": "",
    "embeddings.cls_token": "cls_token",
    "embeddings.position_embeddings": "pos_embed",
    "embeddings.patch_embeddings.projection.": "patch_embed.proj.",
    "encoder.layer.": "blocks.",
    ".attention.attention.": ".attn.",
    ".attention.output.dense.": ".attn.proj.",
    ".layer_scale1.lambda1": ".ls1.gamma",
    ".layer_scale2.lambda1": ".ls2.gamma",
    "layernorm.": "norm.",
}


class Dinov2Extractor(Network):
    """``features`` (1024 for ViT-L/14): the class token after the last normalisation.

    Images of any size are resized to 224x224 by Pillow's antialiased bicubic filter, rounded to 8 bits, and
    standardised by the mean and deviation of ImageNet. Greyscale is repeated in three channels.

    Source: Stein et al., Exposing flaws of generative model evaluation metrics (NeurIPS 2023), and its code, dgm-eval;
    Oquab et al., DINOv2 (TMLR 2024).
    """

    input_size = SIZE

    def __call__(self, images: Tensor) -> Mapping[str, Tensor]:
        """Return ``features [N, 1024]`` (of ViT-L) of ``[N, C, H, W]`` images in 0..255."""
        return {"features": self.module(normalised(self.prepared(resize(self.checked(images), SIZE, "pil-bicubic"))))}


def weights() -> tuple[WeightsFile, ...]:
    """Return the published file of weights; no checksum is published with it."""
    return (WeightsFile(URL, licence=LICENCE),)


@needs(weights)
def open_dinov2(file: str | None = None) -> Dinov2Extractor:
    """Return DINOv2's ViT-L/14, for FD-DINOv2.

    The network is float32, on the CPU.

    Args:
        file: of weights; None for the published ones.

    Raises:
        MissingWeightsError: timm is not installed, or the published weights are not here and cannot be fetched.
        BadInputError: the file is missing, damaged, or holds other weights.
    """
    path = fetch_weights(weights()[0]) if file is None else own_file(file, "dinov2")
    tensors = renamed(tensors_in(path), TRANSFORMERS)
    if any("register_tokens" in name or "reg_token" in name for name in tensors):
        raise BadInputError(f"expected weights of DINOv2 without registers, found register tokens in {path}: {OTHER}")
    module = network(tensors, path, WHAT, img_size=SIZE, init_values=1.0, num_classes=0)
    patch = tensors["patch_embed.proj.weight"].shape[-1]
    tensors["pos_embed"] = resampled(tensors["pos_embed"].float(), SIZE // patch)
    fill(module, tensors, path, WHAT)
    made = Dinov2Extractor("dinov2" if file is None else f"dinov2:{path.name}", file_sha256(path), module)
    made.layers = {"features": tensors["cls_token"].shape[-1]}
    return made


def resampled(positions: Tensor, side: int) -> Tensor:
    """Return position embeddings ``[1, 1 + side^2, D]`` resampled from ``[1, 1 + S^2, D]``, learned at 518x518.

    The official code interpolates with the scale ``(side + 0.1) / S``, which shifts the sample positions a little.
    Packages that interpolate from size to size get other features.
    """
    token, grid = positions[:, :1], positions[:, 1:]
    learned = int(grid.shape[1] ** 0.5)
    if learned == side:
        return positions
    square = grid.reshape(1, learned, learned, -1).permute(0, 3, 1, 2)
    scale = (side + OFFSET) / learned
    made = F.interpolate(square, scale_factor=(scale, scale), mode="bicubic")
    return F.pad(made.flatten(2).transpose(1, 2), (0, 0, 1, 0)) + F.pad(token, (0, 0, 0, made.shape[-1] ** 2))
