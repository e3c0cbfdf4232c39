"""Resizing of training images."""

import numpy as np
import torch
from PIL import Image
from torch import Tensor


def resized(image: Tensor, size: int) -> Tensor:
    """Return an image ``[C, size, size]`` uint8, resized with Pillow's bicubic filter as in the authors' code."""
    if tuple(image.shape[1:]) == (size, size):
        return image
    planes = [Image.fromarray(plane.numpy()).resize((size, size), Image.Resampling.BICUBIC) for plane in image]
    return torch.stack([torch.from_numpy(np.array(plane)) for plane in planes])
