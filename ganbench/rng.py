"""One random stream per image: the draws of sample ``i`` depend only on ``(seed, i, purpose)``."""

import hashlib
import operator
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import SupportsIndex

import numpy as np
import torch
from torch import Tensor

from ganbench.errors import BadInputError

MAX_SEED = 2**63 - 1


def checked_seed(seed: SupportsIndex) -> int:
    """Return a seed as an int.

    Raises:
        BadInputError: the seed is not a whole number of 0..2**63-1; bools are refused too.
    """
    try:
        number = operator.index(seed)
    except TypeError:
        number = -1
    if isinstance(seed, bool) or not 0 <= number <= MAX_SEED:
        raise BadInputError(f"expected a whole number from 0 to 2**63-1 for seed, found {seed!s:.40}.")
    return number


def generator(seed: int, index: int, purpose: str) -> np.random.Generator:
    """Return the NumPy generator of one image for one purpose.

    Philox is counter-based, so that the streams of different images never overlap, and a counter leads to any of them.

    Args:
        seed: seed of the run, 0..2**63-1.
        index: number of the sample, from 0.
        purpose: what the draws are for, such as ``"z"`` or ``"path-t"``.

    Raises:
        BadInputError: the seed is not a whole number in range.

    Source: Salmon et al., Parallel random numbers: as easy as 1, 2, 3 (SC 2011).
    """
    # The sample number is the highest word of the counter, which leaves 2**192 blocks to each sample.
    key = int.from_bytes(hashlib.blake2b(f"{checked_seed(seed)}/{purpose}".encode(), digest_size=16).digest(), "little")
    return np.random.Generator(np.random.Philox(key=key, counter=[0, 0, 0, index]))


@dataclass(frozen=True)
class Streams:
    """The random streams of a batch of images.

    Attributes:
        seed: seed of the run.
        indices: numbers of the samples, one for each image of the batch.
    """

    seed: int
    indices: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.indices)

    def normal(self, purpose: str, shape: Sequence[int] = ()) -> Tensor:
        """Return standard normal draws, ``[N, *shape]`` float32 on the CPU."""
        draws = [each.standard_normal(tuple(shape), dtype=np.float32) for each in self._generators(purpose)]
        return torch.from_numpy(np.stack([np.asarray(draw) for draw in draws]))

    def uniform(self, purpose: str, shape: Sequence[int] = ()) -> Tensor:
        """Return uniform draws from [0, 1), ``[N, *shape]`` float32 on the CPU."""
        draws = [each.random(tuple(shape), dtype=np.float32) for each in self._generators(purpose)]
        return torch.from_numpy(np.stack([np.asarray(draw) for draw in draws]))

    def integers(self, purpose: str, high: int) -> Tensor:
        """Return one uniform integer from 0..high-1 per image, ``[N]`` int64 on the CPU."""
        return torch.tensor([int(each.integers(high)) for each in self._generators(purpose)])

    def _generators(self, purpose: str) -> Iterator[np.random.Generator]:
        """Yield the generator of each image: the same one, moved, because opening one takes longer than its draws."""
        moved = generator(self.seed, 0, purpose)
        unused = moved.bit_generator.state
        for index in self.indices:
            unused["state"]["counter"][-1] = index
            moved.bit_generator.state = unused
            yield moved
