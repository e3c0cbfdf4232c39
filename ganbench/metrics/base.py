"""What every metric is."""

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, Protocol, Self, runtime_checkable

from ganbench.counts import countless, show_count
from ganbench.errors import BadInputError
from ganbench.inputs import Input
from ganbench.truncation import Truncation

Part = tuple[int | str, ...]
"""Which part of the samples: domains by their place among the data's domains, or anything else by its name."""

Uncertainty = Literal["jackknife", "per-sample", "none"]
"""How a metric's interval is found: from its value without each group of shards, from its rows, or not at all."""


@dataclass(frozen=True)
class Interval:
    """A range that holds the true value with a stated probability.

    Attributes:
        low, high: its ends, in the unit of the number.
        level: the probability, such as 0.95.
        method: how it was found, in a few words.
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
    """

    value: float
    higher_is_better: bool | None
    parts: Mapping[Part, float] = field(default_factory=dict)
    interval: Interval | None = None


@runtime_checkable
class Metric(Protocol):
    """A frozen dataclass of official parameters: ``inputs`` declares what it needs, ``compute`` is pure.

    ``BaseMetric`` has defaults.

    Attributes:
        name: as in papers, such as ``fid50k``.
        count: number of generated samples; of metrics of translations, source images a domain, None for all.
        version: of the definition; raised whenever equal inputs would give another number.
        higher_is_better: for tables and the gate; None where neither direction is better.
        unit: such as ``dB``; empty for pure numbers.
        uncertainty: how its interval is found.
    """

    version: ClassVar[int]
    higher_is_better: ClassVar[bool | None]
    unit: ClassVar[str]
    uncertainty: ClassVar[Uncertainty]

    @property
    def name(self) -> str:
        """Name as in papers."""
        ...

    @property
    def count(self) -> int | None:
        """Number of generated samples."""
        ...

    def inputs(self) -> Mapping[str, Input]:
        """Return what ``compute`` wants, by the name of its argument."""
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
        """Return the metric varied and, where that makes another number of it, renamed; see ``BaseMetric.with_``."""
        ...

    def of_class(self, label: int) -> Self:
        """Return the metric of one class, renamed: ``fid50k`` of class 2 is ``fid50k_class2``."""
        ...

    def generated(self, samples: Mapping[str, int]) -> int | None:
        """Return how many generated images its numbers rest on, from the number of samples of each input."""
        ...

    def warnings(self, filled: Mapping[str, Any]) -> list[str]:
        """Return sentences on what to know about its numbers, from filled accumulators by the names of its inputs."""
        ...

    def spec(self) -> dict[str, Any]:
        """Return the parameters that make the number what it is, as JSON values, but for name, count and extractor."""
        ...


class BaseMetric:
    """Defaults of a metric: a frozen dataclass that inherits from it defines ``inputs`` and ``compute``.

    Attributes:
        optional: fields that ``spec`` leaves out where they have their defaults, so that a metric compares with records
            from before it had them.
    """

    uncertainty: ClassVar[Uncertainty] = "jackknife"
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
        """Return the metric varied; None and fields that it does not have leave it as it is.

        Args:
            count: number of samples; ``fid50k`` at 500 is ``fid@500``.
            psi: truncation of the samples; ``fid50k`` at 0.7 is ``fid50k_psi0.7``. 1 for none.
            cutoff: number of layers truncated; None for all.
            extractor: name of another extractor.
            float64: True for networks in float64.
            fields: values of other fields, such as ``ddof``.

        Raises:
            BadInputError: a truncation of a metric that is not measured on truncated samples, or that is not finite.
        """
        own = {f.name for f in dataclasses.fields(self)}  # type: ignore[arg-type]  # metrics are dataclasses
        asked = {"extractor": extractor, "float64": float64 or None, **fields}
        changes = {name: value for name, value in asked.items() if value is not None and name in own}
        varied: Any = dataclasses.replace(self, **changes) if changes else self  # type: ignore[type-var]
        if count is not None and count != varied.count:
            name = fields.get("name") or f"{countless(varied.name)}@{show_count(count)}"
            varied = dataclasses.replace(varied, name=name, count=count)
        truncation = Truncation(1.0 if psi is None else psi, cutoff)
        return varied.truncated(truncation) if truncation.suffix else varied  # type: ignore[no-any-return]

    def truncated(self, truncation: Truncation) -> Self:
        """Refuse: only metrics of samples can be truncated.

        Raises:
            BadInputError: always.
        """
        metric: Any = self
        raise BadInputError(f"{metric.name} is not measured on truncated samples: leave the truncation out.")

    def of_class(self, label: int) -> Self:
        """Refuse: only metrics of samples can be measured of one class.

        Raises:
            BadInputError: always.
        """
        metric: Any = self
        raise BadInputError(f"{metric.name} is not measured of one class: leave the class {label} out.")

    def generated(self, samples: Mapping[str, int]) -> int | None:
        """Return the metric's count."""
        metric: Any = self
        count: int | None = metric.count
        return count

    def warnings(self, filled: Mapping[str, Any]) -> list[str]:
        """Return none."""
        return []

    def spec(self) -> dict[str, Any]:
        """Return all fields but name, count, extractor, which stand elsewhere, and optional ones at their defaults."""
        values = dataclasses.asdict(self)  # type: ignore[call-overload]  # metrics are dataclasses
        defaults = {f.name: f.default for f in dataclasses.fields(self)}  # type: ignore[arg-type]
        left_out = {"name", "count", "extractor"} | {name for name in self.optional if values[name] == defaults[name]}
        return {name: value for name, value in values.items() if name not in left_out}
