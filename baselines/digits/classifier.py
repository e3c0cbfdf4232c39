"""The digits classifier: ten classes, 64 features for the metrics, and the layers of the digits perceptual metric.

The features are linear, and in training a linear decoder must reconstruct the image from them (see ``train.py``). They
therefore describe the look of a digit, not only its class, so that a generator with a single perfect 3 does not score
like one with all of them.
"""

from functools import cache
from pathlib import Path
from typing import NamedTuple

import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import Tensor, nn

from baselines.digits.dataset import NUM_CLASSES, RESOLUTION

WEIGHTS = Path(__file__).parent / "weights" / "classifier.safetensors"
NUM_FEATURES = 64


class Activations(NamedTuple):
    """Intermediate and final outputs of the classifier.

    Attributes:
        layers: convolutional layers, ``[N, 16, 16, 16]``, ``[N, 32, 8, 8]``, ``[N, 32, 8, 8]``, ``[N, 64, 4, 4]``.
        features: ``[N, 64]``, without activation function.
        logits: ``[N, 10]``, before the softmax.
    """

    layers: tuple[Tensor, ...]
    features: Tensor
    logits: Tensor


class Classifier(nn.Module):
    """Four convolutions and two linear layers; 1.3 million multiply-adds per image, fast enough on a CPU.

    The activation function is SiLU, which is smooth, because path lengths are finite differences of the layers.
    """

    def __init__(self) -> None:
        super().__init__()
        self.convolutions = nn.ModuleList(
            [
                nn.Conv2d(1, 16, 4, stride=2, padding=1),
                nn.Conv2d(16, 32, 3, stride=2, padding=1),
                nn.Conv2d(32, 32, 3, padding=1),
                nn.Conv2d(32, 64, 3, stride=2, padding=1),
            ]
        )
        self.embedding = nn.Linear(64 * (RESOLUTION // 8) ** 2, NUM_FEATURES)
        self.output = nn.Linear(NUM_FEATURES, NUM_CLASSES)

    def convolved(self, images: Tensor) -> tuple[Tensor, ...]:
        """Return each convolutional layer's output for ``[N, 1, H, W]`` images of any size, uint8 or float, 0..255."""
        x = images.to(self.output.weight) / 127.5 - 1
        layers = []
        for convolution in self.convolutions:
            x = F.silu(convolution(x))
            layers.append(x)
        return tuple(layers)

    def activations(self, images: Tensor) -> Activations:
        """Return layers, features and logits of ``[N, 1, 32, 32]`` images, uint8 or float, 0..255."""
        layers = self.convolved(images)
        features = self.embedding(layers[-1].flatten(1))
        return Activations(layers, features, self.output(features))

    def forward(self, images: Tensor) -> Tensor:
        """Return the logits ``[N, 10]`` of ``[N, 1, 32, 32]`` images, uint8 or float, 0..255."""
        return self.activations(images).logits


@cache
def _weights() -> dict[str, Tensor]:
    return load_file(WEIGHTS)


def load() -> Classifier:
    """Return a new copy of the shipped classifier, in eval mode, float32, on the CPU."""
    # On the meta device nothing is initialised, so loading draws no random numbers.
    with torch.device("meta"):
        classifier = Classifier()
    classifier.load_state_dict({name: weight.clone() for name, weight in _weights().items()}, assign=True)
    return classifier.eval().requires_grad_(False)
