"""Accumulators of rows, which are monoids: ``update`` with rows, ``merge`` in shard order, ``state`` for the disk."""

import math
from collections.abc import Mapping
from typing import Any, ClassVar, Protocol, Self, runtime_checkable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

State = dict[str, NDArray[np.generic]]
FEW = 4  # rows are few up to this part of their width


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

    Of few rows, the rows themselves are kept, whose products add up to the scatter matrix: a matrix of 2,048 features
    takes 32 MiB and a third of a second to make, store and read.

    Source: Chan et al., Updating formulae and a pairwise algorithm for computing sample variances (1979), eq. 2.1.
    """

    version: ClassVar[int] = 4

    def __init__(self) -> None:
        self.count = 0
        self.mean: Tensor = torch.zeros(0, dtype=torch.float64)
        self._matrix: Tensor | None = None
        self._rows: Tensor = torch.zeros(0, 0, dtype=torch.float64)  # empty where there is a matrix

    @property
    def scatter(self) -> Tensor:
        """The sum of the outer products of rows about their mean, ``[D, D]`` float64, symmetric to the last bit."""
        return _product(self._rows) if self._matrix is None else self._matrix

    @scatter.setter
    def scatter(self, matrix: Tensor) -> None:
        self._matrix, self._rows = matrix, matrix.new_zeros(0, len(matrix))

    def update(self, rows: Tensor) -> None:
        """Add rows, ``[N, D]``."""
        if not len(rows):
            return
        rows = rows.cpu().double()
        # Centred on the first row, not on zero: the mean of equal rows is then exact, and their scatter exactly zero.
        from_first = rows - rows[0]
        offset = from_first.mean(0)
        self._add(len(rows), rows[0] + offset, None, from_first.sub_(offset))

    def merge(self, other: Self) -> None:
        """Add another accumulator's moments."""
        self._add(other.count, other.mean, other._matrix, other._rows)

    @torch.inference_mode()  # tensors made in inference mode cannot be updated in place outside of it
    def _add(self, count: int, mean: Tensor, matrix: Tensor | None, rows: Tensor) -> None:
        if not count:
            return
        if self.count == 0:
            self.count, self.mean = count, mean.clone()
            self._keep(matrix, [rows])
            return
        # Chan et al.: the scatters add up, plus a term for the distance between the two means.
        step, total = mean - self.mean, self.count + count
        between = step[None] * math.sqrt(self.count * count / total)
        self.mean += step * (count / total)
        self.count = total
        self._keep(matrix, [self._rows, rows, between])

    def _keep(self, matrix: Tensor | None, rows: list[Tensor]) -> None:
        """Keep rows while they are few; else add their products, and a matrix, to the matrix of this accumulator."""
        few = sum(map(len, rows)) <= rows[-1].shape[1] // FEW
        if few and self._matrix is None and matrix is None:
            self._rows = torch.cat(rows)
            return
        made = self._matrix
        for each in (matrix, *(_product(each) for each in rows if len(each))):
            if each is not None:
                made = each.clone() if made is None else made.add_(each)
        assert made is not None, "there is a matrix, or there are rows"
        self.scatter = made

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
        """Return count, mean, and the rows or else the upper half of the symmetric scatter matrix."""
        state: State = {"count": np.array(self.count), "mean": self.mean.numpy()}
        if self._matrix is None:
            return {**state, "rows": self._rows.numpy()}
        rows, columns = torch.triu_indices(*self._matrix.shape)
        return {**state, "upper": self._matrix[rows, columns].numpy()}

    @classmethod
    def from_state(cls, state: Mapping[str, NDArray[np.generic]]) -> Self:
        """Return the accumulator of a state."""
        made = cls()
        made.count, made.mean = int(state["count"]), torch.from_numpy(state["mean"]).clone()
        if "rows" in state:
            made._rows = torch.from_numpy(state["rows"])
            return made
        scatter = torch.zeros(len(made.mean), len(made.mean), dtype=torch.float64)
        rows, columns = torch.triu_indices(*scatter.shape)
        scatter[rows, columns] = scatter[columns, rows] = torch.from_numpy(state["upper"])
        made.scatter = scatter
        return made


def _product(rows: Tensor) -> Tensor:
    """Return the sum of the rows' outer products, ``[D, D]``.

    A matrix product may be asymmetric in its last bits. Made symmetric, half of the matrix is enough on disk.
    """
    if len(rows) == 1:
        return rows.T * rows  # symmetric as it is
    upper = torch.triu(rows.T @ rows)
    return upper + torch.triu(upper, 1).T
