"""How much of the gap between two numbers each alternative closes."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from ganbench.errors import BadInputError
from ganbench.explain.alternatives import Alternative
from ganbench.explain.setup import Setup

EXPLAINS = 0.9  # share of a gap that an alternative must close to explain it
PARTLY = 0.3  # share that it must close to be mentioned
NEAR = 0.02  # share within which two alternatives explain a gap equally well
DIGITS = 6  # of these shares, by which alternatives are ordered; beyond, it is the metric's rounding that differs
PAIRS = 3  # number of pairs to measure: those whose changes, added up, close the gap best


class Measures(Protocol):
    """A callable that measures setups; see ``ganbench.explain.setup.Measurer``."""

    lost: dict[Setup, str]

    def __call__(self, setups: Sequence[Setup], key: str = "") -> dict[Setup, float]:
        """Return the value of each setup that can be measured."""
        ...


@dataclass(frozen=True)
class Tried:
    """One alternative, measured.

    Attributes:
        name: of the alternative, or of a pair.
        value: the number measured with it.
        change: difference from the number without it.
        closed: share of the gap that it closes: 1 if it gives the other number, 0 if it is as far from it as before,
            negative if it is farther.
        is_joint: whether it combines several alternatives.
    """

    name: str
    value: float
    change: float
    closed: float
    is_joint: bool = False


@dataclass(frozen=True)
class Explanation:
    """Alternatives tried to get from one number to another.

    Attributes:
        key: name of the number.
        value: the number measured here.
        target: the other number.
        tried: alternatives, best first.
        lost: alternatives that could not be measured, with the reason.
    """

    key: str
    value: float
    target: float
    tried: tuple[Tried, ...] = ()
    lost: dict[str, str] = field(default_factory=dict)

    @property
    def verdict(self) -> str:
        """One sentence: which alternative explains the gap, or which two."""
        if self.value == self.target:
            return f"There is no gap: {self.key} is {self.value:.6g} both times."
        if not self.tried:
            return "No alternative that can be tried here would change the number."
        best, singles = self.tried[0], [each for each in self.tried if not each.is_joint]
        single = singles[0] if singles else best
        if single.closed >= EXPLAINS:
            near = [
                it for it in self.tried if not it.is_joint and it is not single and it.closed > single.closed - NEAR
            ]
            others = "".join(f", and so would {each.name} ({_percent(each.closed)})" for each in near[:2])
            return f"{_upper(single.name)} explains the gap ({_percent(single.closed)} of it){others}."
        if best.closed >= EXPLAINS:
            return f"No single alternative explains the gap; together they close {_percent(best.closed)}: {best.name}."
        if best.closed >= PARTLY:
            return f"{_upper(best.name)} closes {_percent(best.closed)} of the gap; nothing tried here closes the rest."
        return (
            "Nothing tried here explains the gap: look for other weights, other images, or steps before they were "
            "saved."
        )


def explain_gap(base: Setup, target: float, tries: Sequence[Alternative], measure: Measures, key: str) -> Explanation:
    """Return how much of the gap between a setup's number and another number each alternative closes.

    If none closes 90 %, pairs are tried: the three whose changes, added up, should close it best.

    Args:
        base: how the number is measured.
        target: the other number.
        tries: alternatives, each of which changes the setup.
        measure: measures setups.
        key: of the number; "" for the metric's first.

    Raises:
        BadInputError: the setup itself cannot be measured.
    """
    setups = {each: base.changed(each.changes) for each in tries}
    values = measure([base, *setups.values()], key)
    if base not in values:
        raise BadInputError(measure.lost[base])
    value, name = values[base], key or base.metric.name
    if value == target:
        return Explanation(name, value, target)
    tried = {each: _tried(each, values[setup], value, target) for each, setup in setups.items() if setup in values}
    singles = {each: it for each, it in tried.items() if not each.is_joint}
    explained = max((it.closed for it in singles.values()), default=1) >= EXPLAINS
    pairs = [] if explained else _pairs(singles, target - value)
    both = {pair: base.changed(pair.changes) for pair in pairs}
    values |= measure(list(both.values()), key) if both else {}
    found = [*tried.values(), *(_tried(p, values[s], value, target) for p, s in both.items() if s in values)]
    lost = {each.name: measure.lost[setup] for each, setup in (setups | both).items() if setup in measure.lost}
    found.sort(key=lambda it: (-round(it.closed, DIGITS), it.is_joint))
    return Explanation(name, value, target, tuple(found), lost)


def _tried(alternative: Alternative, value: float, base: float, target: float) -> Tried:
    closed = 1 - abs(target - value) / abs(target - base)
    return Tried(alternative.name, value, value - base, closed, alternative.is_joint)


def _pairs(tried: dict[Alternative, Tried], gap: float) -> list[Alternative]:
    """Return the pairs that would close the gap best, and better than either of the two, if changes add up."""
    left: dict[Alternative, float] = {}
    for (one, first), (other, second) in itertools.combinations(tried.items(), 2):
        rest = abs(gap - first.change - second.change)
        if one.goes_with(other) and rest < min(abs(gap - first.change), abs(gap - second.change)):
            left[one + other] = rest
    return sorted(left, key=lambda pair: left[pair])[:PAIRS]


def _percent(share: float) -> str:
    return f"{round(100 * share)} %"


def _upper(name: str) -> str:
    return name[:1].upper() + name[1:]
