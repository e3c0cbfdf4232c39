"""Images in an array: npz files, such as the reference batches of ADM's evaluator."""

from collections.abc import Sequence
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ganbench.data import fingerprints
from ganbench.data.decoding import Header
from ganbench.data.labels import one_hot
from ganbench.data.npz import Npz
from ganbench.data.raw_images import open_array
from ganbench.data.statistics import read_statistics
from ganbench.errors import BadInputError
from ganbench.types import Statistics


class ArrayDataset:
    """Square images in ``arr_0`` or ``images``, ``[N, H, W, C]`` uint8; classes in ``arr_1`` or ``labels``.

    If the file also holds ``mu`` and ``sigma``, FID uses these, as ADM's evaluator does, because they come from more
    images than the file holds; other metrics use the images. The statistics for its spatial FID are ignored.

    Attributes:
        statistics: ``mu`` and ``sigma``; None if the file has none.

    Raises:
        BadInputError: the file is damaged, its images are not square, or it does not have one label per image.

    Source: Dhariwal and Nichol, Diffusion Models Beat GANs on Image Synthesis (2021), its evaluator's npz files.
    """

    def __init__(self, path: Path) -> None:
        self._path, self.name = path, path.name
        self._array = open_array(path)
        self._stamp = self._array.stamp()
        count, height, width, self.channels = self._array.shape
        if height != width:
            raise BadInputError(f"expected square images, found {width}x{height}: {path}; crop them.")
        labels = self._array.labels
        if labels is not None and len(labels) != count:
            raise BadInputError(
                f"expected {count:,} labels, one per image, found {len(labels):,}: {path}; save it again."
            )
        self.resolution, self._labels = width, labels
        self.label_dim = 0 if labels is None else int(labels.max()) + 1 if labels.ndim == 1 else labels.shape[1]
        self.statistics: Statistics | None = read_statistics(path) if "mu" in Npz(path) else None

    def __len__(self) -> int:
        return len(self._array.names)

    def __reduce__(self) -> tuple[Any, ...]:
        """Return how another process opens it: the pixels stay on disk."""
        return ArrayDataset, (self._path,)

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
        shape = (len(self), self.channels, self.resolution, self.resolution)
        found = fingerprints.of(shape, map(self._array.image, range(len(self))), self._labels)
        header = Header(self.resolution, self.resolution, self.channels)
        fingerprints.remember(self._stamp, fingerprints.Known(found, header))
        return found
