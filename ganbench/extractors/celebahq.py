"""The attribute classifiers for linear separability: 40 networks, one for each attribute of CelebA-HQ."""

import hashlib
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from ganbench.checkpoints import file_sha256, load_one
from ganbench.checkpoints.download import fetch_weights
from ganbench.errors import BadInputError
from ganbench.extractors.network import Network
from ganbench.images import to_float, to_rgb
from ganbench.types import WeightsFile, needs

URL = "https://nvlabs-fi-cdn.nvidia.com/stylegan/networks/metrics"
LICENCE = "of StyleGAN by NVIDIA, for non-commercial use (CC BY-NC 4.0)"
ATTRIBUTES = tuple(
    "male smiling attractive wavy-hair young 5-o-clock-shadow arched-eyebrows bags-under-eyes bald bangs big-lips "
    "big-nose black-hair blond-hair blurry brown-hair bushy-eyebrows chubby double-chin eyeglasses goatee gray-hair "
    "heavy-makeup high-cheekbones mouth-slightly-open mustache narrow-eyes no-beard oval-face pale-skin pointy-nose "
    "receding-hairline rosy-cheeks sideburns straight-hair wearing-earrings wearing-hat wearing-lipstick "
    "wearing-necklace wearing-necktie".split()
)
SIZE = 256


class AttributeClassifiers(Network):
    """One network with one output for each attribute; ``logits`` are the outputs of all.

    Images must be 256x256; greyscale is repeated in three channels.

    Args:
        name: registered name.
        sha256: of all weights.
        attributes: names of the networks' outputs, in order.
        module: the networks.
    """

    module: nn.ModuleList

    def __init__(self, name: str, sha256: str, attributes: tuple[str, ...], module: nn.ModuleList) -> None:
        super().__init__(name, sha256, module)
        self.attributes = attributes
        self.layers: Mapping[str, int] = {"logits": len(attributes)}
        self.resolution = SIZE

    def __call__(self, images: Tensor) -> Mapping[str, Tensor]:
        """Return ``logits [N, attributes]`` of ``[N, C, 256, 256]`` uint8 images."""
        return {"logits": self.attribute_logits(to_float(images))}

    def attribute_logits(self, images: Tensor) -> Tensor:
        """Return ``[N, attributes]`` of ``[N, C, 256, 256]`` float images, -1..1.

        Raises:
            BadInputError: for images of another size.
        """
        if images.shape[2:] != (SIZE, SIZE):
            raise BadInputError(
                f"expected {SIZE}x{SIZE} images for the extractor {self.name!r}, found "
                f"{images.shape[2]}x{images.shape[3]}: measure a model of that size or a larger one."
            )
        rgb = to_rgb(self.prepared(images))
        return torch.cat([network(rgb) for network in self.module], dim=1)


def weights() -> tuple[WeightsFile, ...]:
    """Return the published files, one for each attribute; no checksums are published with them."""
    names = [f"celebahq-classifier-{number:02d}-{attribute}.pkl" for number, attribute in enumerate(ATTRIBUTES)]
    return tuple(WeightsFile(f"{URL}/{name}", licence=LICENCE) for name in names)


@needs(weights)
def open_celebahq() -> AttributeClassifiers:
    """Return StyleGAN's 40 attribute classifiers of CelebA-HQ, for linear separability.

    The networks are float32, on the CPU.

    Raises:
        MissingWeightsError: a file is not here and cannot be fetched.
        BadInputError: a file is not one of these networks.
    """
    paths = [fetch_weights(file) for file in weights()]
    digest = hashlib.sha256("".join(map(file_sha256, paths)).encode()).hexdigest()
    networks = nn.ModuleList([load_one(path, "D") for path in paths])
    return AttributeClassifiers("celebahq", digest, ATTRIBUTES, networks)
