"""Standard errors and 95 % intervals of a metric's numbers, from the groups of samples that a run stores anyway.

Sampling error of the samples and that of the reals are kept apart. The interval is of the samples, for the reals are
the same in every run; where a number is of reals alone, it is of those. How much training anew would change a number
is not seen in one model: tables show the spread over models that differ in their seed.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Literal, Protocol, runtime_checkable

import numpy as np
import torch
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from baselines.ops.tiles import single_core_pool
from ganbench.engine import cuts as cutting
from ganbench.engine.cache import Cache, shard_key
from ganbench.engine.plan import Plan
from ganbench.engine.results import Where
from ganbench.engine.shards import cores, samples_in
from ganbench.functional.resampling import interval, jackknife, spread_of_groups
from ganbench.inputs import Accumulator, Rows
from ganbench.metrics import Interval, Metric, Number
from ganbench.metrics.base import Biased, PerSample

LEVEL = 0.95
ROUNDING = 1e-12  # relative; a spread below it is that of equal numbers
FEWEST_PAIRS = 3  # of domains whose spread says something
Side = Literal["samples", "reals"]
Stored = Callable[[Where], Sequence[Accumulator] | None]


@runtime_checkable
class Removable(Protocol):
    """An accumulator from which a part of what it has seen can be taken out again."""

    def without(self, part: Any) -> Any:
        """Return an accumulator of all that this one has seen but for what ``part`` has; both stay as they are."""
        ...


class StoredGroups:
    """The groups of a plan's queries as they are stored.

    Args:
        plan: that was measured.
        tile: images that its networks saw at once.
        cache: that it was measured in.
    """

    def __init__(self, plan: Plan, tile: int, cache: Cache) -> None:
        self.plan, self.tile, self.cache = plan, tile, cache

    def __call__(self, where: Where) -> list[Accumulator] | None:
        """Return the accumulators of a query's groups in order; None where one is not there."""
        found = []
        for key in self.keys_of(where):
            if (part := self.cache.read(key, where[1].into)) is None:
                return None
            found.append(part)
        return found

    def keys_of(self, where: Where) -> list[str]:
        """Return the keys of a query's groups in order."""
        source, query = where
        tile = samples_in(self.tile, source)
        groups = cutting.groups(query.count, samples_in(cutting.SHARD, source))
        return [shard_key(source, query, self.plan.context, tile, group[0][0], group[-1][1]) for group in groups]


@dataclass(frozen=True)
class Cut:
    """Inputs of a metric that rest on the same samples, in groups.

    Attributes:
        side: what they are samples of.
        whole: accumulators of all samples, by the name of the input.
        parts: those of each group, by the name of the input.
    """

    side: Side
    whole: Mapping[str, Accumulator]
    parts: Sequence[Mapping[str, Accumulator]]

    @property
    def sizes(self) -> list[int]:
        """Number of samples in each group."""
        return [next(iter(part.values())).count for part in self.parts]

    def without(self, part: Mapping[str, Accumulator]) -> dict[str, Accumulator]:
        """Return accumulators of all samples but those of one group."""
        return {key: _without(self.whole[key], [each[key] for each in self.parts], part[key]) for key in part}


def _without(whole: Accumulator, parts: Sequence[Accumulator], part: Accumulator) -> Accumulator:
    if isinstance(whole, Removable):
        left: Accumulator = whole.without(part)
        return left
    if isinstance(part, Dealt):
        return part.others()
    made = type(whole)()
    for each in parts:
        if each is not part:
            made.merge(each)
    return made


def cuts_of(metric: Metric, plan: Plan, filled: Mapping[Where, Accumulator], stored: Stored) -> list[Cut]:
    """Return a metric's inputs in groups: one cut for each set of samples that there are groups of."""
    same: dict[tuple[Any, int], dict[str, Where]] = {}
    for key, (source, query) in plan.queries(metric).items():
        same.setdefault((source, query.count), {})[key] = (source, query)
    found = []
    for (source, _), inputs in same.items():
        side: Side = "samples" if source.generates else "reals"
        whole = {key: filled[where] for key, where in inputs.items()}
        parts = _parts(whole, inputs, stored, metric.replicates)
        if parts is not None and len(parts) > 1:
            found.append(Cut(side, whole, parts))
    return found


