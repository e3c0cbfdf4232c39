"""The protocol and the base class of metrics, and the numbers they return."""

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, Protocol, Self, runtime_checkable

from ganbench.counts import countless, show_count
from ganbench.errors import BadInputError
from ganbench.inputs import Input
from ganbench.truncation import Truncation

Part = tuple[int | str, ...]
"""A part of the samples: domains by their index among the data's domains, or anything else by its name."""

Uncertainty = Literal["jackknife", "groups", "per-sample", "pairs", "none"]
"""How a metric's interval is found.

``jackknife``: from its value without each group of samples; right for whatever is smooth in its sums.
``groups``: from the spread of its values in each group alone; cheaper where the work grows with the square of samples.
``per-sample``: from its rows, by ``standard_errors``.
``pairs``: from the spread over ordered pairs of domains; of fewer than three pairs by the jackknife.
``none``: not at all.
"""


@dataclass(frozen=True)
class Interval:
    """A range that holds the true value with a stated probability.

    Attributes:
        low, high: ends of the range, in the unit of the number.
        level: the probability, such as 0.95.
        method: method of the interval, in a few words.
    """

    low: float
    high: float
    level: float
    method: str


@dataclass(frozen=True)
class Number:
    """One number of a metric.

    Attributes:
        value: finite or infinite, never NaN.
        higher_is_better: None where neither direction is better.
        parts: the same number of each part of the samples, such as ``(0, 1)`` for an ordered pair of domains.
        interval: None where none is known.
        errors: standard errors by what they are of: ``samples``, ``reals``, or ``pairs`` of domains.
        bias: how much the value would fall with infinitely many samples, to first order; None where it is not known or
            the metric is not ``Biased``.
    """

    value: float
    higher_is_better: bool | None
    parts: Mapping[Part, float] = field(default_factory=dict)
    interval: Interval | None = None
    errors: Mapping[str, float] = field(default_factory=dict)
    bias: float | None = None


@runtime_checkable
class PerSample(Protocol):
    """A metric with the uncertainty ``per-sample``."""

    @property
    def standard_errors(self) -> Callable[..., Mapping[str, float]]:
        """A method that takes the filled accumulators, as ``compute`` does, and returns standard errors by column."""
        ...


@runtime_checkable
class Biased(Protocol):
    """A metric whose bias falls as one over the number of samples, so that the jackknife can tell it."""

    biased: ClassVar[bool]


@runtime_checkable
class Metric(Protocol):
    """A frozen dataclass of official parameters: ``inputs`` declares what it needs, ``compute`` is pure.

    ``BaseMetric`` has defaults.

    Attributes:
        name: name as in papers, such as ``fid50k``.
        count: number of generated samples; for metrics of translations, source images per domain, None for all.
        version: version of the definition; raised whenever equal inputs would give another number.
        higher_is_better: direction for tables and the gate; None if neither direction is better.
        unit: unit such as ``dB``; empty for dimensionless numbers.
        uncertainty: method of the interval.
        replicates: most groups of rows for it, fewer where computing takes long.
    """

    version: ClassVar[int]
    higher_is_better: ClassVar[bool | None]
    unit: ClassVar[str]
    uncertainty: ClassVar[Uncertainty]
    replicates: ClassVar[int]

    @property
    def name(self) -> str:
        """Name as in papers."""
        ...

    @property
    def count(self) -> int | None:
        """Number of generated samples."""
        ...

    def inputs(self) -> Mapping[str, Input]:
        """Return the inputs of ``compute``, by the name of its argument."""
        ...

    @property
    def compute(self) -> Callable[..., Mapping[str, Number | float]]:
        """A method that takes the filled accumulators and returns numbers by column name; the first is the headline.

        A plain float has the metric's own direction, and no parts.
        """
        ...

    def with_(
        self,
        *,
        count: int | None = None,
        psi: float | None = None,
        cutoff: int | None = None,
        extractor: str | None = None,
        float64: bool = False,
        **fields: Any,
    ) -> Self:
        """Return a variation of the metric, renamed if its number differs; see ``BaseMetric.with_``."""
        ...

    def of_class(self, label: int) -> Self:
        """Return the metric of one class, renamed: ``fid50k`` of class 2 is ``fid50k_class2``."""
        ...

    def generated(self, samples: Mapping[str, int]) -> int | None:
        """Return the number of generated images behind its numbers, given the number of samples of each input."""
        ...

    def warnings(self, filled: Mapping[str, Any]) -> list[str]:
        """Return sentences on what to know about its numbers, from filled accumulators by the names of its inputs."""
        ...

    def spec(self) -> dict[str, Any]:
        """Return the parameters that define the number, as JSON values, except name, count and extractor."""
        ...


