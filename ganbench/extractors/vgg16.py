"""The extractor of precision and recall: VGG16 trained on ImageNet, its second fully connected layer.

The weights are torchvision's, the same as in NVlabs' ``vgg16.pkl``.

Deviation: the official file is a TorchScript program and is not run. Its preprocessing (TensorFlow 1's bilinear resize
to 224x224, ImageNet mean and deviation) is known from torch-fidelity, whose tests obtain the same features to 1e-4.
"""

from collections.abc import Mapping

import torch
import torchvision
from torch import Tensor, nn

from ganbench.checkpoints.download import fetch_weights
from ganbench.extractors.network import Network, read_weights
from ganbench.images import resize, to_rgb
from ganbench.types import WeightsFile, needs

URL = "https://download.pytorch.org/models/vgg16-397923af.pth"
SHA256 = "397923af8e79cdbb6a7127f12361acd7a2f83e06b05044ddf496e83de57a5bf0"
NBYTES = 553_433_881
LICENCE = "VGG16 by torchvision (BSD 3-Clause), trained on ImageNet"
SIZE = 224
MEAN = (0.485, 0.456, 0.406)  # of ImageNet, for images in 0..1
DEVIATION = (0.229, 0.224, 0.225)


class Vgg16Extractor(Network):
    """``features`` (4096, the second fully connected layer after its ReLU).

    Images of any size are resized to 224x224 like in TensorFlow 1. Greyscale is repeated in three channels.

    Source: Kynkäänniemi et al., Improved precision and recall metric (NeurIPS 2019), section 2.
    """

    layers: Mapping[str, int] = {"features": 4096}
    input_size = SIZE
    module: nn.Sequential

    def __call__(self, images: Tensor) -> Mapping[str, Tensor]:
        """Return ``features [N, 4096]`` of ``[N, C, H, W]`` uint8 images."""
        resized = normalised(resize(self.prepared(images), SIZE, "tf1-bilinear"))
        maps = torch.cat([self.module[0](part) for part in self.in_cache(resized)])
        return {"features": self.module[1:](maps)}


def convolutions() -> nn.Sequential:
    """Return the convolutional half of the network, with random weights and module names as in the file."""
    features: nn.Sequential = torchvision.models.vgg16(init_weights=False).features
    return features


def normalised(images: Tensor, mean: tuple[float, ...] = MEAN, deviation: tuple[float, ...] = DEVIATION) -> Tensor:
    """Return ``[N, C, H, W]`` in 0..255 as ``[N, 3, H, W]``, standardised by a mean and deviation (ImageNet's).

    LPIPS states the same numbers for -1..1: the shift (-.030, -.088, -.188) and the scale (.458, .448, .450).
    """
    centre, scale = (images.new_tensor(values).reshape(3, 1, 1) * 255 for values in (mean, deviation))
    return (to_rgb(images) - centre) / scale


def weights() -> tuple[WeightsFile, ...]:
    """Return the published file of weights."""
    return (WeightsFile(URL, SHA256, nbytes=NBYTES, licence=LICENCE),)


@needs(weights)
def open_vgg16() -> Vgg16Extractor:
    """Return VGG16's second fully connected layer, for precision and recall.

    The network is float32, on the CPU.

    Raises:
        MissingWeightsError: its weights are not here and cannot be fetched.
    """
    with torch.device("meta"):
        whole = torchvision.models.vgg16(init_weights=False)
    whole.load_state_dict(read_weights(fetch_weights(weights()[0])), assign=True)
    return Vgg16Extractor("vgg16", SHA256, second_layer(whole))


def second_layer(whole: torchvision.models.VGG) -> nn.Sequential:
    """Return the network up to its second fully connected layer, without dropout, which is idle in eval mode."""
    fc1, relu1, _, fc2, relu2 = whole.classifier[:5]
    return nn.Sequential(whole.features, nn.Flatten(), fc1, relu1, fc2, relu2)
