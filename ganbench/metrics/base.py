"""What every metric is."""

from collections.abc import Mapping
from typing import Any, ClassVar, Protocol, runtime_checkable

from ganbench.inputs import Input


@runtime_checkable
class Metric(Protocol):
    """A frozen dataclass of official parameters: ``inputs`` declares what it needs, ``compute`` is pure.

    Attributes:
        name: as in papers, such as ``fid50k``.
        count: number of generated samples.
        version: of the definition; raised whenever equal inputs would give another number.
        higher_is_better: for people, tables and the gate.
        unit: such as ``dB``; empty for pure numbers.
    """

    version: ClassVar[int]
    higher_is_better: ClassVar[bool]
    unit: ClassVar[str]

    @property
    def name(self) -> str:
        """Name as in papers."""
        ...

    @property
    def count(self) -> int:
        """Number of generated samples."""
        ...

    def inputs(self) -> Mapping[str, Input]:
        """Return what ``compute`` wants, by the name of its argument."""
        ...

    def compute(self, **accumulators: Any) -> dict[str, float]:
        """Return numbers by column name; the first is the headline."""
        ...