def _parts(
    whole: Mapping[str, Accumulator], inputs: Mapping[str, Where], stored: Stored, most: int
) -> list[dict[str, Accumulator]] | None:
    """Return the groups of inputs: every g-th row where all are rows, so that groups are alike, or as stored."""
    of_rows = {key: each for key, each in whole.items() if isinstance(each, Rows)}
    if len(of_rows) == len(whole):
        (source, query), *_ = inputs.values()
        count = min(most, len(cutting.groups(query.count, samples_in(cutting.SHARD, source))))
        each: dict[str, list[Any]] = {key: _dealt(rows, count) for key, rows in of_rows.items()}
    else:
        read = {key: stored(where) for key, where in inputs.items()}
        if any(parts is None for parts in read.values()):
            return None
        each = {key: list(parts or ()) for key, parts in read.items()}
    return [dict(zip(each, parts, strict=True)) for parts in zip(*each.values(), strict=True)]


class Dealt(Rows):
    """Every ``step``-th row of a whole, from ``first`` on."""

    def __init__(self, whole: Rows, first: int, step: int) -> None:
        super().__init__()
        self._whole, self._first, self._step = whole, first, step
        self.update(whole.rows()[first::step])

    def others(self) -> Rows:
        """Return the other rows in their order: which of them are in one split of a score must not change."""
        rows, left = self._whole.rows(), Rows()
        left.update(rows[torch.arange(len(rows)) % self._step != self._first])
        return left


def _dealt(whole: Rows, count: int) -> list[Dealt]:
    """Return every ``count``-th row, from each of the first ``count`` rows on."""
    return [Dealt(whole, first, count) for first in range(count)]


def with_intervals(
    metric: Metric,
    plan: Plan,
    numbers: Mapping[str, Number],
    filled: Mapping[Where, Accumulator],
    stored: Stored,
) -> dict[str, Number]:
    """Return a metric's numbers with their standard errors, bias and interval, as far as they can be known.

    Args:
        metric: that was measured.
        plan: of the run.
        numbers: of the metric, by column.
        filled: accumulators of all queries.
        stored: gives the groups of a query.
    """
    known = {key: filled[where] for key, where in plan.queries(metric).items()}
    if metric.uncertainty == "none":
        return dict(numbers)
    if isinstance(metric, PerSample):
        errors = metric.standard_errors(**known)
        count = min(each.count for key, each in known.items() if key != "real")
        return {key: _from_error(number, errors.get(key, math.nan), count) for key, number in numbers.items()}
    if metric.uncertainty == "pairs" and all(len(number.parts) >= FEWEST_PAIRS for number in numbers.values()):
        return {key: _from_pairs(number) for key, number in numbers.items()}
    with torch.inference_mode():
        spreads = list(_spreads(metric, numbers, known, cuts_of(metric, plan, filled, stored)))
    side: Side = "samples" if any(source.generates for source, _ in plan.queries(metric).values()) else "reals"
    return {key: _from_spreads(number, spreads, place, side) for place, (key, number) in enumerate(numbers.items())}


def _from_error(number: Number, error: float, count: int) -> Number:
    if not math.isfinite(error) or not math.isfinite(number.value):
        return number
    found = _around(number.value, error, count, "standard error of the samples")
    return replace(number, errors={"samples": error}, interval=found)


def _from_pairs(number: Number) -> Number:
    values = np.array([*number.parts.values()])
    if not np.isfinite(values).all():
        return number
    error = float(values.std(ddof=1) / math.sqrt(len(values)))
    found = _around(number.value, error, len(values), f"spread of {len(values)} pairs")
    return replace(number, errors={"pairs": error}, interval=found)


def _around(value: float, error: float, count: int, method: str) -> Interval | None:
    """Return the interval around a number; None without an error, as where all hit: it would claim to be certain."""
    return Interval(*interval(value, error, count, LEVEL), LEVEL, method) if error else None


@dataclass(frozen=True)
class Spread:
    """What the groups of one set of samples tell of a metric's numbers.

    Attributes:
        side: what they are samples of.
        groups: how many there are.
        errors, biases: of each number; a bias is NaN where it is not known.
        method: in a few words.
    """

    side: Side
    groups: int
    errors: NDArray[np.float64]
    biases: NDArray[np.float64]
    method: str


