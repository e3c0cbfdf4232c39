"""Models by people who never heard of ganbench: one of each kind, and some that fail."""

import random
import threading
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

SCALE = 0.3


def _drawn(module: nn.Module, scale: float = 1.0) -> nn.Module:
    generator = torch.Generator().manual_seed(0)
    for parameter in module.parameters():
        parameter.data = torch.randn(parameter.shape, generator=generator) * scale
    return module


class DCGAN(nn.Module):
    """A generator of 32x32 greyscale images from latents ``[N, 8, 1, 1]``, in -1..1."""

    def __init__(self) -> None:
        super().__init__()
        self.main = nn.Sequential(
            nn.ConvTranspose2d(8, 16, 4, bias=False), nn.BatchNorm2d(16), nn.ReLU(True), nn.ConvTranspose2d(16, 1, 8, 8)
        )
        _drawn(self, SCALE)

    def forward(self, z: Tensor) -> Tensor:
        return self.main(z).tanh()


class Conditional(nn.Module):
    """A class-conditional generator in 0..1, of one-hot labels or of class numbers."""

    def __init__(self, by_index: bool = False) -> None:
        super().__init__()
        self.labels = nn.Embedding(10, 8) if by_index else nn.Linear(10, 8, bias=False)
        self.image = nn.Linear(16, 1024)
        _drawn(self)

    def forward(self, z: Tensor, y: Tensor) -> Tensor:
        return self.image(torch.cat([z, self.labels(y)], 1)).sigmoid().reshape(-1, 1, 32, 32)


class Inverse(nn.Module):
    """A translator of one direction: images in negative."""

    def forward(self, x: Tensor) -> Tensor:
        return -x


class Star(nn.Module):
    """A translator to any of ten domains, which it is told as one-hot labels or as numbers."""

    def __init__(self, by_index: bool = False) -> None:
        super().__init__()
        self.labels = nn.Embedding(10, 1024) if by_index else nn.Linear(10, 1024, bias=False)
        _drawn(self)

    def forward(self, x: Tensor, c: Tensor) -> Tensor:
        return (x + self.labels(c).reshape(-1, 1, 32, 32)).tanh()


class Noisy(nn.Module):
    """A generator that says itself what it takes, and draws noise from the states that all code shares."""

    z_dim, img_resolution, range = 8, 32, (0, 255)

    def __init__(self) -> None:
        super().__init__()
        self.image = _drawn(nn.Linear(8, 1024))

    def forward(self, z: Tensor) -> Tensor:
        image = self.image(z).reshape(-1, 1, 32, 32) + torch.randn(len(z), 1, 32, 32)
        image = image + float(np.random.rand()) + random.random()
        return image.sigmoid() * 255


class NoisyTranslator(nn.Module):
    """A translator of one direction that draws noise for each image."""

    def forward(self, x: Tensor) -> Tensor:
        return (x + torch.randn_like(x)).clamp(-1, 1)


class Locked(nn.Module):
    """A generator that cannot be copied, and drops half of its values while it trains."""

    z_dim = 8

    def __init__(self) -> None:
        super().__init__()
        self.image, self.dropout = _drawn(nn.Linear(8, 1024)), nn.Dropout(0.5)
        self.lock = threading.Lock()

    def forward(self, z: Tensor) -> Tensor:
        assert self.lock.acquire(blocking=False), "two threads at once"
        try:
            return self.dropout(self.image(z)).tanh().reshape(-1, 1, 32, 32)
        finally:
            self.lock.release()


class Crowded(nn.Module):
    """A generator whose images depend on their batch."""

    z_dim = 8

    def __init__(self) -> None:
        super().__init__()
        self.image = _drawn(nn.Linear(8, 1024))

    def forward(self, z: Tensor) -> Tensor:
        image = self.image(z).reshape(-1, 1, 32, 32)
        return (image - image.mean(0) * len(z) / 8).tanh()


def identity() -> Any:
    return lambda x: x


def conditional_by_index() -> nn.Module:
    return Conditional(by_index=True)


def star_by_index() -> nn.Module:
    return Star(by_index=True)


def function() -> Any:
    """Return a function of latents ``[N, 8]``, in 0..255."""
    network = DCGAN().eval()
    print("built")
    return lambda z: (network(z[:, :, None, None]) + 1) * 127.5


def with_weights(weights: str) -> nn.Module:
    network = DCGAN()
    network.load_state_dict(torch.load(weights, weights_only=True))
    return network


class Rectangle(nn.Module):
    """A generator of images of 32x16."""

    z_dim = 8

    def forward(self, z: Tensor) -> Tensor:
        return z.repeat(1, 64).reshape(-1, 1, 16, 32).tanh()


def failing(how: str) -> Any:
    """Return a function of latents ``[N, 8]`` that fails in some way."""
    good = DCGAN().eval()
    own = torch.Generator().manual_seed(0)

    def body(z: Tensor) -> Any:
        image = good(z[:, :, None, None])
        if how == "raises":
            return image @ torch.zeros(5, 5)
        if how == "exits":
            raise SystemExit(3)
        ways: dict[str, Any] = {
            "nothing": None,
            "pair": (image, z),
            "array": image.numpy(),
            "last": image.permute(0, 2, 3, 1),
            "five": image.expand(-1, 5, -1, -1),
            "one": image[:1],
            "whole": (image * 100).long(),
            "nan": image * float("nan"),
            "far": image * 40,
            "private": (image + torch.randn(image.shape, generator=own)).tanh(),
        }
        return ways[how]

    return body


def returns_nothing() -> None:
    return None


def returns_class() -> Any:
    return DCGAN


def needs_more(channels: int, depth: int) -> Any:
    return DCGAN()


def leaves() -> None:
    raise SystemExit("usage: train.py --data FOLDER")


def breaks() -> None:
    raise FileNotFoundError(2, "No such file or directory", "weights/latest.pth")


def raising() -> Any:
    return failing("raises")


number = 3
