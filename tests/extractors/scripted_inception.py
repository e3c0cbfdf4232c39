"""A TorchScript file of NVlabs' layout, made from a network whose parts are called as in theirs."""

import contextlib
import warnings
from collections.abc import Iterator
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Layer(nn.Module):
    """A convolution as the graph of 2015 has it: normalised without a scale."""

    def __init__(self, channels: tuple[int, int], kernel: tuple[int, int], stride: int = 1, same: bool = True) -> None:
        super().__init__()
        fan_in = channels[0] * kernel[0] * kernel[1]
        self.weight = nn.Parameter(torch.randn(channels[1], channels[0], *kernel) * (2 / fan_in) ** 0.5)
        self.register_buffer("beta", torch.randn(channels[1]) * 0.2)
        self.register_buffer("mean", torch.randn(channels[1]) * 0.2)
        self.register_buffer("var", torch.rand(channels[1]) * 0.6 + 0.7)
        self.stride, self.padding = stride, [size // 2 if same else 0 for size in kernel]

    def forward(self, x: Tensor) -> Tensor:
        x = F.conv2d(x, self.weight, stride=self.stride, padding=self.padding)
        scale = (self.var + 0.001).rsqrt()
        return (x * scale[:, None, None] + (self.beta - self.mean * scale)[:, None, None]).relu()


def chain(
    inputs: int, *layers: tuple[int, tuple[int, int]], reduces: bool = False, pool: nn.Module | None = None
) -> nn.Module:
    """Return ``conv``, ``conv_1``, ... one after the other; the last halves the image where the block reduces."""
    found = nn.Sequential()
    if pool is not None:
        found.add_module("pool", pool)
    for i, (outputs, kernel) in enumerate(layers):
        last = reduces and i == len(layers) - 1
        name = f"conv_{i}" if i else "conv"
        found.add_module(name, Layer((inputs, outputs), kernel, 2 if last else 1, not last))
        inputs = outputs
    return found


ONE, THREE, FIVE, ROW, COLUMN = (1, 1), (3, 3), (5, 5), (1, 7), (7, 1)


def average() -> nn.Module:
    return nn.AvgPool2d(3, 1, 1, count_include_pad=False)


class Block(nn.Module):
    """Branches side by side, in the order of their names here."""

    def __init__(self, **branches: nn.Module) -> None:
        super().__init__()
        for name, branch in branches.items():
            self.add_module(name, branch)

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([branch(x) for branch in self.children()], 1)


class Fork(nn.Module):
    """The last kind of block, whose branches split."""

    def __init__(self, inputs: int, pool: nn.Module) -> None:
        super().__init__()
        self.conv = Layer((inputs, 320), ONE)
        self.tower_conv = Layer((inputs, 384), ONE)
        self.tower_mixed_conv = Layer((384, 384), (1, 3))
        self.tower_mixed_conv_1 = Layer((384, 384), (3, 1))
        self.tower_1_conv = Layer((inputs, 448), ONE)
        self.tower_1_conv_1 = Layer((448, 384), THREE)
        self.tower_1_mixed_conv = Layer((384, 384), (1, 3))
        self.tower_1_mixed_conv_1 = Layer((384, 384), (3, 1))
        self.tower_2_pool = pool
        self.tower_2_conv = Layer((inputs, 192), ONE)

    def forward(self, x: Tensor) -> Tensor:
        one, two = self.tower_conv(x), self.tower_1_conv_1(self.tower_1_conv(x))
        forked = [self.tower_mixed_conv(one), self.tower_mixed_conv_1(one)]
        forked += [self.tower_1_mixed_conv(two), self.tower_1_mixed_conv_1(two)]
        return torch.cat([self.conv(x), *forked, self.tower_2_conv(self.tower_2_pool(x))], 1)


def of_35(inputs: int, pooled: int) -> Block:
    return Block(
        conv=Layer((inputs, 64), ONE),
        tower=chain(inputs, (48, ONE), (64, FIVE)),
        tower_1=chain(inputs, (64, ONE), (96, THREE), (96, THREE)),
        tower_2=chain(inputs, (pooled, ONE), pool=average()),
    )


def of_17(width: int) -> Block:
    return Block(
        conv=Layer((768, 192), ONE),
        tower=chain(768, (width, ONE), (width, ROW), (192, COLUMN)),
        tower_1=chain(768, (width, ONE), (width, COLUMN), (width, ROW), (width, COLUMN), (192, ROW)),
        tower_2=chain(768, (192, ONE), pool=average()),
    )


class Scripted(nn.Module):
    """The whole network, its parts called as in NVlabs' file."""

    def __init__(self) -> None:
        super().__init__()
        largest = nn.MaxPool2d(3, 2)
        blocks = {
            "conv": Layer((3, 32), THREE, 2, False),
            "conv_1": Layer((32, 32), THREE, 1, False),
            "conv_2": Layer((32, 64), THREE),
            "pool0": largest,
            "conv_3": Layer((64, 80), ONE),
            "conv_4": Layer((80, 192), THREE, 1, False),
            "pool1": largest,
            "mixed": of_35(192, 32),
            "mixed_1": of_35(256, 64),
            "mixed_2": of_35(288, 64),
            "mixed_3": Block(
                conv=Layer((288, 384), THREE, 2, False),
                tower=chain(288, (64, ONE), (96, THREE), (96, THREE), reduces=True),
                pool=largest,
            ),
            **{f"mixed_{i}": of_17(width) for i, width in zip(range(4, 8), (128, 160, 160, 192), strict=True)},
            "mixed_8": Block(
                tower=chain(768, (192, ONE), (320, THREE), reduces=True),
                tower_1=chain(768, (192, ONE), (192, ROW), (192, COLUMN), (192, THREE), reduces=True),
                pool=largest,
            ),
            "mixed_9": Fork(1280, average()),
            "mixed_10": Fork(2048, nn.MaxPool2d(3, 1, 1)),
            "pool2": nn.AvgPool2d(8),
        }
        self.layers = nn.Sequential()
        for name, block in blocks.items():
            self.layers.add_module(name, block)
        self.output = nn.Linear(2048, 1008)

    def forward(self, x: Tensor) -> Tensor:
        """Return the features of images that were prepared."""
        return self.output(self.layers(x).flatten(1))


@contextlib.contextmanager
def outdated() -> Iterator[None]:
    """Let torch say that TorchScript is deprecated: the file that is imitated will stay what it is."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        yield


def write(path: Path) -> Scripted:
    """Write a network with random weights, and return it."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = Scripted().eval().requires_grad_(False)
    with outdated():
        torch.jit.trace(network, torch.zeros(1, 3, 299, 299), check_trace=False).save(str(path))
    return network
