"""One batch on its way from a source through views, and what it depends on."""

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from ganbench.rng import Streams
from ganbench.types import Dataset, Extractor


@dataclass(frozen=True, eq=False)
class Setting:
    """What the numbers of a run depend on besides the metrics themselves.

    Attributes:
        model: follows one of the protocols of ``ganbench.types``; None where only reals are seen.
        weights_sha256: of the model.
        data: the reals; None where no metric needs them.
        extractors: loaded, by name.
        seed: of every random stream.
        device: such as ``cpu`` or ``cuda:0``.
    """

    model: Any
    weights_sha256: str
    data: Dataset | None
    extractors: Mapping[str, Extractor]
    seed: int
    device: str
    _doubles: dict[str, Any] = field(default_factory=dict)

    def model_in(self, double: bool) -> Any:
        """Return the model, or its float64 twin."""
        return self._twin("model", self.model, lambda model: copy.deepcopy(model).double()) if double else self.model

    def extractor_in(self, name: str, double: bool) -> Extractor:
        """Return an extractor, or its float64 twin."""
        found = self.extractors[name]
        twin: Extractor = self._twin(name, found, lambda it: it.to(self.device, float64=True)) if double else found
        return twin

    def _twin(self, key: str, original: Any, make: Any) -> Any:
        if key not in self._doubles:
            self._doubles[key] = make(original)
        return self._doubles[key]

    def for_thread(self) -> "Setting":
        """Return a setting whose model can be used beside this one's: same weights in memory, own buffers.

        A model keeps its input transform in a buffer, so two threads must not share one.
        """
        if not isinstance(self.model, nn.Module):
            return replace(self, model=copy.copy(self.model), _doubles={})
        shared = {id(p): p for p in self.model.parameters()}
        return replace(self, model=copy.deepcopy(self.model, shared), _doubles={})


class Source(Protocol):
    """Where batches come from. Frozen: equal sources share one pass.

    Attributes:
        name: for people, such as ``samples``.
        depends: which fields of the setting change its batches, of ``model``, ``data`` and ``seed``.
    """

    @property
    def name(self) -> str:
        """What the source is called in plans and messages."""
        ...

    def depends(self, setting: Setting) -> Mapping[str, Any]:
        """Return what the batches depend on besides the source itself, for the key of the cache."""
        ...

    def length(self, setting: Setting) -> int | None:
        """Return how many samples there are; None when there is no end."""
        ...

    def problems(self, setting: Setting) -> list[str]:
        """Return what keeps this source from working, one sentence each."""
        ...

    def draw(self, setting: Setting, indices: tuple[int, ...]) -> Mapping[str, Tensor]:
        """Return the named tensors of a batch, one row an index."""
        ...


class View(Protocol):
    """Something computed once a batch. Frozen: equal views share their values.

    ``extractor`` names the extractor it needs, if any. A view that asks more than that of model or extractor also has
    ``problems(setting)``, as sources do.
    """

    @property
    def extractor(self) -> str | None:
        """Name of the extractor the view needs, or None."""
        ...

    def compute(self, batch: "Batch") -> Tensor:
        """Return ``[N, ...]``, one row a sample."""
        ...


class Batch:
    """A batch of one source; every view of it is computed at most once."""

    def __init__(self, source: Source, setting: Setting, indices: tuple[int, ...]) -> None:
        self.source = source
        self.setting = setting
        self.indices = indices
        self.streams = Streams(setting.seed, indices)
        self.drawn = source.draw(setting, indices)
        self._seen: dict[Any, Any] = {}

    def of(self, view: Any) -> Any:
        """Return what a view shows of this batch."""
        if view not in self._seen:
            self._seen[view] = view.compute(self)
        return self._seen[view]

    def on_device(self, tensor: Tensor) -> Tensor:
        """Return a tensor on the device of the run."""
        return tensor.to(torch.device(self.setting.device))
