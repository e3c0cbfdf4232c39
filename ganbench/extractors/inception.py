"""The extractor of FID, KID and the Inception Score: TensorFlow's Inception-v3 of 2015-12-05, ported to PyTorch.

The three names are clean-fid's three modes, with the same weights: ``inception`` is ``legacy_tensorflow``, the official
preparation of images; ``inception-clean`` and ``inception-legacy-pytorch`` are the other two. Each accepts a file of
weights after a colon: pytorch-fid's state dict, or the TorchScript file of NVlabs.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

from ganbench.checkpoints import file_sha256
from ganbench.checkpoints.download import fetch_weights
from ganbench.extractors.inception_layouts import as_ported
from ganbench.extractors.inception_network import NUM_CLASSES, NUM_FEATURES, NUM_SPATIAL, Inception
from ganbench.extractors.network import Network, read_weights
from ganbench.extractors.weights import fill, own_file, tensors_in
from ganbench.images import ResizeMethod, resize, to_rgb
from ganbench.types import WeightsFile, needs

URL = "https://github.com/mseitzer/pytorch-fid/releases/download/fid_weights/pt_inception-2015-12-05-6726825d.pth"
SHA256 = "6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2"
NBYTES = 95_628_359
LICENCE = "TensorFlow's Inception-v3 of 2015-12-05, converted for pytorch-fid (Apache 2.0)"
SIZE = 299


@dataclass(frozen=True)
class Preparation:
    """How images are prepared for the network.

    Attributes:
        resize: method of ``ganbench.images.resize``, to 299x299.
        centre: c in ``(x - c) / c``, which scales 0..255 to about -1..1.
    """

    resize: ResizeMethod
    centre: float


OFFICIAL: Final = Preparation("tf1-bilinear", 128)
CLEAN: Final = Preparation("clean-bicubic", 128)
LEGACY_PYTORCH: Final = Preparation("torch-bilinear", 127.5)


class InceptionExtractor(Network):
    """``features`` (2048, after the last pooling), ``probabilities`` (1008, softmax of logits without their bias) and
    ``spatial`` (2023, seven channels of 17x17, for sFID).

    Images of any size are resized to 299x299 and scaled; greyscale is repeated in three channels.

    Args:
        name: registered name; for weights from a file, followed by a colon and the file's name without its folder.
        sha256: of the weights.
        module: the network.
        preparation: of images; the official one resizes like TensorFlow 1 and scales by ``(x - 128) / 128``.

    Source: Heusel et al., GANs trained by a two time-scale update rule (NeurIPS 2017), for the features;
    StyleGAN2-ADA's code for leaving out the bias in the Inception Score; Parmar et al., On aliased resizing (CVPR
    2022), and the package clean-fid, for the other preparations; Nash et al., Generating images with sparse
    representations (ICML 2021), and ADM's evaluator for ``spatial``.
    """

    layers: Mapping[str, int] = {"features": NUM_FEATURES, "probabilities": NUM_CLASSES, "spatial": NUM_SPATIAL}
    input_size = SIZE
    module: Inception

    def __init__(self, name: str, sha256: str, module: Inception, preparation: Preparation = OFFICIAL) -> None:
        super().__init__(name, sha256, module)
        self.preparation = preparation

    def __call__(self, images: Tensor) -> Mapping[str, Tensor]:
        """Return ``features [N, 2048]``, ``probabilities [N, 1008]`` and ``spatial [N, 2023]`` of images.

        Args:
            images: ``[N, C, H, W]``, 0..255.
        """
        given, centre = self.prepared(images), self.preparation.centre
        resized = resize(given, SIZE, self.preparation.resize).to(given)
        features, spatial = self.module.activations(to_rgb((resized - centre) / centre))
        probabilities = torch.softmax(features @ self.module.fc.weight.T, 1)
        return {"features": features, "probabilities": probabilities, "spatial": spatial}


def weights() -> tuple[WeightsFile, ...]:
    """Return the published file of weights."""
    return (WeightsFile(URL, SHA256, nbytes=NBYTES, licence=LICENCE),)


@needs(weights)
def open_inception(file: str | None = None) -> InceptionExtractor:
    """Return TensorFlow's Inception-v3, for FID, KID and the Inception Score.

    The network is float32, on the CPU.

    Args:
        file: of weights; None for the published ones.

    Raises:
        MissingWeightsError: the published weights are not here and cannot be fetched.
        BadInputError: the file is missing, damaged, or holds other weights.
    """
    return _opened("inception", file, OFFICIAL)


@needs(weights)
def open_inception_clean(file: str | None = None) -> InceptionExtractor:
    """Return TensorFlow's Inception-v3 with clean-fid's mode ``clean``.

    The network is float32, on the CPU. Arguments and errors are those of ``open_inception``.
    """
    return _opened("inception-clean", file, CLEAN)


@needs(weights)
def open_inception_legacy_pytorch(file: str | None = None) -> InceptionExtractor:
    """Return TensorFlow's Inception-v3 with pytorch-fid's preparation, clean-fid's mode ``legacy_pytorch``.

    The preparation is bilinear without antialiasing, scaled by ``x / 127.5 - 1``. The network is float32, on the CPU.
    Arguments and errors are those of ``open_inception``.
    """
    return _opened("inception-legacy-pytorch", file, LEGACY_PYTORCH)


def _opened(name: str, file: str | None, preparation: Preparation) -> InceptionExtractor:
    with torch.device("meta"):
        module = Inception()
    if file is None:
        module.load_state_dict(read_weights(fetch_weights(weights()[0])), assign=True)
        return InceptionExtractor(name, SHA256, module, preparation)
    path = own_file(file, name)
    fill(module, as_ported(tensors_in(path)), path, "Inception-v3 of 2015-12-05")
    return InceptionExtractor(f"{name}:{path.name}", file_sha256(path), module, preparation)
