"""Accumulators that break one law each."""

import itertools
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from ganbench.inputs import Moments, Rows, Sums
from ganbench.inputs.accumulators import State
from ganbench.testing import check_accumulator
from tests.testing.broken import fails


@pytest.mark.parametrize("into", [Rows, Sums, Moments])
def test_good_ones_pass(into: Any) -> None:
    check_accumulator(into)


class Incomplete:
    version = 1
    count = 0


class Unversioned(Sums):
    version = "one"  # type: ignore[assignment]  # that is what is broken


class Overwriting(Sums):
    def update(self, rows: Tensor) -> None:
        super().update(rows)
        rows.zero_()


class Miscounting(Sums):
    def update(self, rows: Tensor) -> None:
        super().update(rows)
        self.count += 1


class NeverEmpty(Rows):
    @property
    def count(self) -> int:
        return max(1, super().count)


class Forgetful(Sums):
    def merge(self, other: Any) -> None:
        self.sum = other.sum if self.count == 0 else self.sum + other.sum
        self.count = other.count


class OfBatches(Sums):
    def update(self, rows: Tensor) -> None:
        self._add(len(rows), rows.double().mean(0))


class Fickle(Sums):
    calls = itertools.count(1)

    def merge(self, other: Any) -> None:
        super().merge(other)
        self.sum = self.sum + next(self.calls) * 4e-15


class Shallow(Sums):
    """Of what another has merged, it takes the last part alone."""

    def update(self, rows: Tensor) -> None:
        super().update(rows)
        self.last = self.sum

    def merge(self, other: Any) -> None:
        self.sum = other.last if self.count == 0 else self.sum + other.last
        self.last, self.count = other.last, self.count + other.count


class Stepping(Sums):
    def merge(self, other: Any) -> None:
        super().merge(other)
        if not other.count:
            self.sum = self.sum + 1


class Aliasing(Sums):
    def _add(self, count: int, total: Tensor) -> None:
        if count and self.count:
            self.sum += total
        elif count:
            self.sum = total
        self.count += count


class Listed(Sums):
    def state(self) -> State:
        return {"count": self.count, "sum": self.sum.tolist()}  # type: ignore[dict-item]  # that is what is broken


class Rounded(Sums):
    @classmethod
    def from_state(cls, state: Any) -> Any:
        return super().from_state({**state, "sum": state["sum"].astype("float16")})


class Recounting(Sums):
    @classmethod
    def from_state(cls, state: Any) -> Any:
        made = super().from_state(state)
        made.count += 1
        return made


class Telltale(Sums):
    """Its state says that it was merged."""

    merged = False

    def merge(self, other: Any) -> None:
        super().merge(other)
        self.merged = True

    def state(self) -> State:
        return {**super().state(), **({"merged": np.array(1)} if self.merged else {})}


class Unpicklable(Sums):
    def __reduce__(self) -> Any:
        return type(self), ()


class Closed(Sums):
    closed = False

    def update(self, rows: Tensor) -> None:
        if not self.closed:
            super().update(rows)

    @classmethod
    def from_state(cls, state: Any) -> Any:
        made = super().from_state(state)
        made.closed = True
        return made


class Sealed(Closed):
    @classmethod
    def from_state(cls, state: Any) -> Any:
        return super(Closed, cls).from_state(state)

    def __reduce__(self) -> Any:
        return Closed.from_state, (self.state(),)


class Adding(Sums):
    """Which adds to what it merges an empty one into, and to nothing else."""

    def merge(self, other: Any) -> None:
        grows = self.count and not other.count
        super().merge(other)
        if grows:
            self.sum = self.sum + 1


class Drawing(Sums):
    def update(self, rows: Tensor) -> None:
        super().update(rows)
        torch.rand(1)


@pytest.mark.parametrize(
    ("into", "words"),
    [
        (Incomplete, "it follows Accumulator: expected all members of the protocol, found no from_state, merge, state"),
        (Unversioned, "its version is a whole number"),
        (Overwriting, "update leaves the rows as they are"),
        (Miscounting, "count is the number of rows: expected 12, found 13"),
        (NeverEmpty, "an empty accumulator has seen nothing"),
        (Forgetful, "merging adds the counts"),
        (OfBatches, "any split of the rows gives the same"),
        (Fickle, "the same parts merged in the same order give the same bits"),
        (Shallow, "merging is associative"),
        (Stepping, "an empty accumulator adds nothing"),
        (Aliasing, "merging leaves the other accumulator as it is"),
        (Listed, "its state is made of NumPy arrays"),
        (Rounded, "from_state gives back what state returned"),
        (Recounting, "from_state gives back what state returned: expected 12, found 13"),
        (Telltale, "any split of the rows gives the same, up to rounding: expected ['count', 'sum'], found"),
        (Unpicklable, "it can be pickled"),
        (Closed, "the accumulator of from_state continues like the original"),
        (Sealed, "the pickled accumulator continues like the original"),
        (Adding, "an empty accumulator adds nothing"),
        (Drawing, "no global random state is touched"),
    ],
)
def test_broken_ones_are_told(into: Any, words: str) -> None:
    with fails(words):
        check_accumulator(into)
