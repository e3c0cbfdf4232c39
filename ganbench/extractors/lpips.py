"""LPIPS on VGG16 and AlexNet, with the learned weights of the package ``lpips``, in two conventions.

``lpips-vgg16`` (perceptual path length) and ``lpips-alex`` are the package's distances. ``lpips-alex-stargan`` is that
of StarGAN v2's evaluation: the same trunk and the same learned weights (its ``lpips_weights.ckpt`` holds exactly the
numbers of the package's ``v0.1/alex.pth``), but the epsilon of the normalisation is inside the root. Unless features
are almost all zero, both agree to rounding.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

import torch
from torch import Tensor, nn

from ganbench.checkpoints.digest import file_sha256
from ganbench.checkpoints.download import fetch_weights
from ganbench.errors import BadInputError, MissingWeightsError
from ganbench.extractors import alexnet, vgg16
from ganbench.extractors.network import Network, read_weights
from ganbench.functional.lpips import Epsilon, layer_distance, lpips_embedding
from ganbench.types import needs


@dataclass(frozen=True)
class Trunk:
    """A network whose layers LPIPS compares.

    Attributes:
        published: module with its ``weights``, their checksum, and its ``convolutions``.
        taps: indices of the layers that are compared, all after a ReLU.
        channels: of these layers.
        smallest: height and width of the smallest image for which no layer is empty.
        linear: name of the package's file of learned weights.
    """

    published: ModuleType
    taps: tuple[int, ...]
    channels: tuple[int, ...]
    smallest: int
    linear: str


VGG16 = Trunk(vgg16, taps=(3, 8, 15, 22, 29), channels=(64, 128, 256, 512, 512), smallest=16, linear="vgg.pth")
ALEXNET = Trunk(alexnet, taps=(1, 4, 7, 9, 11), channels=(64, 192, 384, 256, 256), smallest=31, linear="alex.pth")
LINEAR_SHA256 = {
    "vgg.pth": "a78928a0af1e5f0fcb1f3b9e8f8c3a2a5a3de244d830ad5c1feddc79b8432868",
    "alex.pth": "df73285e35b22355a2df87cdb6b70b343713b667eddbda73e1977e0c860835c0",
}


class Backbone(nn.Module):
    """A trunk's convolutions up to the last tapped layer, and one weight per channel of each tapped layer."""

    def __init__(self, trunk: Trunk) -> None:
        super().__init__()
        self.taps = trunk.taps
        self.features = trunk.published.convolutions()[: trunk.taps[-1] + 1]
        self.weights = nn.ParameterList([torch.empty(channels) for channels in trunk.channels])

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Return the tapped layers of ``[N, 3, H, W]`` normalised images."""
        return tuple(self.layers(x))

    def layers(self, x: Tensor) -> Iterator[Tensor]:
        """Yield the same, one by one."""
        for index, layer in enumerate(self.features):
            x = layer(x)
            if index in self.taps:
                yield x


class LpipsExtractor(Network):
    """Perceptual distances (``embed``); there are no layers of features. Images keep their size and are not clipped.

    Args:
        name: registered name.
        sha256: of trunk and learned weights.
        module: the trunk.
        smallest: height and width of the smallest image.
        epsilon: position of the epsilon of the normalisation; see ``ganbench.functional.lpips.unit_channels``.

    Source: Zhang et al., The unreasonable effectiveness of deep features (CVPR 2018), the "lin" model, version 0.1.
    """

    module: Backbone

    def __init__(self, name: str, sha256: str, module: Backbone, smallest: int, epsilon: Epsilon = "outside") -> None:
        super().__init__(name, sha256, module)
        self.smallest, self.epsilon = smallest, epsilon
        self.stride = int(module.features[0].stride[0])

    def __call__(self, images: Tensor) -> Mapping[str, Tensor]:
        """Return an empty mapping, because there are no layers."""
        return {}

    def embed(self, images: Tensor) -> Tensor:
        """Return ``[N, E]`` of ``[N, C, H, W]`` float images in 0..255; E grows with the images.

        Raises:
            BadInputError: the images are too small: at least 16x16 for VGG16 and 31x31 for AlexNet.
        """
        parts, weights = self.in_cache(self._standardised(images)), tuple(self.module.weights)
        layers = self._maps(parts[0])
        embedding = layers[0].new_empty((len(images), sum(layer[0].numel() for layer in layers)))
        for part, rows in zip(parts, torch.split(embedding, len(parts[0])), strict=True):
            layers = layers if part is parts[0] else self._maps(part)
            lpips_embedding(layers, weights, epsilon=self.epsilon, channels_last=True, out=rows)
        return embedding

    def distances(self, first: Tensor, second: Tensor) -> Tensor:
        """Return the distances ``[N]`` of ``first`` and ``second``, ``[N, C, H, W]`` float images in 0..255.

        Layers are compared while they are computed: on a CPU two large images at a time, so that no map is there longer
        than needed.

        Raises:
            BadInputError: as for ``embed``.
        """
        if self.checked(first).shape != self.checked(second).shape:
            raise BadInputError(
                f"expected pairs of images of one shape for {self.name}, found {list(first.shape)} and "
                f"{list(second.shape)}: give as many of both, of one size."
            )
        pairs = zip(self.in_cache(first), self.in_cache(second), strict=True)
        return torch.cat([self._compare(x, y) for x, y in pairs])

    def _compare(self, first: Tensor, second: Tensor) -> Tensor:
        """Return ``distances`` of a few images: on a CPU, of some small ones or of one and one."""
        images = self._standardised(torch.cat([first, second]))
        layers: Iterable[tuple[Tensor, ...]]
        if len(self.in_cache(images)) == 1:
            layers = (layer.chunk(2) for layer in self.module.layers(images))
        else:
            layers = zip(*(self.module.layers(side) for side in images.chunk(2)), strict=True)
        pairs = zip(layers, self.module.weights, strict=True)
        distances = [layer_distance(x, y, weight, self.epsilon) for (x, y), weight in pairs]
        return torch.stack(distances).sum(0)

    def _standardised(self, images: Tensor) -> Tensor:
        """Return images as the network takes them; errors are those of ``embed``."""
        if min(self.checked(images).shape[2:]) < self.smallest:
            raise BadInputError(
                f"expected images of at least {self.smallest}x{self.smallest} pixels for {self.name}, found "
                f"{images.shape[2]}x{images.shape[3]}: measure a larger model."
            )
        return vgg16.normalised(self.prepared(images))

    def _maps(self, given: Tensor) -> list[Tensor]:
        """Return the tapped layers ``[N, H, W, C]`` of standardised images, which is their order in memory on a CPU."""
        return [layer.permute(0, 2, 3, 1) for layer in self.module(given)]


@needs(vgg16.weights)
def open_lpips_vgg16() -> LpipsExtractor:
    """Return LPIPS on VGG16, for perceptual path length.

    The network is float32, on the CPU.

    Raises:
        MissingWeightsError: its weights are not here and cannot be fetched.
    """
    return LpipsExtractor("lpips-vgg16", *_loaded(VGG16), VGG16.smallest)


@needs(alexnet.weights)
def open_lpips_alex() -> LpipsExtractor:
    """Return LPIPS on AlexNet, the default of the package lpips.

    The network is float32, on the CPU.

    Raises:
        MissingWeightsError: its weights are not here and cannot be fetched.
    """
    return LpipsExtractor("lpips-alex", *_loaded(ALEXNET), ALEXNET.smallest)


@needs(alexnet.weights)
def open_lpips_alex_stargan() -> LpipsExtractor:
    """Return LPIPS on AlexNet as in StarGAN v2's evaluation, with the epsilon inside the root.

    The network is float32, on the CPU.

    Raises:
        MissingWeightsError: its weights are not here and cannot be fetched.

    Source: Choi et al., StarGAN v2 (CVPR 2020), appendix C, and the normalisation of the official evaluation.
    """
    return LpipsExtractor("lpips-alex-stargan", *_loaded(ALEXNET), ALEXNET.smallest, "inside")


def _loaded(trunk: Trunk) -> tuple[str, Backbone]:
    """Return the checksum of both files of weights, and the trunk with them."""
    with torch.device("meta"):
        module = Backbone(trunk)
    linear = read_weights(_linear_path(trunk.linear))
    state = {f"weights.{i}": linear[f"lin{i}.model.1.weight"].flatten() for i in range(len(trunk.taps))}
    published = read_weights(fetch_weights(trunk.published.weights()[0]))
    state |= {name: published[name] for name in module.state_dict() if name in published}
    module.load_state_dict(state, assign=True)
    both = trunk.published.SHA256 + LINEAR_SHA256[trunk.linear]
    return hashlib.sha256(both.encode()).hexdigest(), module


def _linear_path(file: str) -> Path:
    """Return the path of the learned weights, which are part of the package ``lpips``."""
    spec = find_spec("lpips")  # importing it would take seconds
    if spec is None or spec.origin is None:
        raise MissingWeightsError(
            "expected the package lpips for the weights of LPIPS, found that it is not installed: pip install lpips."
        )
    path = Path(spec.origin).parent / "weights" / "v0.1" / file
    if not path.is_file() or file_sha256(path) != LINEAR_SHA256[file]:
        raise MissingWeightsError(
            f"expected the file of LPIPS 0.1 (sha256 {LINEAR_SHA256[file]}), found another: {path}; "
            "pip install --force-reinstall lpips==0.1.4."
        )
    return path
