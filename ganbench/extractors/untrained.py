"""The built-in extractors with random weights, for estimating times only."""

from collections.abc import Callable, Mapping
from importlib.util import find_spec
from typing import Any, TypeVar

import torch
import torchvision
from torch import nn

from ganbench.extractors import celebahq, clip, dinov2, inception, inception_torchvision, lpips, vgg16
from ganbench.extractors.inception_network import Inception
from ganbench.types import Extractor

SHA256 = "untrained"
Module = TypeVar("Module", bound=nn.Module)


def untrained(name: str) -> Extractor | None:
    """Return an extractor's architecture with random weights, float32, on the CPU; None if it is not built in."""
    build = _BUILDERS.get(name)
    if build is None or (build in (_clip, _dinov2) and find_spec("timm") is None):
        return None
    return build(name)


def _inception(name: str) -> Extractor:
    preparation = {
        "inception-clean": inception.CLEAN,
        "inception-legacy-pytorch": inception.LEGACY_PYTORCH,
    }.get(name, inception.OFFICIAL)
    with torch.device("meta"):
        module = Inception()
    return inception.InceptionExtractor(name, SHA256, filled(module), preparation)


def _inception_torchvision(name: str) -> Extractor:
    return inception_torchvision.InceptionTorchvisionExtractor(name, SHA256, filled(inception_torchvision.trunk()))


def _vgg16(name: str) -> Extractor:
    with torch.device("meta"):
        whole = torchvision.models.vgg16(init_weights=False)
    return vgg16.Vgg16Extractor(name, SHA256, filled(vgg16.second_layer(whole)))


def _lpips(name: str) -> Extractor:
    trunk = lpips.VGG16 if name == "lpips-vgg16" else lpips.ALEXNET
    with torch.device("meta"):
        module = lpips.Backbone(trunk)
    return lpips.LpipsExtractor(name, SHA256, filled(module), trunk.smallest)


def _clip(name: str) -> Extractor:
    large = name == "clip-l14-336"
    size, width = (336, 768) if large else (224, 512)
    fields = {"pre_norm": True, "norm_layer": nn.LayerNorm, "act_layer": "quick_gelu"}
    module = _transformer(size, 14 if large else 32, large, num_classes=width, **fields)
    return clip.ClipExtractor(name, SHA256, module, size, width)


def _dinov2(name: str) -> Extractor:
    module = _transformer(dinov2.SIZE, 14, large=True, init_values=1.0, num_classes=0)
    extractor = dinov2.Dinov2Extractor(name, SHA256, module)
    extractor.layers = {"features": 1024}
    return extractor


def _transformer(size: int, patch: int, large: bool, **fields: Any) -> nn.Module:
    """Return a ViT-L or ViT-B."""
    from timm.models.vision_transformer import VisionTransformer

    width, depth, heads = (1024, 24, 16) if large else (768, 12, 12)
    with torch.device("meta"):
        module: nn.Module = VisionTransformer(
            img_size=size, patch_size=patch, embed_dim=width, depth=depth, num_heads=heads, weight_init="skip", **fields
        )
    return filled(module)


def _celebahq(name: str) -> Extractor:
    from baselines.stylegan1.networks import Discriminator

    size = celebahq.SIZE
    network = Discriminator(c_dim=0, img_resolution=size, img_channels=3, mbstd_group_size=0, structure="fixed")
    networks = nn.ModuleList([network] * len(celebahq.ATTRIBUTES))  # one in memory, run once for each
    return celebahq.AttributeClassifiers(name, SHA256, celebahq.ATTRIBUTES, networks)


_BUILDERS: Mapping[str, Callable[[str], Extractor]] = {
    "inception": _inception,
    "inception-clean": _inception,
    "inception-legacy-pytorch": _inception,
    "inception-torchvision": _inception_torchvision,
    "vgg16": _vgg16,
    "lpips-vgg16": _lpips,
    "lpips-alex": _lpips,
    "lpips-alex-stargan": _lpips,
    "celebahq": _celebahq,
    "clip": _clip,
    "clip-l14-336": _clip,
    "dinov2": _dinov2,
}


@torch.no_grad()
def filled(module: Module) -> Module:
    """Return a module from the meta device, on the CPU, with random weights that preserve the scale of activations."""
    module.to_empty(device="cpu")
    for parameter in module.parameters():
        if parameter.ndim > 1:
            nn.init.kaiming_normal_(parameter)
        else:
            parameter.fill_(1)
    for name, buffer in module.named_buffers():
        buffer.fill_(0 if name.endswith("running_mean") else 1)
    return module
