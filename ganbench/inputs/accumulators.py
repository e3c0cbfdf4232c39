"""Monoids that samples are poured into: ``update`` with rows, ``merge`` in shard order, ``state`` to and from disk."""

from collections.abc import Mapping
from typing import Any, ClassVar, Protocol, Self, runtime_checkable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

State = dict[str, NDArray[np.generic]]


@runtime_checkable
class Accumulator(Protocol):
    """What every accumulator can do; ``version`` changes whenever equal rows would give another state."""

    version: ClassVar[int]

    @property
    def count(self) -> int:
        """Number of rows seen."""
        ...

    def update(self, rows: Tensor) -> None:
        """Add rows, ``[N, D]``."""
        ...

    def merge(self, other: Any) -> None:
        """Add everything that another accumulator of the same class has seen, after what this one has."""
        ...

    def state(self) -> State:
        """Return arrays from which ``from_state`` makes an equal accumulator."""
        ...

    @classmethod
    def from_state(cls, state: Mapping[str, NDArray[np.generic]]) -> Self:
        """Return the accumulator of a state."""
        ...


class Rows:
    """All rows in order, in the dtype they came in."""

    version: ClassVar[int] = 1

    def __init__(self) -> None:
        self._parts: list[Tensor] = []

    @property
    def count(self) -> int:
        """Number of rows."""
        return sum(len(part) for part in self._parts)

    def update(self, rows: Tensor) -> None:
        """Append rows, ``[N, D]``."""
        self._parts.append(rows.cpu())

    def merge(self, other: Self) -> None:
        """Append the rows of another accumulator."""
        self._parts.extend(other._parts)

    def rows(self) -> Tensor:
        """Return ``[N, D]``, joined once."""
        if len(self._parts) != 1:
            self._parts = [torch.cat(self._parts) if self._parts else torch.empty(0, 0)]
        return self._parts[0]

    def state(self) -> State:
        """Return the rows as one array."""
        return {"rows": self.rows().numpy()}

    @classmethod
    def from_state(cls, state: Mapping[str, NDArray[np.generic]]) -> Self:
        """Return the accumulator of a state."""
        made = cls()
        made.update(torch.from_numpy(state["rows"]))
        return made


class Sums:
    """Number of rows and their sum, float64."""

    version: ClassVar[int] = 1

    def __init__(self) -> None:
        self.count = 0
        self.sum: Tensor = torch.zeros(0, dtype=torch.float64)

    def update(self, rows: Tensor) -> None:
        """Add rows, ``[N, D]``."""
        self._add(len(rows), rows.cpu().double().sum(0))

    def merge(self, other: Self) -> None:
        """Add another accumulator's sum."""
        self._add(other.count, other.sum)

    def _add(self, count: int, total: Tensor) -> None:
        self.sum = total.clone() if self.count == 0 else self.sum + total
        self.count += count

    def state(self) -> State:
        """Return count and sum."""
        return {"count": np.array(self.count), "sum": self.sum.numpy()}

    @classmethod
    def from_state(cls, state: Mapping[str, NDArray[np.generic]]) -> Self:
        """Return the accumulator of a state."""
        made = cls()
        made._add(int(state["count"]), torch.from_numpy(state["sum"]))
        return made


class Moments:
    """First and second raw moments of rows, float64, as StyleGAN2-ADA's FeatureStats keeps them.

    Two shards added are the same bits whoever computed them, because shards are always merged in their order.
    """

    version: ClassVar[int] = 1

    def __init__(self) -> None:
        self.count = 0
        self.raw_sum: Tensor = torch.zeros(0, dtype=torch.float64)
        self.raw_outer: Tensor = torch.zeros(0, 0, dtype=torch.float64)

    def update(self, rows: Tensor) -> None:
        """Add rows, ``[N, D]``."""
        rows = rows.cpu().double()
        self._add(len(rows), rows.sum(0), rows.T @ rows)

    def merge(self, other: Self) -> None:
        """Add another accumulator's moments."""
        self._add(other.count, other.raw_sum, other.raw_outer)

    def _add(self, count: int, total: Tensor, outer: Tensor) -> None:
        if self.count == 0:
            self.raw_sum, self.raw_outer = total.clone(), outer.clone()
        else:
            self.raw_sum += total
            self.raw_outer += outer
        self.count += count

    def mean_cov(self, ddof: int = 0) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return mean ``[D]`` and covariance ``[D, D]``, float64; the divisor is N - ddof.

        StyleGAN2-ADA and StyleGAN3 divide by N (ddof 0), ``numpy.cov`` and all tools built on it by N - 1.
        """
        mean = self.raw_sum / self.count
        cov = (self.raw_outer / self.count - torch.outer(mean, mean)) * (self.count / (self.count - ddof))
        return mean.numpy(), cov.numpy()

    def state(self) -> State:
        """Return count and raw moments."""
        return {"count": np.array(self.count), "sum": self.raw_sum.numpy(), "outer": self.raw_outer.numpy()}

    @classmethod
    def from_state(cls, state: Mapping[str, NDArray[np.generic]]) -> Self:
        """Return the accumulator of a state."""
        made = cls()
        made._add(int(state["count"]), torch.from_numpy(state["sum"]), torch.from_numpy(state["outer"]))
        return made
