"""The extractor of FID, KID and the Inception Score: TensorFlow's Inception-v3 of 2015-12-05, ported to PyTorch."""

from collections.abc import Mapping

import torch
from torch import Tensor

from ganbench.checkpoints.download import fetch
from ganbench.extractors.inception_network import NUM_CLASSES, NUM_FEATURES, Inception
from ganbench.extractors.network import Network, read_weights
from ganbench.images import resize, to_rgb

URL = "https://github.com/mseitzer/pytorch-fid/releases/download/fid_weights/pt_inception-2015-12-05-6726825d.pth"
SHA256 = "6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2"
SIZE = 299


class InceptionExtractor(Network):
    """``features`` (2048, after the last pooling) and ``probabilities`` (1008, softmax of logits without their bias).

    Images of any size are resized to 299x299 as TensorFlow 1 did and scaled by ``(x - 128) / 128``. Greyscale is
    repeated in three channels.

    Source: Heusel et al., GANs trained by a two time-scale update rule (NeurIPS 2017), for the features; that the
    official Inception Score leaves out the bias: StyleGAN2-ADA.
    """

    layers: Mapping[str, int] = {"features": NUM_FEATURES, "probabilities": NUM_CLASSES}
    input_size = SIZE
    module: Inception

    def __call__(self, images: Tensor) -> Mapping[str, Tensor]:
        """Return ``features [N, 2048]`` and ``probabilities [N, 1008]`` of ``[N, C, H, W]`` uint8 images."""
        resized = resize(self.prepared(images), SIZE, "tf1-bilinear")
        features = self.module(to_rgb((resized - 128) / 128))
        probabilities = torch.softmax(features @ self.module.fc.weight.T, 1)
        return {"features": features, "probabilities": probabilities}


def open_inception() -> InceptionExtractor:
    """Return the extractor ``inception``, float32, on the CPU.

    Raises:
        MissingWeightsError: its weights are not here and cannot be fetched.
    """
    with torch.device("meta"):
        module = Inception()
    module.load_state_dict(read_weights(fetch(URL, SHA256)), assign=True)
    return InceptionExtractor("inception", SHA256, module)