class BaseMetric:
    """Defaults of a metric: a frozen dataclass that inherits from it defines ``inputs`` and ``compute``.

    Attributes:
        optional: fields that ``spec`` leaves out at their defaults, so that new fields do not make a metric differ from
            that of older records.
    """

    uncertainty: ClassVar[Uncertainty] = "jackknife"
    replicates: ClassVar[int] = 20
    optional: ClassVar[frozenset[str]] = frozenset()

    def with_(
        self,
        *,
        count: int | None = None,
        psi: float | None = None,
        cutoff: int | None = None,
        extractor: str | None = None,
        float64: bool = False,
        **fields: Any,
    ) -> Self:
        """Return a variation of the metric; None, and fields that the metric does not have, change nothing.

        Args:
            count: number of samples; ``fid50k`` at 500 is ``fid@500``.
            psi: truncation of the samples, 1 for none; ``fid50k`` at 0.7 is ``fid50k_psi0.7``.
            cutoff: number of layers truncated; None for all.
            extractor: name of another extractor.
            float64: whether networks run in float64.
            fields: values of other fields, such as ``ddof``.

        Raises:
            BadInputError: the metric cannot be measured on truncated samples, or psi is out of range.
        """
        own = {f.name for f in dataclasses.fields(self)}  # type: ignore[arg-type]  # metrics are dataclasses
        asked = {"extractor": extractor, "float64": float64 or None, **fields}
        changes = {name: value for name, value in asked.items() if value is not None and name in own}
        # Metrics are dataclasses, which their base cannot tell.
        varied: Any = dataclasses.replace(self, **changes) if changes else self  # type: ignore[type-var]
        if count is not None and count != varied.count:
            name = fields.get("name") or f"{countless(varied.name)}@{show_count(count)}"
            varied = dataclasses.replace(varied, name=name, count=count)
        truncation = Truncation(1.0 if psi is None else psi, cutoff)
        # Metrics are dataclasses, which their base cannot tell.
        return varied.truncated(truncation) if truncation.suffix else varied  # type: ignore[no-any-return]

    def truncated(self, truncation: Truncation) -> Self:
        """Refuse: only metrics of samples can be truncated.

        Raises:
            BadInputError: always.
        """
        metric: Any = self
        raise BadInputError(f"expected no truncation for {metric.name}, found one: leave it out.")

    def of_class(self, label: int) -> Self:
        """Refuse: only metrics of samples can be measured of one class.

        Raises:
            BadInputError: always.
        """
        metric: Any = self
        raise BadInputError(f"expected no class for {metric.name}, found class {label}: leave it out.")

    def generated(self, samples: Mapping[str, int]) -> int | None:
        """Return the metric's count."""
        metric: Any = self
        count: int | None = metric.count
        return count

    def warnings(self, filled: Mapping[str, Any]) -> list[str]:
        """Return none."""
        return []

    def spec(self) -> dict[str, Any]:
        """Return all fields except name, count, extractor, and optional ones at their defaults."""
        values = dataclasses.asdict(self)  # type: ignore[call-overload]  # metrics are dataclasses
        # Metrics are dataclasses, which their base cannot tell.
        defaults = {f.name: f.default for f in dataclasses.fields(self)}  # type: ignore[arg-type]
        left_out = {"name", "count", "extractor"} | {name for name in self.optional if values[name] == defaults[name]}
        return {name: value for name, value in values.items() if name not in left_out}
