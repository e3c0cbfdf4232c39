"""What real images can be asked for: pixels and labels, domains, another size, whether they changed.

The protocols of what only some data sets can do have no other members: ``isinstance`` looks at each member, and would
take the fingerprint of a whole data set to learn whether it can be resized.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from torch import Tensor


@runtime_checkable
class Dataset(Protocol):
    """Real images, in a fixed order, with a fingerprint of their content."""

    name: str
    label_dim: int  # 0 without labels

    @property
    def resolution(self) -> int:
        """Width and height in pixels."""
        ...

    @property
    def channels(self) -> int:
        """1 or 3."""
        ...

    @property
    def fingerprint(self) -> str:
        """The sha256 over pixels and labels, whatever the files are called."""
        ...

    def __len__(self) -> int: ...

    def images(self, indices: Sequence[int]) -> Tensor:
        """Return ``[N, C, H, W]`` uint8, 0..255."""
        ...

    def labels(self, indices: Sequence[int]) -> Tensor:
        """Return one-hot labels, ``[N, label_dim]`` float32."""
        ...


ImageSize = int | tuple[int, int]
"""Width and height of square images, or height and width of others."""


def shown_size(size: ImageSize) -> str:
    """Return a size as people write it, width first: ``32x16``."""
    height, width = (size, size) if isinstance(size, int) else size
    return f"{width}x{height}"


@runtime_checkable
class Rectangular(Protocol):
    """Images that need not be square, of a data set or of a model; its resolution is then that of the longer side.

    Attributes:
        height_and_width: in pixels.
    """

    @property
    def height_and_width(self) -> tuple[int, int]:
        """In pixels."""
        ...


def size_of(images: Rectangular) -> ImageSize:
    """Return the size of images, one number where they are square."""
    height, width = images.height_and_width
    return height if height == width else (height, width)


def size_of_data(data: Dataset) -> ImageSize:
    """Return the size of a data set's images, which need not be square."""
    return size_of(data) if isinstance(data, Rectangular) else data.resolution


@runtime_checkable
class DomainDataset(Dataset, Protocol):
    """Images of several domains: the training images, labelled by domain, and with them validation images.

    ``label_dim`` is the number of domains, a label is the one-hot of the image's domain in the order of ``domains``.
    """

    domains: tuple[str, ...]

    @property
    def validation(self) -> Dataset:
        """The validation images, labelled like the training images."""
        ...


@runtime_checkable
class WithDomains(Protocol):
    """The part of ``DomainDataset`` to test for: ``isinstance`` with the whole would compute the fingerprint."""

    domains: tuple[str, ...]

    @property
    def validation(self) -> Dataset:
        """The validation images, labelled like the training images."""
        ...


@runtime_checkable
class WithPairs(Protocol):
    """Images of two domains in pairs, source and ground truth, which show the same.

    A ``DomainDataset`` of two domains follows it, and so do its validation images.
    """

    def partners(self, indices: Sequence[int]) -> list[int]:
        """Return the index of each image's partner, the image of the other domain that shows the same."""
        ...


@runtime_checkable
class WithNames(Protocol):
    """Real images in files, each with a name."""

    @property
    def names(self) -> list[str]:
        """The paths of the files below the folder, with forward slashes, in the order of the images."""
        ...


@runtime_checkable
class WithImages(Protocol):
    """The part of ``Dataset`` to test for: ``isinstance`` with the whole would compute the fingerprint."""

    name: str

    def images(self, indices: Sequence[int]) -> Tensor:
        """Return ``[N, C, H, W]`` uint8, 0..255."""
        ...

    def labels(self, indices: Sequence[int]) -> Tensor:
        """Return one-hot labels, ``[N, label_dim]`` float32."""
        ...


@runtime_checkable
class ResizableDataset(Protocol):
    """Real images of any size, which are resized to that of the model that takes them."""

    def at(self, resolution: int | None = None, channels: int | None = None) -> Dataset:
        """Return the images in one size; see ``ganbench.data.at_size``."""
        ...


@runtime_checkable
class WatchedDataset(Protocol):
    """Real images in files, which somebody may replace while they are being measured."""

    def changed(self) -> str:
        """Return "" while every file is as it was when the data set was opened, or else a sentence.

        The sentence names the first file that changed. It is found by size, times and inode, without reading pixels,
        so that it can be asked before anything is stored under the data set's fingerprint.
        """
        ...


@runtime_checkable
class NotedDataset(Protocol):
    """Real images of which something must be known beside the numbers that are measured with them."""

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences for the record and the table, without a full stop, such as how many images were converted."""
        ...


@runtime_checkable
class WithStatistics(Protocol):
    """Real images with statistics beside them, which stand for them where they answer."""

    statistics: "Statistics | None"


@dataclass(frozen=True, eq=False)
class Statistics:
    """Mean and covariance of real images' features, which stand for the images where a metric asks for no more.

    Attributes:
        name: of the images, or of the file where that does not say.
        file: that they were read from, for people.
        mean: ``[D]`` float64.
        covariance: ``[D, D]`` float64.
        fingerprint: of the images, or of mean and covariance where the file does not say.
        count: number of images that they were taken of, from the first on; None where the file does not say.
        ddof: the covariance was divided by ``count - ddof``.
        total: number of images in the data set; None where the file does not say.
        extractor: name of the network; None where the file does not say.
        extractor_sha256: of its weights; None where the file does not say.
        layer: of the extractor.
        resize: how images were brought to the extractor's size; None for its usual method.
        features: ``[count, D]`` float32 of every image, where the file has them; None for moments alone.
        spatial: of the same images' spatial features, for sFID; None where the file has none.
    """

    name: str
    file: str
    mean: NDArray[np.float64]
    covariance: NDArray[np.float64]
    fingerprint: str
    count: int | None = None
    ddof: int = 1
    total: int | None = None
    extractor: str | None = None
    extractor_sha256: str | None = None
    layer: str = "features"
    resize: str | None = None
    features: NDArray[np.float32] | None = None
    spatial: "Statistics | None" = None

    def of_layer(self, layer: str) -> "Statistics | None":
        """Return the statistics of a layer of the extractor; None where there are none."""
        return next((each for each in (self, self.spatial) if each is not None and each.layer == layer), None)

    @property
    def known_total(self) -> int | None:
        """Number of images in the data set, taken to be those that they are of where nothing else is known."""
        return self.count if self.total is None else self.total
