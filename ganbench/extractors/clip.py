"""CLIP's image embeddings: ``clip`` (ViT-B/32) of clean-fid's CLIP-FID, ``clip-l14-336`` (ViT-L/14@336px) of CMMD.

Weights are OpenAI's; ``clip:FILE`` reads them from a file, in OpenAI's layout or in that of the package transformers.
Weights that others trained with another activation look the same but give wrong embeddings.
"""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from ganbench.checkpoints import file_sha256
from ganbench.checkpoints.download import fetch_weights
from ganbench.extractors.network import Network
from ganbench.extractors.vgg16 import normalised
from ganbench.extractors.vit import network, renamed
from ganbench.extractors.weights import fill, own_file, tensors_in
from ganbench.images import resize
from ganbench.types import WeightsFile, needs

FOLDER = "https://openaipublic.azureedge.net/clip/models"
SHA256 = {
    "ViT-B-32.pt": "40d365715913c9da98579312b702a82c18be219cc2a73407c4526f58eba950af",
    "ViT-L-14-336px.pt": "3035c92b350959924f9f00213499208652fc7ea050643e8b385c2dac08641f02",
}
LICENCE = "CLIP by OpenAI (MIT)"
MEAN = (0.48145466, 0.4578275, 0.40821073)  # of the images that CLIP was trained on, in 0..1
DEVIATION = (0.26862954, 0.26130258, 0.27577711)
WHAT = "CLIP"
OPENAI = {  # names of OpenAI -> names of timm
    "visual.": "",
    "class_embedding": "cls_token",
    "positional_embedding": "pos_embed",
    "conv1.": "patch_embed.proj.",
    "transformer.resblocks.": "blocks.",
    ".attn.in_proj_": ".attn.qkv.",
    ".attn.out_proj.": ".attn.proj.",
    ".mlp.c_fc.": ".mlp.fc1.",
    ".mlp.c_proj.": ".mlp.fc2.",
    ".ln_1.": ".norm1.",
    ".ln_2.": ".norm2.",
    "ln_pre.": "norm_pre.",
    "ln_post.": "norm.",
}
TRANSFORMERS = {  # names of the package transformers -> names of timm
    "vision_model.": "",
    "visual_projection.": "head.",
    "embeddings.class_embedding": "cls_token",
    "embeddings.position_embedding.weight": "pos_embed",
    "embeddings.patch_embedding.": "patch_embed.proj.",
    "encoder.layers.": "blocks.",
    ".self_attn.q_proj.": ".attn.query.",
    ".self_attn.k_proj.": ".attn.key.",
    ".self_attn.v_proj.": ".attn.value.",
    ".self_attn.out_proj.": ".attn.proj.",
    ".layer_norm1.": ".norm1.",
    ".layer_norm2.": ".norm2.",
    "pre_layrnorm.": "norm_pre.",
    "post_layernorm.": "norm.",
}


class ClipExtractor(Network):
    """``features`` (512 for ViT-B/32, 768 for ViT-L/14): the embedding of the image, not normalised to unit length.

    Images of any size are resized to the network's by Pillow's antialiased bicubic filter, rounded to 8 bits, and
    standardised by the mean and deviation of CLIP's training. Greyscale is repeated in three channels.

    Args:
        name: registered name; for weights from a file, followed by a colon and the file's name without its folder.
        sha256: of the weights.
        module: the network.
        input_size: height and width of the images that the network takes, in pixels.
        width: number of features.

    Source: Radford et al., Learning transferable visual models from natural language supervision (ICML 2021).
    Kynkäänniemi et al., The role of ImageNet classes in FID (ICLR 2023), and clean-fid, for ViT-B/32; Jayasumana et
    al., Rethinking FID (CVPR 2024), for ViT-L/14@336px.
    Deviation: float32; OpenAI's code runs in float16 on a GPU.
    """

    def __init__(self, name: str, sha256: str, module: nn.Module, input_size: int, width: int) -> None:
        super().__init__(name, sha256, module)
        self.input_size = input_size
        self.layers: Mapping[str, int] = {"features": width}

    def __call__(self, images: Tensor) -> Mapping[str, Tensor]:
        """Return ``features [N, width]`` of ``[N, C, H, W]`` images in 0..255."""
        prepared = self.prepared(resize(self.checked(images), self.input_size, "pil-bicubic"))
        return {"features": self.module(normalised(prepared, MEAN, DEVIATION))}


def published(file: str) -> WeightsFile:
    """Return a published file of weights, whose checksum is in its address."""
    return WeightsFile(f"{FOLDER}/{SHA256[file]}/{file}", SHA256[file], licence=LICENCE)


@needs(lambda: (published("ViT-B-32.pt"),))
def open_clip(file: str | None = None) -> ClipExtractor:
    """Return CLIP's ViT-B/32, for CLIP-FID.

    The network is float32, on the CPU.

    Args:
        file: of weights; None for the published ones.

    Raises:
        MissingWeightsError: timm is not installed, or the published weights are not here and cannot be fetched.
        BadInputError: the file is missing, damaged, or holds other weights.
    """
    return _opened("clip", published("ViT-B-32.pt"), file)


@needs(lambda: (published("ViT-L-14-336px.pt"),))
def open_clip_l14_336(file: str | None = None) -> ClipExtractor:
    """Return CLIP's ViT-L/14 at 336x336, for CMMD.

    The network is float32, on the CPU. Arguments and errors are those of ``open_clip``.
    """
    return _opened("clip-l14-336", published("ViT-L-14-336px.pt"), file)


def _opened(name: str, weights: WeightsFile, file: str | None) -> ClipExtractor:
    path = fetch_weights(weights) if file is None else own_file(file, name)
    tensors = of_images(tensors_in(path))
    width = len(tensors.get("head.bias", "?"))  # without a projection, network() raises
    module: nn.Module = network(
        tensors, path, WHAT, pre_norm=True, norm_layer=nn.LayerNorm, act_layer="quick_gelu", num_classes=width
    )
    fill(module, tensors, path, WHAT)
    size = int((tensors["pos_embed"].shape[1] - 1) ** 0.5) * tensors["patch_embed.proj.weight"].shape[-1]
    full_name = name if file is None else f"{name}:{path.name}"
    return ClipExtractor(full_name, file_sha256(path), module, size, width)


def of_images(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the tensors of CLIP's image half under timm's names, without the text half."""
    if any(name.startswith("vision_model.") for name in tensors):
        mine = ("vision_model.", "visual_projection.")
        found = renamed({name: it for name, it in tensors.items() if name.startswith(mine)}, TRANSFORMERS)
    else:
        found = renamed({name: it for name, it in tensors.items() if name.startswith("visual.")}, OPENAI)
        if "proj" in found and found["proj"].ndim == 2:
            found["head.weight"] = found.pop("proj").T
    if "head.weight" in found and found["head.weight"].ndim:
        found["head.bias"] = torch.zeros(len(found["head.weight"]))  # CLIP's projection has no bias
    return found
