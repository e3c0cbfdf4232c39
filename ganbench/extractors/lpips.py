"""The extractor of perceptual path length: LPIPS on VGG16, with the learned weights of the ``lpips`` package."""

import hashlib
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

import torch
import torchvision
from torch import Tensor, nn

from ganbench.checkpoints.digest import file_sha256
from ganbench.checkpoints.download import fetch
from ganbench.errors import BadInputError, MissingWeightsError
from ganbench.extractors import vgg16
from ganbench.extractors.network import Network, read_weights, unit_embedding

LINEAR_SHA256 = "a78928a0af1e5f0fcb1f3b9e8f8c3a2a5a3de244d830ad5c1feddc79b8432868"
TAPS = (3, 8, 15, 22, 29)  # relu1_2, relu2_2, relu3_3, relu4_3, relu5_3 in torchvision's VGG16
CHANNELS = (64, 128, 256, 512, 512)
SMALLEST = 16


class Backbone(nn.Module):
    """VGG16's convolutions up to relu5_3, and one weight a channel of each tapped layer."""

    def __init__(self) -> None:
        super().__init__()
        self.features = torchvision.models.vgg16(init_weights=False).features[: TAPS[-1] + 1]
        self.weights = nn.ParameterList([torch.empty(channels) for channels in CHANNELS])

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Return the tapped layers of ``[N, 3, H, W]`` normalised images."""
        layers = []
        for index, layer in enumerate(self.features):
            x = layer(x)
            if index in TAPS:
                layers.append(x)
        return tuple(layers)


class LpipsExtractor(Network):
    """Perceptual distances alone: ``embed``, and no layer of features. Images keep their size.

    Source: Zhang et al., The unreasonable effectiveness of deep features (CVPR 2018), the "lin" model, version 0.1.
    """

    module: Backbone

    def __call__(self, images: Tensor) -> Mapping[str, Tensor]:
        """Return nothing: there are no layers."""
        return {}

    def embed(self, images: Tensor) -> Tensor:
        """Return ``[N, E]`` of ``[N, C, H, W]`` float images in 0..255; E grows with the images.

        Raises:
            BadInputError: for images smaller than 16x16.
        """
        if min(images.shape[2:]) < SMALLEST:
            raise BadInputError(
                f"LPIPS takes images of {SMALLEST}x{SMALLEST} pixels at least, not {images.shape[2]}x"
                f"{images.shape[3]}: measure a larger model."
            )
        layers = self.module(vgg16.normalised(self.prepared(images)))
        return unit_embedding(layers, tuple(self.module.weights))


def open_lpips_vgg16() -> LpipsExtractor:
    """Return the extractor ``lpips-vgg16``, float32, on the CPU.

    Raises:
        MissingWeightsError: if its weights are not here and cannot be fetched.
    """
    with torch.device("meta"):
        module = Backbone()
    linear = read_weights(_linear_path())
    state = {f"weights.{i}": linear[f"lin{i}.model.1.weight"].flatten() for i in range(len(TAPS))}
    backbone = read_weights(fetch(vgg16.URL, vgg16.SHA256))
    state |= {name: backbone[name] for name in module.state_dict() if name in backbone}
    module.load_state_dict(state, assign=True)
    both = hashlib.sha256((vgg16.SHA256 + LINEAR_SHA256).encode()).hexdigest()
    return LpipsExtractor("lpips-vgg16", both, module)


def _linear_path() -> Path:
    """Return the path of the learned weights, which the package ``lpips`` carries."""
    spec = find_spec("lpips")  # importing it would take seconds
    if spec is None or spec.origin is None:
        raise MissingWeightsError("the package lpips, whose weights LPIPS needs, is not installed: pip install lpips.")
    path = Path(spec.origin).parent / "weights" / "v0.1" / "vgg.pth"
    if not path.is_file() or file_sha256(path) != LINEAR_SHA256:
        raise MissingWeightsError(
            f"{path} is not the file of LPIPS 0.1 (sha256 {LINEAR_SHA256}): pip install --force-reinstall lpips==0.1.4."
        )
    return path
