"""What every metric is."""

from collections.abc import Callable, Mapping
from typing import ClassVar, Protocol, runtime_checkable

from ganbench.inputs import Input


@runtime_checkable
class Metric(Protocol):
    """A frozen dataclass of official parameters: ``inputs`` declares what it needs, ``compute`` is pure.

    Attributes:
        name: as in papers, such as ``fid50k``.
        count: number of generated samples; of metrics of translations, source images a domain, None for all.
        version: of the definition; raised whenever equal inputs would give another number.
        higher_is_better: for people, tables and the gate; None where neither direction is.
        unit: such as ``dB``; empty for pure numbers.
    """

    version: ClassVar[int]
    higher_is_better: ClassVar[bool | None]
    unit: ClassVar[str]

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
    def compute(self) -> Callable[..., dict[str, float]]:
        """A method that takes the filled accumulators and returns numbers by column name; the first is the headline.

        A name such as ``fid_latent/0->1`` is no column but a part of the number ``fid_latent``: see ``metrics.pairs``.
        """
        ...
