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
        if count:
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
    """Count, mean and second moment about the mean of rows, float64.

    Raw moments would lose about ``1e-16 mean**2`` of the covariance, which is all of it where samples have collapsed.
    Moments about the mean lose nothing there: equal rows give a covariance of exactly zero.

    Cutting the same rows into other batches or shards changes the result by rounding alone, about ``1e-15`` of the
    standard deviations; the same shards merged in the same order give the same bits, whoever computed them.

    Source: Chan et al., Updating formulae and a pairwise algorithm for computing sample variances (1979), eq. 2.1.
    """

    version: ClassVar[int] = 3

    def __init__(self) -> None:
        self.count = 0
        self.mean: Tensor = torch.zeros(0, dtype=torch.float64)
        self.scatter: Tensor = torch.zeros(0, 0, dtype=torch.float64)

    def update(self, rows: Tensor) -> None:
        """Add rows, ``[N, D]``."""
        if not len(rows):
            return
        rows = rows.cpu().double()
        # About the first row and not about zero: the mean of equal rows is then exact, and what follows exactly zero.
        from_first = rows - rows[0]
        offset = from_first.mean(0)
        centred = from_first.sub_(offset)
        upper = torch.triu(centred.T @ centred)
        # Exactly symmetric, which a product of matrices need not be, so that half of it can be stored.
        self._add(len(rows), rows[0] + offset, upper + torch.triu(upper, 1).T)

    def merge(self, other: Self) -> None:
        """Add another accumulator's moments."""
        self._add(other.count, other.mean, other.scatter)

    @torch.inference_mode()  # moments filled inside a measurement are updated outside of it, too
    def _add(self, count: int, mean: Tensor, scatter: Tensor) -> None:
        if self.count == 0:
            self.count, self.mean, self.scatter = count, mean.clone(), scatter.clone()
        elif count:
            step = mean - self.mean
            total = self.count + count
            self.scatter += scatter
            self.scatter += torch.outer(step, step).mul_(self.count * count / total)
            self.mean += step * (count / total)
            self.count = total

    def mean_cov(self, ddof: int = 0) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return mean ``[D]`` and covariance ``[D, D]``, float64; the divisor is N - ddof.

        StyleGAN2-ADA and StyleGAN3 divide by N (ddof 0), ``numpy.cov`` and all tools built on it by N - 1.
        """
        return self.mean.numpy().copy(), (self.scatter / (self.count - ddof)).numpy()

    def state(self) -> State:
        """Return count, mean and the upper half of the second moment about it, which is symmetric."""
        rows, columns = torch.triu_indices(*self.scatter.shape)
        return {"count": np.array(self.count), "mean": self.mean.numpy(), "upper": self.scatter[rows, columns].numpy()}

    @classmethod
    def from_state(cls, state: Mapping[str, NDArray[np.generic]]) -> Self:
        """Return the accumulator of a state."""
        made, mean = cls(), torch.from_numpy(state["mean"])
        scatter = torch.zeros(len(mean), len(mean), dtype=torch.float64)
        rows, columns = torch.triu_indices(*scatter.shape)
        scatter[rows, columns] = scatter[columns, rows] = torch.from_numpy(state["upper"])
        made._add(int(state["count"]), mean, scatter)
        return made
