"""One batch on its way from a source through views, and what sources and views are."""

from collections.abc import Mapping
from typing import Any, ClassVar, Protocol

from torch import Tensor

from ganbench.inputs.accumulators import Accumulator
from ganbench.inputs.context import Context
from ganbench.rng import Streams


class Check(Protocol):
    """Something that is looked at while a source's batches are made, and may be worth a warning.

    Attributes:
        view: of each batch.
        into: class of the accumulator of what the view shows.
        count: number of samples, from the first on.
    """

    @property
    def view(self) -> "View":
        """Of each batch."""
        ...

    @property
    def into(self) -> type[Accumulator]:
        """Class of the accumulator."""
        ...

    @property
    def count(self) -> int:
        """Number of samples, from the first on."""
        ...

    def warning(self, seen: Any, /) -> str:
        """Return a sentence on what was seen; "" where all is well."""
        ...


class Source(Protocol):
    """Where batches come from. Frozen: equal sources share one pass. ``BaseSource`` has defaults."""

    @property
    def name(self) -> str:
        """Name of the source in plans and messages, such as ``samples``."""
        ...

    @property
    def version(self) -> int:
        """Of the definition; raised whenever equal indices would give another batch."""
        ...

    @property
    def reads_data(self) -> bool:
        """Whether the real images go into its batches, so that numbers of two data sets do not compare."""
        ...

    @property
    def images_per_sample(self) -> int:
        """Images that a sample stands for, so that a tile of samples is no larger than one of images."""
        ...

    def image_size(self, context: Context) -> int | None:
        """Return the height and width of its images in pixels; None where extractors see none."""
        ...

    def depends(self, context: Context) -> Mapping[str, Any]:
        """Return what the batches depend on besides the source itself, as JSON values, for the key of the cache."""
        ...

    def length(self, context: Context) -> int | None:
        """Return how many samples there are; None when there is no end."""
        ...

    def problems(self, context: Context) -> list[str]:
        """Return what keeps this source from working, one sentence each."""
        ...

    def shortage(self, context: Context, count: int) -> str:
        """Return why fewer than ``count`` samples will not do; "" where fewer will do, or there are enough."""
        ...

    def checks(self, context: Context) -> list[Check]:
        """Return what is to be looked at while its batches are made."""
        ...

    def draw(self, context: Context, indices: tuple[int, ...]) -> Mapping[str, Tensor]:
        """Return the named tensors of a batch, one row an index."""
        ...


class BaseSource:
    """Defaults of a source: endless, one image a sample, and taken to read the data until it says that it does not.

    A source defines ``name``, ``depends`` and ``draw``, and of the following what differs.
    """

    version: ClassVar[int] = 1
    reads_data: ClassVar[bool] = True
    images_per_sample: int = 1

    def image_size(self, context: Context) -> int | None:
        """Return the size of the data's images where the source reads them, else that of the model's."""
        if self.reads_data:
            return context.data.resolution if context.data else None
        return context.img_resolution

    def length(self, context: Context) -> int | None:
        """Return None: there is no end."""
        return None

    def problems(self, context: Context) -> list[str]:
        """Return none."""
        return []

    def shortage(self, context: Context, count: int) -> str:
        """Return "": of what is finite, as many will do as there are."""
        return ""

    def checks(self, context: Context) -> list[Check]:
        """Return none."""
        return []


class View(Protocol):
    """Something computed once a batch. Frozen: equal views share their values. ``BaseView`` has defaults."""

    @property
    def version(self) -> int:
        """Of the definition; raised whenever equal batches would give other rows."""
        ...

    @property
    def extractor(self) -> str | None:
        """Name of the extractor the view needs, or None."""
        ...

    @property
    def downsamples(self) -> bool:
        """Whether images larger than the extractor takes are reduced to its size by a whole factor."""
        ...

    def problems(self, context: Context) -> list[str]:
        """Return what model, data or extractor lack for it, one sentence each."""
        ...

    def compute(self, batch: "Batch") -> Tensor:
        """Return ``[N, ...]``, one row a sample."""
        ...


class BaseView:
    """Defaults of a view: nothing that could be lacking.

    A view defines ``extractor``, the name of one or None, and ``compute``.
    """

    version: ClassVar[int] = 1
    downsamples: ClassVar[bool] = False

    def problems(self, context: Context) -> list[str]:
        """Return none."""
        return []


class Batch:
    """A batch of one source; every view of it is computed at most once."""

    def __init__(self, source: Source, context: Context, indices: tuple[int, ...]) -> None:
        self.source = source
        self.context = context
        self.indices = indices
        self.streams = Streams(context.seed, indices)
        self.drawn = source.draw(context, indices)
        self._seen: dict[Any, Any] = {}

    def of(self, view: Any) -> Any:
        """Return what a view shows of this batch."""
        if view not in self._seen:
            self._seen[view] = view.compute(self)
        return self._seen[view]

    def on_device(self, tensor: Tensor) -> Tensor:
        """Return a tensor on the device of the run."""
        return tensor.to(self.context.device)
