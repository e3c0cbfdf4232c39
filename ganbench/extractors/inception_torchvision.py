"""The extractor of StarGAN v2's FID: torchvision's Inception-v3, trained on ImageNet, without its classifier.

Its numbers compare only with those of StarGAN v2's evaluation: weights, resize and normalisation all differ from the
TensorFlow port, ``inception``.
"""

from collections.abc import Mapping

import torch
import torchvision
from torch import Tensor, nn

from ganbench.checkpoints.download import fetch_weights
from ganbench.extractors.network import Network, read_weights
from ganbench.extractors.vgg16 import normalised
from ganbench.images import resize
from ganbench.types import WeightsFile, needs

URL = "https://download.pytorch.org/models/inception_v3_google-0cc3c7bd.pth"
SHA256 = "0cc3c7bd75056d25e46cba549dc184522069b81e9787eff6df84f397bd52a5ef"
NBYTES = 108_949_747
LICENCE = "Inception-v3 by Google (Apache 2.0), converted for torchvision (BSD 3-Clause), trained on ImageNet"
SIZE = 299
NUM_FEATURES = 2048


class InceptionTorchvisionExtractor(Network):
    """``features`` (2048, after the last pooling).

    Images of any size are resized to 299x299 by Pillow's antialiased bilinear filter, rounded to 8 bits, and
    standardised by the mean and deviation of ImageNet, as in the official program, although the network was trained on
    -1..1.
    Greyscale is repeated in three channels.

    Source: Choi et al., StarGAN v2 (CVPR 2020), appendix C, and the official evaluation.
    """

    layers: Mapping[str, int] = {"features": NUM_FEATURES}
    input_size = SIZE

    def __call__(self, images: Tensor) -> Mapping[str, Tensor]:
        """Return ``features [N, 2048]`` of ``[N, C, H, W]`` uint8 images."""
        return {"features": self.module(normalised(self.prepared(resize(self.checked(images), SIZE, "pil-bilinear"))))}


def weights() -> tuple[WeightsFile, ...]:
    """Return the published file of weights."""
    return (WeightsFile(URL, SHA256, nbytes=NBYTES, licence=LICENCE),)


@needs(weights)
def open_inception_torchvision() -> InceptionTorchvisionExtractor:
    """Return torchvision's Inception-v3, for StarGAN v2's FID.

    The network is float32, on the CPU.

    Raises:
        MissingWeightsError: its weights are not here and cannot be fetched.
    """
    module = trunk()
    tensors = read_weights(fetch_weights(weights()[0]))
    module.load_state_dict({name: tensors[name] for name in module.state_dict() if name in tensors}, assign=True)
    return InceptionTorchvisionExtractor("inception-torchvision", SHA256, module)


def trunk() -> nn.Module:
    """Return the network up to the pooled features, on the meta device, without classifiers or input scaling."""
    with torch.device("meta"):
        module: nn.Module = torchvision.models.Inception3(aux_logits=False, transform_input=False, init_weights=False)
    module.fc = nn.Identity()
    return module
