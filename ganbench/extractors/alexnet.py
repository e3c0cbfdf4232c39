"""The trunk of LPIPS diversity: AlexNet trained on ImageNet, torchvision's weights, its convolutions alone."""

import torchvision
from torch import nn

URL = "https://download.pytorch.org/models/alexnet-owt-7be5be79.pth"
SHA256 = "7be5be791159472b1fbf3c69796f7cb30dca7ad8466c2df70058c37116cdee02"


def convolutions() -> nn.Sequential:
    """Return the convolutional half of the network, without weights worth having, named as in the file."""
    features: nn.Sequential = torchvision.models.alexnet().features
    return features