def _spreads(
    metric: Metric, numbers: Mapping[str, Number], known: Mapping[str, Accumulator], cuts: Sequence[Cut]
) -> Iterator[Spread]:
    keys = list(numbers)
    # Beside a group of samples stands one group of reals, so that all groups together cost less than the number itself.
    firsts = {key: part for cut in cuts for key, part in cut.parts[0].items()}
    at_once = all(isinstance(each, Removable) for each in known.values())

    def alone(part: Mapping[str, Accumulator]) -> list[float]:
        return _values(metric, keys, {**known, **firsts, **part})

    def without(cut: Cut, part: Mapping[str, Accumulator]) -> list[float]:
        return _values(metric, keys, {**known, **cut.without(part)})

    whole = [number.value for number in numbers.values()]
    # The spread over splits, which is neither good nor bad, falls in another way than the score does.
    biased = isinstance(metric, Biased) and metric.biased
    told = [biased and number.higher_is_better is not None for number in numbers.values()]
    for cut in cuts:
        count, over = len(cut.parts), f"{len(cut.parts)} groups of {cut.side}"
        if metric.uncertainty == "groups":
            of_groups = _replicates(alone, cut.parts, at_once)
            yield Spread(
                cut.side,
                count,
                np.where(_saturated(of_groups, whole), math.nan, spread_of_groups(of_groups, cut.sizes)),
                np.full(len(keys), math.nan),
                f"spread of {over}",
            )
        else:
            left_out = _replicates(partial(without, cut), cut.parts, at_once)
            with np.errstate(invalid="ignore"):  # infinite decibels have no error
                errors, biases = jackknife(whole, left_out, cut.sizes)
            yield Spread(cut.side, count, errors, np.where(told, biases, math.nan), f"jackknife over {over}")


def _saturated(of_groups: Sequence[Sequence[float]], whole: Sequence[float]) -> NDArray[np.bool_]:
    """Return whether all groups have one value that is not that of the whole, so that their spread says nothing.

    Samples may cover each of the few reals of a group, but not all reals.
    """
    values = np.asarray(of_groups, np.float64)
    return np.asarray((values == values[0]).all(0) & ~np.isclose(values[0], whole, rtol=ROUNDING, atol=0))


def _replicates(
    values: Callable[[Mapping[str, Accumulator]], list[float]],
    parts: Sequence[Mapping[str, Accumulator]],
    at_once: bool,
) -> list[list[float]]:
    """Return the values for each part: ``at_once``, each on one core, or one by one, as rows need the memory."""
    if not at_once:
        return [values(part) for part in parts]
    # The threads of BLAS would wait for one another longer than they compute, where matrices are small or cores shared.
    with threadpool_limits(1, user_api="blas"), single_core_pool(min(cores(), len(parts))) as pool:
        return list(pool.map(values, parts))


@torch.inference_mode()  # of this thread
def _values(metric: Metric, keys: Sequence[str], accumulators: Mapping[str, Accumulator]) -> list[float]:
    found = metric.compute(**accumulators)
    numbers = (found[key] for key in keys)
    return [number.value if isinstance(number, Number) else float(number) for number in numbers]


def _from_spreads(number: Number, spreads: Sequence[Spread], place: int, side: Side) -> Number:
    """Return a number with errors of each side, and the interval of one of them if that came in groups."""
    usable = [spread for spread in spreads if math.isfinite(spread.errors[place])]
    if not usable or not math.isfinite(number.value):
        return number
    errors: dict[str, float] = {}
    for spread in usable:
        error = float(spread.errors[place])
        error = 0.0 if error < ROUNDING * abs(number.value) else error
        errors[spread.side] = math.hypot(errors.get(spread.side, 0.0), error)
    if side not in errors:
        return replace(number, errors=errors)
    chosen = [spread for spread in usable if spread.side == side]
    found = _around(number.value, errors[side], min(spread.groups for spread in chosen), chosen[0].method)
    bias = sum(float(spread.biases[place]) for spread in chosen)
    bias = 0.0 if abs(bias) < ROUNDING * abs(number.value) else bias
    return replace(number, errors=errors, interval=found, bias=None if math.isnan(bias) else bias)
