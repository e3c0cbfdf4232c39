"""Resizing of training images."""

import numpy as np
import torch
from PIL import Image
from torch import Tensor


def resized(image: Tensor, size: int) -> Tensor:
    """Return an image ``[C, size, size]`` uint8, resized with Pillow's bicubic filter as in the authors' code."""
    return resized_to(image, size, size)


def resized_to(image: Tensor, height: int, width: int) -> Tensor:
    """Return an image ``[C, height, width]`` uint8, resized as ``resized`` does."""
    if tuple(image.shape[1:]) == (height, width):
        return image
    planes = [Image.fromarray(plane.numpy()).resize((width, height), Image.Resampling.BICUBIC) for plane in image]
    return torch.stack([torch.from_numpy(np.array(plane)) for plane in planes])
