"""The laws of accumulators."""

import pickle
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ganbench.inputs import Accumulator
from ganbench.testing.laws import Laws

ROUNDING = 1e-12  # relative error of float64 sums of a few rows


def check_accumulator(into: type[Accumulator], rows: Tensor | None = None) -> None:
    """Check the laws of a class of accumulators.

    Args:
        into: the class; called without arguments, it gives an empty accumulator.
        rows: at least nine rows ``[N, ...]`` of the kind that it takes; None for random ``[12, 3]``.

    Raises:
        AssertionError: a law is broken.
    """
    laws = Laws(into.__name__)
    given = torch.rand(12, 3, generator=torch.Generator().manual_seed(3)) if rows is None else rows
    laws.follow(into(), Accumulator)
    laws.hold(isinstance(into.version, int), "its version is a whole number", "an int", into.version)
    with laws.untouched_random_state():
        _check_monoid(laws, into, given)
        _check_state(laws, into, given)


def _check_monoid(laws: Laws, into: type[Accumulator], rows: Tensor) -> None:
    before, count = rows.clone(), len(rows)
    whole = _filled(into, rows)
    laws.equal(before, rows, "update leaves the rows as they are")
    laws.equal(count, whole.count, "count is the number of rows")
    laws.equal(0, into().count, "an empty accumulator has seen nothing")
    for cuts in ((2, 5), (1, 8), (4, 4)):
        parts = [_filled(into, part) for part in torch.tensor_split(rows, cuts) if len(part)]
        merged = _merged(into, parts)
        laws.equal(count, merged.count, "merging adds the counts")
        _close(laws, whole, merged, "any split of the rows gives the same, up to rounding")
        _same(laws, merged, _merged(into, parts), "the same parts merged in the same order give the same bits")
    first, second, third = (_filled(into, part) for part in torch.tensor_split(rows, (3, 7)))
    left = _merged(into, [_merged(into, [first, second]), third])
    right = _merged(into, [first, _merged(into, [second, third])])
    _close(laws, left, right, "merging is associative, up to rounding")
    _same(laws, whole, _merged(into, [into(), whole]), "an empty accumulator adds nothing")
    _same(laws, whole, _merged(into, [whole, into()]), "an empty accumulator adds nothing")
    _check_parts_stay(laws, into, rows)


def _check_parts_stay(laws: Laws, into: type[Accumulator], rows: Tensor) -> None:
    part = _filled(into, rows)
    before = pickle.loads(pickle.dumps(part.state()))
    total: Any = into()
    total.merge(part)
    total.update(rows)
    laws.equal(before, part.state(), "merging leaves the other accumulator as it is, even if the sum is updated later")


def _check_state(laws: Laws, into: type[Accumulator], rows: Tensor) -> None:
    whole = _filled(into, rows)
    arrays = all(isinstance(value, np.ndarray | np.generic) for value in whole.state().values())
    laws.hold(arrays, "its state is made of NumPy arrays", "arrays", whole.state())
    read = into.from_state(whole.state())
    laws.equal(whole.count, read.count, "from_state gives back what state returned")
    _same(laws, whole, read, "from_state gives back what state returned")
    pickled = pickle.loads(pickle.dumps(whole))
    _same(laws, whole, pickled, "it can be pickled")
    for one in (whole, read, pickled):
        one.update(rows)
    _same(laws, whole, read, "the accumulator of from_state continues like the original")
    _same(laws, whole, pickled, "the pickled accumulator continues like the original")


def _filled(into: type[Accumulator], rows: Tensor) -> Accumulator:
    made = into()
    made.update(rows)
    return made


def _merged(into: type[Accumulator], parts: list[Any]) -> Accumulator:
    made = into()
    for part in parts:
        made.merge(part)
    return made


def _same(laws: Laws, one: Accumulator, other: Accumulator, law: str) -> None:
    laws.equal(dict(one.state()), dict(other.state()), law)


def _close(laws: Laws, one: Accumulator, other: Accumulator, law: str) -> None:
    left, right = one.state(), other.state()
    laws.equal(sorted(left), sorted(right), law)
    for name, value in left.items():
        laws.close(torch.as_tensor(value), torch.as_tensor(right[name]), law, ROUNDING)
