"""A data set made of image files, in a folder, a zip or another container."""

from collections.abc import Iterator, Sequence
from functools import cached_property, partial
from itertools import islice
from pathlib import Path
from typing import IO, TYPE_CHECKING, Protocol

import torch
from torch import Tensor

from ganbench.data import fingerprints
from ganbench.data.decoding import Header, header, pixels
from ganbench.data.labels import FILE, MAX_BYTES, one_hot, read_labels
from ganbench.errors import BadInputError

if TYPE_CHECKING:
    from ganbench.data.classes import ClassFolders


class Container(Protocol):
    """Holds image files.

    Attributes:
        path: of the folder or the zip.
        names: of the images, with forward slashes, sorted.
        has_labels: whether there is a ``dataset.json``.
        misplaced_labels: a ``dataset.json`` below the root, if the root has none; else "".
    """

    path: Path
    names: list[str]
    has_labels: bool
    misplaced_labels: str

    @property
    def opened(self) -> fingerprints.Stamp:
        """The stamp taken before anything was read."""
        ...

    def open(self, name: str) -> IO[bytes]:
        """Return an open file."""
        ...

    def stamp(self) -> fingerprints.Stamp:
        """Return names, sizes and times of all files."""
        ...


class ImageFiles:
    """Images of one size and colour mode, sorted by path, square unless others are allowed; read from disk each time.

    All headers are read when the data set is opened, and all pixels when its fingerprint is first needed. The cache
    folder keeps the results of both until a file changes.

    Raises:
        BadInputError: there are no images, they differ in size or mode, or one cannot be used.
    """

    def __init__(self, container: Container, rectangles: bool = False) -> None:
        self.name = container.path.name
        self._container, self._rectangles = container, rectangles
        if not container.names:
            raise BadInputError(
                f"expected images, found none: {container.path}; put PNG, JPEG, WebP, BMP, PPM or TIFF files there, in "
                "any depth."
            )
        self._stamp = container.opened
        self._known = fingerprints.recall(self._stamp)
        self._header = self._known.header if self._known else _common_header(container, rectangles)
        _check_square(self._header, rectangles, _shown(container, container.names[0]))
        self._labels = labels_of(container)
        self.height_and_width = self._header.height, self._header.width
        self.resolution, self.channels = max(self.height_and_width), self._header.channels
        self.label_dim = _label_dim(self._labels)

    def __len__(self) -> int:
        return len(self._container.names)

    @property
    def names(self) -> list[str]:
        """The paths of the images below the folder or in the zip, with forward slashes, in order."""
        return self._container.names

    def by_folder(self) -> "ClassFolders":
        """Return the same images, each labelled by the folder that it lies in."""
        from ganbench.data.classes import ClassFolders

        return ClassFolders(self._container, self._rectangles)

    def images(self, indices: Sequence[int]) -> Tensor:
        """Return ``[N, C, H, W]`` uint8, 0..255.

        Raises:
            BadInputError: an image cannot be decoded.
        """
        return torch.stack([self._decode(self._container.names[index]) for index in indices])

    def labels(self, indices: Sequence[int]) -> Tensor:
        """Return ``[N, label_dim]`` float32: one-hot classes, or the vectors of ``dataset.json``."""
        if self._labels is None:
            return torch.zeros(len(indices), 0)
        return one_hot(self._labels[list(indices)], self.label_dim)

    @cached_property
    def fingerprint(self) -> str:
        """The sha256 over pixels and labels; the first time, every image is decoded.

        Raises:
            BadInputError: an image cannot be decoded.
        """
        if self._known:
            return self._known.fingerprint
        with fingerprints.alone(self._stamp):
            known = fingerprints.recall(self._stamp)  # if another process was faster
            return known.fingerprint if known else self._computed()

    def _computed(self) -> str:
        shape = (len(self), self.channels, *self.height_and_width)
        found = fingerprints.of(shape, self._decoded(), self._labels)
        if self._container.stamp() == self._stamp:
            fingerprints.remember(self._stamp, fingerprints.Known(found, self._header))
        return found

    @property
    def notes(self) -> tuple[str, ...]:
        """A note on labels that are not used; see ``NotedDataset``."""
        return notes_on(self._container)

    def changed(self) -> str:
        """Return "" or a sentence; see ``WatchedDataset``."""
        return fingerprints.changed(self._stamp, self._container.stamp, self._container.path)

    def _decode(self, name: str) -> Tensor:
        with _named(self._container, name) as file:
            return pixels(file, _shown(self._container, name), self._header)

    def _decoded(self) -> Iterator[Tensor]:
        return fingerprints.few_at_once(self._decode, self._container.names, self._header.width * self._header.height)


def _shown(container: Container, name: str) -> str:
    return f"{container.path}/{name}"


def _named(container: Container, name: str) -> IO[bytes]:
    try:
        return container.open(name)
    except OSError as error:
        reason = error.strerror or str(error)
        raise BadInputError(
            f"{_shown(container, name)} cannot be read ({reason}): check that it exists and can be read."
        ) from error


def _check_square(found: Header, rectangles: bool, where: str) -> None:
    if found.width != found.height and not rectangles:
        raise BadInputError(
            f"expected square images, found {found.width}x{found.height}: {where}; crop the images to squares "
            "(ganbench data prepare --crop center-crop)."
        )


def _common_header(container: Container, rectangles: bool) -> Header:
    """Return the header that all images share.

    Raises:
        BadInputError: naming the first image that is not square or differs from the first.
    """
    first: Header | None = None
    for name in container.names:
        with _named(container, name) as file:
            found = header(file, _shown(container, name))
        _check_square(found, rectangles, _shown(container, name))
        first = first or found
        if found != first:
            raise BadInputError(
                f"expected all images to be {first} like {container.names[0]}, found {found}: "
                f"{_shown(container, name)}; convert all to one size and colour mode "
                "(ganbench data prepare --size, --colour)."
            )
    assert first is not None
    return first


def notes_on(container: Container) -> tuple[str, ...]:
    """Return a sentence, without a full stop, on labels in a place where they are not read; empty if there are none."""
    if not (name := container.misplaced_labels):
        return ()
    where = container.path
    return (f"the labels in {where / name} are not read: move them to {where / FILE}, with names relative to it",)


def labels_of(container: Container) -> Tensor | None:
    """Return the labels of ``dataset.json``, as from ``read_labels``, or None if there is none."""
    if not container.has_labels:
        return None
    where = _shown(container, FILE)
    with _named(container, FILE) as file:
        try:
            content = b"".join(islice(iter(partial(file.read, 2**20), b""), MAX_BYTES // 2**20 + 1))
        except Exception as error:  # each compression method raises its own
            raise BadInputError(f"{where} cannot be read ({error!s:.100}): replace it or remove it.") from error
    return read_labels(content, container.names, where)


def _label_dim(labels: Tensor | None) -> int:
    if labels is None:
        return 0
    return int(labels.max()) + 1 if labels.ndim == 1 else labels.shape[1]
