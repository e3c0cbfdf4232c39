"""The trunk of LPIPS diversity: the convolutions of AlexNet with torchvision's weights, trained on ImageNet."""

import torchvision
from torch import nn

from ganbench.types import WeightsFile

URL = "https://download.pytorch.org/models/alexnet-owt-7be5be79.pth"
SHA256 = "7be5be791159472b1fbf3c69796f7cb30dca7ad8466c2df70058c37116cdee02"
NBYTES = 244_408_911
LICENCE = "AlexNet by torchvision (BSD 3-Clause), trained on ImageNet"


def weights() -> tuple[WeightsFile, ...]:
    """Return the published file of weights."""
    return (WeightsFile(URL, SHA256, nbytes=NBYTES, licence=LICENCE),)


def convolutions() -> nn.Sequential:
    """Return the convolutional half of the network, with random weights and module names as in the file."""
    features: nn.Sequential = torchvision.models.alexnet().features
    return features
