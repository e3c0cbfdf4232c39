"""A metric measured on altered images: edited, joined with their mirror images, or only a part of them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from ganbench.errors import BadInputError
from ganbench.explain.edits import AS_THEY_ARE, edited
from ganbench.inputs import Accumulator, Features, Input, Rows
from ganbench.metrics.base import BaseMetric, Metric, Number


@dataclass(frozen=True)
class Images:
    """A selection of images and edits of them.

    Attributes:
        edits: names of ``ganbench.explain.edits``; with several, each image is used once with each edit.
        part: start and stop of the images used; None for all.
    """

    edits: tuple[str, ...] = (AS_THEY_ARE,)
    part: tuple[int, int] | None = None


@dataclass(frozen=True)
class AlteredMetric(BaseMetric):
    """Another metric, measured on altered images.

    Attributes:
        name: of the alternative.
        metric: to measure.
        samples: how the generated images are altered.
        reals: how the real images are altered.

    Raises:
        BadInputError: the metric has an input other than features of images.
    """

    name: str
    metric: Metric
    samples: Images = Images()
    reals: Images = Images()

    version: ClassVar[int] = 1
    higher_is_better: ClassVar[bool | None] = None
    unit: ClassVar[str] = ""

    @property
    def count(self) -> int | None:
        """Number of generated samples."""
        return self.metric.count

    def inputs(self) -> Mapping[str, Input]:
        """Return the metric's inputs, each once for every edit."""
        return {f"{key}_{at}": need for key in self._needs() for at, need in enumerate(self._edited(key))}

    def compute(self, **accumulators: Any) -> Mapping[str, Number]:
        """Return the metric's numbers."""
        joined = {
            key: self._joined(key, [accumulators[f"{key}_{at}"] for at, _ in enumerate(self._edited(key))])
            for key in self._needs()
        }
        return {key: as_number(value) for key, value in self.metric.compute(**joined).items()}

    def _needs(self) -> Mapping[str, Input]:
        return self.metric.inputs()

    def _images(self, key: str) -> Images:
        return self.reals if self._needs()[key].source.reads_data else self.samples

    def _edited(self, key: str) -> Iterator[Input]:
        need, images = self._needs()[key], self._images(key)
        into = need.into if images.part is None else Rows
        for edit in images.edits:
            yield Input(need.source, edited(features_of(need, self.metric), edit), into, need.count, need.minimum)

    def _joined(self, key: str, parts: list[Accumulator]) -> Accumulator:
        """Return one accumulator, of the type that the metric expects, with the content of several."""
        into, part = self._needs()[key].into, self._images(key).part
        if len(parts) == 1 and part is None:  # which may be moments from a file, of an unknown number of images
            return parts[0]
        joined = into()
        for each in parts:
            if part is None:
                joined.merge(each)
            elif isinstance(each, Rows):
                joined.update(each.rows()[slice(*part)])
        return joined


def as_number(value: Number | float) -> Number:
    """Return a metric's number; a plain float has no direction."""
    return value if isinstance(value, Number) else Number(float(value), None)


def features_of(need: Input, metric: Metric) -> Features:
    """Return the view of an input.

    Raises:
        BadInputError: the view is not one of features.
    """
    if not isinstance(need.view, Features):
        raise BadInputError(f"expected a metric of features such as fid or kid, found {metric.name}: choose another.")
    return need.view
