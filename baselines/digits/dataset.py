"""The embedded data set: scikit-learn's 1,797 handwritten digits as 32x32 greyscale images.

The scans are 8x8 with values 0..16. They are enlarged four times by Catmull-Rom interpolation over a blank page and
scaled to 0..255. Every filter weight is a multiple of 1/1024 and every scan value an integer, so that the sums are
exact in float64 and the images are the same, to the bit, on every machine.

Source: Alpaydin and Kaynak, Optical Recognition of Handwritten Digits (UCI, 1998), as shipped by scikit-learn.
"""

import gzip
import hashlib
import importlib.util
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Split = Literal["train", "test", "all", "half-a", "half-b"]

RESOLUTION = 32
NUM_CLASSES = 10
TEST_EVERY = 5  # every fifth scan of each class is a test image

# sha256 over the shape, the pixels and the labels; ``fingerprint`` computes it.
SHA256: dict[Split, str] = {
    "train": "212fde0ffa4f8a979251a9ff96c741bb56d956e83a3b32e0a3d4059e326e9797",
    "test": "975d57b7d2ef2a3efbfb607b2b46d5c9b8b870826720d5d75c47b3a5035f02b1",
    "all": "cc9e83d24c184a52239672a5f9917edbddc95ae2a6000a26eedd0d6a8a420e20",
    "half-a": "d7b6ed3d8797b0c087d2f86e62534059fdf94a013ee6bc480b60c7a96465363d",
    "half-b": "9fee63c3f127dab3f45bdd9d88180b3f355851c597aa72190c59dcd04280b83a",
}


@dataclass(frozen=True, eq=False)
class Digits:
    """Images and their classes.

    Attributes:
        images: ``[N, 1, 32, 32]`` uint8, 0..255, bright strokes on black.
        labels: ``[N]`` int64, 0..9.
    """

    images: Tensor
    labels: Tensor

    def __len__(self) -> int:
        return len(self.images)


def load(split: Split = "train") -> Digits:
    """Return a new copy of one split, in scikit-learn's order.

    The k-th scan of each class (from 0) is in the test split if k modulo 5 is 4: 1,442 train and 355 test images.
    ``half-a`` and ``half-b`` are random halves of the train split, divided by the sha256 of the pixels: their distance
    is the best that a generator can be expected to reach. (Taking every other image would not do: neighbours were
    written by the same hand, so such halves are closer to each other than two random samples.)

    Raises:
        ValueError: the split is unknown.
    """
    if split not in get_args(Split):
        raise ValueError(f"unknown split {split!r} of the digits: choose one of {', '.join(get_args(Split))}.")
    if split in ("half-a", "half-b"):
        train = load("train")
        order = sorted(range(len(train)), key=lambda i: hashlib.sha256(train.images[i].numpy().tobytes()).digest())
        half = order[: len(order) // 2] if split == "half-a" else order[len(order) // 2 :]
        return Digits(train.images[sorted(half)], train.labels[sorted(half)])
    digits = _everything()
    if split == "all":
        return Digits(digits.images.clone(), digits.labels.clone())
    is_test = _rank(digits.labels) % TEST_EVERY == TEST_EVERY - 1
    chosen = is_test == (split == "test")
    return Digits(digits.images[chosen], digits.labels[chosen])


def fingerprint(digits: Digits) -> str:
    """Return the sha256 over ``"N C H W"``, the uint8 pixels and the labels as little-endian int64, in order."""
    content = hashlib.sha256(" ".join(map(str, digits.images.shape)).encode())
    content.update(digits.images.numpy().tobytes())
    content.update(digits.labels.numpy().astype("<i8").tobytes())
    return content.hexdigest()


def enlarge(scans: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Return ``[N, 32, 32]`` uint8 images, 0..255, of ``[N, 8, 8]`` scans with values 0..16; halves round up."""
    matrix = _interpolation(scans.shape[-1], RESOLUTION)
    smooth = matrix @ scans @ matrix.T
    return np.clip(np.floor(smooth * (255 / 16) + 0.5), 0, 255).astype(np.uint8)


def catmull_rom(t: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the interpolation kernel at distances ``t`` in source pixels; it is 0 from distance 2 on.

    Source: Keys, Cubic convolution interpolation for digital image processing (1981), equation 15 (a = -1/2).
    """
    t = np.abs(t)
    near = (1.5 * t - 2.5) * t**2 + 1
    far = ((-0.5 * t + 2.5) * t - 4) * t + 2
    return np.where(t < 1, near, np.where(t < 2, far, 0.0))


def _interpolation(size: int, new_size: int) -> NDArray[np.float64]:
    """Return the matrix ``[new_size, size]`` that enlarges a row; pixel centres are at half-integers, 0 outside."""
    centres = (np.arange(new_size, dtype=np.float64) + 0.5) * (size / new_size) - 0.5
    return catmull_rom(centres[:, None] - np.arange(size))


@cache
def _everything() -> Digits:
    scans, labels = _scans()
    images = enlarge(scans.reshape(-1, 8, 8).astype(np.float64))
    return Digits(torch.from_numpy(images)[:, None].contiguous(), torch.from_numpy(labels.astype(np.int64)))


def _scans() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return scikit-learn's scans ``[N, 64]`` and labels ``[N]``, read from its file where it lies where it does today.

    Importing scikit-learn takes longer than many a measurement on the digits.
    """
    package = importlib.util.find_spec("sklearn")
    file = Path((package and package.origin) or "").parent / "datasets" / "data" / "digits.csv.gz"
    if file.exists():
        with gzip.open(file, "rt") as lines:
            table = np.loadtxt(lines, delimiter=",")
        return table[:, :-1], table[:, -1]
    from sklearn.datasets import load_digits

    scans, labels = load_digits(return_X_y=True)
    return scans, labels


def _rank(labels: Tensor) -> Tensor:
    """Return, for each label, the number of equal labels before it, ``[N]``."""
    one_hot = torch.nn.functional.one_hot(labels, NUM_CLASSES)
    return (one_hot.cumsum(0) * one_hot).sum(1) - 1
