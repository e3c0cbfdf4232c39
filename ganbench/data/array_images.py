"""Images in an array: npz files, such as the reference batches of ADM's evaluator."""

from collections.abc import Iterator, Sequence
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganbench.data import fingerprints
from ganbench.data.decoding import Header
from ganbench.data.labels import one_hot
from ganbench.data.npz import Npz, write_npz
from ganbench.data.raw_images import open_array
from ganbench.data.statistics import statistics_in
from ganbench.errors import BadInputError
from ganbench.images import to_rgb
from ganbench.types import Dataset, Statistics

AT_ONCE = 256  # images that are in memory while a batch is written


class ArrayDataset:
    """Images in ``arr_0`` or ``images``, ``[N, H, W, C]`` uint8; classes in ``arr_1`` or ``labels``.

    If the file also holds ``mu`` and ``sigma``, FID uses these, as ADM's evaluator does, because they come from more
    images than the file holds, and its spatial FID ``mu_s`` and ``sigma_s``; other metrics use the images.

    Args:
        path: of the file.
        arrays: the file where it is open already.
        rectangles: whether the images may be other than square.

    Attributes:
        statistics: ``mu`` and ``sigma``, perhaps ``mu_s`` and ``sigma_s``; None if the file has none.

    Raises:
        BadInputError: the file is damaged, its images are not square, or it does not have one label per image.

    Source: Dhariwal and Nichol, Diffusion Models Beat GANs on Image Synthesis (2021), its evaluator's npz files.
    """

    def __init__(self, path: Path, arrays: Npz | None = None, rectangles: bool = False) -> None:
        arrays = arrays or Npz(path)
        self._path, self.name = path, path.name
        self._array = open_array(arrays)
        self._stamp = self._array.stamp()
        count, height, width, self.channels = self._array.shape
        if height != width and not rectangles:
            raise BadInputError(f"expected square images, found {width}x{height}: {path}; crop them.")
        labels = self._array.labels
        if labels is not None and len(labels) != count:
            raise BadInputError(
                f"expected {count:,} labels, one per image, found {len(labels):,}: {path}; save it again."
            )
        self.height_and_width, self._labels = (height, width), labels
        self.resolution = max(height, width)
        self.label_dim = 0 if labels is None else int(labels.max()) + 1 if labels.ndim == 1 else labels.shape[1]
        self.statistics: Statistics | None = statistics_in(arrays) if "mu" in arrays else None

    def __len__(self) -> int:
        return len(self._array.names)

    def __reduce__(self) -> tuple[Any, ...]:
        """Return how another process opens it: the pixels stay on disk."""
        return ArrayDataset, (self._path, None, True)

    def images(self, indices: Sequence[int]) -> Tensor:
        """Return ``[N, C, H, W]`` uint8, 0..255."""
        return torch.stack([self._array.image(index) for index in indices])

    def labels(self, indices: Sequence[int]) -> Tensor:
        """Return ``[N, label_dim]`` float32: one-hot classes, or the vectors of the file."""
        if self._labels is None:
            return torch.zeros(len(indices), 0)
        return one_hot(self._labels[list(indices)], self.label_dim)

    @cached_property
    def fingerprint(self) -> str:
        """The sha256 over pixels and labels, and over the statistics if there are any, because numbers depend on "
        "both."""
        pixels = self._pixels()
        return (
            pixels if self.statistics is None else sha256((pixels + self.statistics.fingerprint).encode()).hexdigest()
        )

    def changed(self) -> str:
        """Return "" or a sentence; see ``WatchedDataset``."""
        return fingerprints.changed(self._stamp, self._array.stamp, self._path)

    def _pixels(self) -> str:
        if known := fingerprints.recall(self._stamp):
            return known.fingerprint
        height, width = self.height_and_width
        shape = (len(self), self.channels, height, width)
        found = fingerprints.of(shape, map(self._array.image, range(len(self))), self._labels)
        header = Header(width, height, self.channels)
        fingerprints.remember(self._stamp, fingerprints.Known(found, header))
        return found


def write_batch(path: Path, images: Dataset, count: int, arrays: dict[str, NDArray[Any]]) -> None:
    """Write the first images of a data set as ``arr_0 [N, H, W, 3]`` uint8, and arrays beside them.

    The evaluator takes RGB, so greyscale is repeated in three channels.

    Raises:
        OSError: the file cannot be written; an older one stays as it was.
    """

    def blocks() -> Iterator[bytes]:
        for start in range(0, count, AT_ONCE):
            rgb = to_rgb(images.images(range(start, min(start + AT_ONCE, count))))
            yield rgb.permute(0, 2, 3, 1).contiguous().numpy().tobytes()

    shape = (count, images.resolution, images.resolution, 3)
    write_npz(path, "arr_0", shape, np.dtype(np.uint8), blocks(), arrays)
