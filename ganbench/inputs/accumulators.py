"""Accumulators of rows, which are monoids: ``update`` with rows, ``merge`` in shard order, ``state`` for the disk."""

from collections.abc import Mapping
from typing import Any, ClassVar, Protocol, Self, runtime_checkable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

State = dict[str, NDArray[np.generic]]


@runtime_checkable
class Accumulator(Protocol):
    """Protocol of all accumulators.

    Attributes:
        version: version of the definition; raised whenever equal rows would give another state.
    """

    version: ClassVar[int]

    @property
    def count(self) -> int:
        """Number of rows so far."""
        ...

    def update(self, rows: Tensor) -> None:
        """Add rows, ``[N, D]``."""
        ...

    def merge(self, other: Any) -> None:
        """Add the rows of another accumulator of the same class, after those of this one."""
        ...

    def state(self) -> State:
        """Return arrays from which ``from_state`` builds an equal accumulator."""
        ...

    @classmethod
    def from_state(cls, state: Mapping[str, NDArray[np.generic]]) -> Self:
        """Return the accumulator of a state."""
        ...


class Rows:
    """All rows, in order and in their own dtype."""

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
        """Return all rows, ``[N, D]``."""
        if len(self._parts) != 1:  # joined only once, however often they are read
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
    """Number and float64 sum of the rows."""

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

    def without(self, part: Self) -> Self:
        """Return the sums of all rows but those that ``part`` has seen."""
        made = type(self)()
        made._add(self.count - part.count, self.sum - part.sum)
        return made

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

    Raw moments would lose about ``1e-16 mean**2`` of the covariance, which is all of it if the samples have collapsed.
    Moments about the mean lose nothing then: equal rows give a covariance of exactly zero.

    Other batches or shards of the same rows change the result only by rounding, about ``1e-15`` of the standard
    deviations; the same shards merged in the same order give the same bits, on any number of processes.

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
        # Centred on the first row, not on zero: the mean of equal rows is then exact, and their scatter exactly zero.
        from_first = rows - rows[0]
        offset = from_first.mean(0)
        centred = from_first.sub_(offset)
        upper = torch.triu(centred.T @ centred)
        # A matrix product may be asymmetric in its last bits. Made symmetric, half of the matrix is enough on disk.
        self._add(len(rows), rows[0] + offset, upper + torch.triu(upper, 1).T)

    def merge(self, other: Self) -> None:
        """Add another accumulator's moments."""
        self._add(other.count, other.mean, other.scatter)

    @torch.inference_mode()  # tensors made in inference mode cannot be updated in place outside of it
    def _add(self, count: int, mean: Tensor, scatter: Tensor) -> None:
        if self.count == 0:
            self.count, self.mean, self.scatter = count, mean.clone(), scatter.clone()
        elif count:
            # Chan et al.: the scatters add up, plus a term for the distance between the two means.
            step = mean - self.mean
            total = self.count + count
            self.scatter += scatter
            self.scatter += torch.outer(step, step).mul_(self.count * count / total)
            self.mean += step * (count / total)
            self.count = total

    def without(self, part: Self) -> Self:
        """Return the moments of all rows but those that ``part`` has seen: ``merge`` solved for what was merged."""
        made = type(self)()
        if rest := self.count - part.count:
            mean = (self.mean * self.count - part.mean * part.count) / rest
            step = part.mean - mean
            between = torch.outer(step, step).mul_(rest * part.count / self.count)
            made.count, made.mean, made.scatter = rest, mean, self.scatter - part.scatter - between
        return made

    def mean_cov(self, ddof: int = 0) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return mean ``[D]`` and covariance ``[D, D]``, float64; the covariance divides by N - ddof.

        StyleGAN2-ADA and StyleGAN3 divide by N (ddof 0), ``numpy.cov`` and all tools built on it by N - 1.
        """
        return self.mean.numpy().copy(), (self.scatter / (self.count - ddof)).numpy()

    def state(self) -> State:
        """Return count, mean and the upper half of the symmetric scatter matrix."""
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
