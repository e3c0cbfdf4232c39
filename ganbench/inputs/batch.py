"""A batch, and the protocols of sources and views."""

from collections.abc import Mapping
from typing import Any, ClassVar, Protocol

from torch import Tensor

from ganbench.inputs.accumulators import Accumulator
from ganbench.inputs.context import Context
from ganbench.rng import Streams
from ganbench.types import ImageSize


class Check(Protocol):
    """A check of a source's batches during a pass, which may end in a warning.

    Attributes:
        view: view of each batch.
        into: class of the accumulator of the view's rows.
        count: number of samples to check, from the first on.
    """

    @property
    def view(self) -> "View":
        """View of each batch."""
        ...

    @property
    def into(self) -> type[Accumulator]:
        """Class of the accumulator of the view's rows."""
        ...

    @property
    def count(self) -> int:
        """Number of samples to check, from the first on."""
        ...

    def warning(self, seen: Any, /) -> str:
        """Return a sentence on what the accumulator holds; "" if all is well."""
        ...


class Source(Protocol):
    """A source of batches. Frozen, because equal sources share one pass. ``BaseSource`` has defaults."""

    @property
    def name(self) -> str:
        """Name of the source in plans and messages, such as ``samples``."""
        ...

    @property
    def version(self) -> int:
        """Version of the definition; raised whenever equal indices would give another batch."""
        ...

    @property
    def reads_data(self) -> bool:
        """Whether batches depend on the real images, so that numbers on two data sets are not comparable."""
        ...

    @property
    def generates(self) -> bool:
        """Whether batches depend on the model, so that their sampling error is that of the samples."""
        ...

    @property
    def only_reads(self) -> bool:
        """Whether ``draw`` takes images of the data set and nothing else, so that threads may call it ahead."""
        ...

    @property
    def images_per_sample(self) -> int:
        """Number of images in a sample, so that a tile of samples is no larger than one of images."""
        ...

    def image_size(self, context: Context) -> ImageSize | None:
        """Return the height and width of the source's images in pixels; None if no extractor sees them."""
        ...

    def depends(self, context: Context) -> Mapping[str, Any]:
        """Return what the batches depend on besides the source itself, as JSON values, for the cache key."""
        ...

    def length(self, context: Context) -> int | None:
        """Return the number of samples; None if there is no limit."""
        ...

    def problems(self, context: Context) -> list[str]:
        """Return what keeps this source from working, one sentence each."""
        ...

    def shortage(self, context: Context, count: int) -> str:
        """Return why the source cannot give ``count`` samples; "" if it can, or if fewer are acceptable."""
        ...

    def checks(self, context: Context) -> list[Check]:
        """Return the checks of the source's batches."""
        ...

    def draw(self, context: Context, indices: tuple[int, ...]) -> Mapping[str, Tensor]:
        """Return the tensors of a batch by name, with one row per index."""
        ...


class BaseSource:
    """Defaults of a source: unlimited, one image per sample, and dependent on data and model unless it says otherwise.

    A source defines ``name``, ``depends`` and ``draw``, and overrides the members below where they differ.
    """

    version: ClassVar[int] = 1
    reads_data: ClassVar[bool] = True
    generates: ClassVar[bool] = True
    only_reads: ClassVar[bool] = False
    images_per_sample: int = 1

    def image_size(self, context: Context) -> ImageSize | None:
        """Return the size of the data's images if the source reads them, else that of the model's."""
        return context.data_size if self.reads_data else context.img_size

    def length(self, context: Context) -> int | None:
        """Return None: there is no limit."""
        return None

    def problems(self, context: Context) -> list[str]:
        """Return none."""
        return []

    def shortage(self, context: Context, count: int) -> str:
        """Return "": if a source is finite, all of its samples are enough."""
        return ""

    def checks(self, context: Context) -> list[Check]:
        """Return none."""
        return []


class View(Protocol):
    """Rows computed from a batch. Frozen, because equal views are computed once. ``BaseView`` has defaults."""

    @property
    def version(self) -> int:
        """Version of the definition; raised whenever equal batches would give other rows."""
        ...

    @property
    def extractor(self) -> str | None:
        """Name of the extractor that the view needs, or None."""
        ...

    @property
    def downsamples(self) -> bool:
        """Whether images larger than the extractor's size are reduced to it by an integer factor."""
        ...

    def problems(self, context: Context) -> list[str]:
        """Return what keeps this view from working with model, data and extractor, one sentence each."""
        ...

    def compute(self, batch: "Batch") -> Tensor:
        """Return ``[N, ...]``, one row per sample."""
        ...


class BaseView:
    """Defaults of a view: no problems, and no reduction of large images.

    A view defines ``extractor``, the name of one or None, and ``compute``.
    """

    version: ClassVar[int] = 1
    downsamples: ClassVar[bool] = False

    def problems(self, context: Context) -> list[str]:
        """Return none."""
        return []


class Batch:
    """A batch of one source; each view of it is computed at most once.

    Attributes:
        source: source of the batch.
        context: model, data, extractors, seed and device of the run.
        indices: numbers of the samples.
        streams: random streams of the samples.
        drawn: tensors that the source returned, by name; drawn now unless given.
    """

    def __init__(
        self, source: Source, context: Context, indices: tuple[int, ...], drawn: Mapping[str, Tensor] | None = None
    ) -> None:
        self.source = source
        self.context = context
        self.indices = indices
        self.streams = Streams(context.seed, indices)
        self.drawn = source.draw(context, indices) if drawn is None else drawn
        self._seen: dict[Any, Any] = {}

    def of(self, view: Any) -> Any:
        """Return the rows of a view of this batch."""
        if view not in self._seen:
            self._seen[view] = view.compute(self)
        return self._seen[view]

    def on_device(self, tensor: Tensor) -> Tensor:
        """Return a tensor on the device of the run."""
        return tensor.to(self.context.device, non_blocking=tensor.is_cpu)
