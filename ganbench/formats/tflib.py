"""Rules from a TensorFlow network's arguments and variables to those of our networks."""

import math
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from ganbench.checkpoints.format import Architecture, Config

Parts = Mapping[str, Config]  # role of a component -> its static keyword arguments

HWIO = (3, 2, 0, 1)  # TensorFlow's order of a convolution's weight, to ours
HWOI = (2, 3, 0, 1)  # its order of a transposed convolution's
IO = (1, 0)  # and of a dense layer's


@dataclass(frozen=True)
class Source:
    """The variable that a tensor comes from, and how.

    Attributes:
        name: of the variable.
        axes: which of the variable's axes each axis of the tensor is; None for the same order.
        ones: axes of length 1 in front, which are dropped first.
        flip: whether a kernel is mirrored along its first two axes.
        default: of every value where there is no such variable; None where there must be one.
    """

    name: str
    axes: tuple[int, ...] | None = None
    ones: int = 0
    flip: bool = False
    default: float | None = None

    def shape(self, ours: tuple[int, ...]) -> tuple[int, ...]:
        """Return the shape of the variable for a tensor of shape ``ours``."""
        order = self.axes or tuple(range(len(ours)))
        return (1,) * self.ones + tuple(ours[order.index(axis)] for axis in range(len(ours)))

    def value(self, variable: NDArray[Any]) -> NDArray[np.float32]:
        """Return the tensor of a variable of the right shape."""
        value = variable.astype(np.float32).reshape(variable.shape[self.ones :])
        value = value[::-1, ::-1] if self.flip else value
        value = value if self.axes is None else np.transpose(value, self.axes)
        return np.array(value, order="C")

    def variable(self, ours: NDArray[Any]) -> NDArray[np.float32]:
        """Return the variable that ``value`` makes a tensor of."""
        value = ours if self.axes is None else np.transpose(ours, np.argsort(self.axes))
        value = value[::-1, ::-1] if self.flip else value
        return np.array(value, np.float32, order="C").reshape(self.shape(ours.shape))


@dataclass(frozen=True)
class Rule:
    """The origin of the tensors whose key matches a pattern.

    Attributes:
        pattern: of keys, with named groups.
        variable: name of the variable, a template over the groups and what ``Translation.words`` makes of them.
        axes, ones, flip, default: as in ``Source``.
        when: whether it holds for a network with given arguments of ours.
    """

    pattern: str
    variable: str
    axes: tuple[int, ...] | None = None
    ones: int = 0
    flip: bool = False
    default: float | None = None
    when: Callable[[Config], bool] = lambda config: True


@dataclass(frozen=True)
class Translation:
    """The rules that turn one kind of TensorFlow network into one of ours.

    Attributes:
        architecture: ours.
        configure: from the static keyword arguments of the network and of its components to our constructor's.
        rules: the first that holds and matches a key of our state dict says which variable it comes from.
        words: from a key's groups and our arguments to more words for the variable's name.
        ignored: names of the variables that our network has no use for, given our arguments.
        constant: a tensor that follows from our arguments alone, by its key; None for those that variables give.
    """

    architecture: Architecture
    configure: Callable[[Config, Parts], Config]
    rules: Sequence[Rule]
    words: Callable[[Mapping[str, str], Config], Mapping[str, Any]]
    ignored: Callable[[Config], Collection[str]] = lambda config: ()
    constant: Callable[[str, Config], Tensor | None] = lambda key, config: None

    def source(self, key: str, config: Config) -> Source:
        """Return the variable that a tensor comes from."""
        for rule in self.rules:
            if (match := re.fullmatch(rule.pattern, key)) and rule.when(config):
                groups = match.groupdict()
                name = rule.variable.format(**groups, **self.words(groups, config))
                return Source(name, rule.axes, rule.ones, rule.flip, rule.default)
        raise AssertionError(f"no rule for {key}")


def level(resolution: int) -> int:
    """Return how often 4 has been doubled in a resolution."""
    return round(math.log2(resolution / 4))


def renamed(kwargs: Config, names: Mapping[str, str]) -> Config:
    """Return those of ``kwargs`` that ``names`` has, by our names."""
    return {ours: kwargs[theirs] for theirs, ours in names.items() if theirs in kwargs}


def same(names: str) -> dict[str, str]:
    """Return names that are the same here and there."""
    return {name: name for name in names.split()}
