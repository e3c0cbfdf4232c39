"""The context of a run: everything that its numbers depend on besides the metrics."""

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from torch import nn

from ganbench.data.labels import class_indices
from ganbench.types import (
    Dataset,
    Extractor,
    Generator,
    ImageSize,
    Rectangular,
    Sized,
    Statistics,
    size_of,
    size_of_data,
)


@dataclass(frozen=True, eq=False)
class Context:
    """A run's model, data, extractors, seed and device.

    Attributes:
        model: follows one of the protocols of ``ganbench.types``; None if only reals are needed.
        weights_sha256: sha256 of the model's weights.
        data: the reals; None if no metric needs them.
        extractors: loaded extractors by name.
        seed: seed of all random streams.
        device: device such as ``cpu`` or ``cuda:0``.
        name: name of the model in messages.
        statistics: statistics of the reals, in place of the images or beside them.
    """

    model: Any
    weights_sha256: str
    data: Dataset | None
    extractors: Mapping[str, Extractor]
    seed: int
    device: str
    name: str = ""
    statistics: Statistics | None = None
    _twins: dict[str, Any] = field(default_factory=dict)
    _members: dict[int, list[int]] = field(default_factory=dict)

    @cached_property  # asked for every batch, and it takes long to see what a model can do
    def c_dim(self) -> int:
        """Number of classes of a conditional generator; 0 for every other model."""
        return self.model.c_dim if isinstance(self.model, Generator) else 0

    @cached_property
    def img_resolution(self) -> int | None:
        """Height and width in pixels of the images that the model makes or takes; None if it takes any size."""
        return self.model.img_resolution if isinstance(self.model, Sized) else None

    @cached_property
    def img_size(self) -> ImageSize | None:
        """Size of the images that the model makes or takes, which need not be square; None where it takes any."""
        return size_of(self.model) if isinstance(self.model, Rectangular) else self.img_resolution

    @property
    def data_size(self) -> ImageSize | None:
        """Size of the data's images, which need not be square; None where there are none."""
        return None if self.data is None else size_of_data(self.data)

    @cached_property
    def img_channels(self) -> int | None:
        """Channels of the images that the model makes or takes; None if it takes any number."""
        return self.model.img_channels if isinstance(self.model, Sized) else None

    def members(self, label: int) -> list[int]:
        """Return the indices of the reals of a class, in order."""
        assert self.data is not None
        if label not in self._members:
            place = class_indices(self.data.labels(range(len(self.data))))
            self._members[label] = (place == label).nonzero()[:, 0].tolist()
        return self._members[label]

    def model_in(self, float64: bool) -> Any:
        """Return the model, or a float64 copy that is made once."""
        return self._twin("model", lambda: copy.deepcopy(self.model).double()) if float64 else self.model

    def extractor_in(self, name: str, float64: bool = False) -> Extractor:
        """Return an extractor, or a float64 copy that is made once."""
        found = self.extractors[name]
        twin: Extractor = self._twin(name, lambda: found.to(self.device, True)) if float64 else found
        return twin

    def _twin(self, key: str, make: Callable[[], Any]) -> Any:
        if key not in self._twins:
            self._twins[key] = make()
        return self._twins[key]

    def for_thread(self) -> "Context":
        """Return a context for another thread: its model shares the weights in memory but has its own buffers.

        A model keeps its input transform in a buffer, so two threads must not share one.
        """
        if not isinstance(self.model, nn.Module):
            return replace(self, model=copy.copy(self.model), _twins={})
        shared = {id(p): p for p in self.model.parameters()}
        return replace(self, model=copy.deepcopy(self.model, shared), _twins={})
