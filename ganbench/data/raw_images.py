"""Unprepared images of any size: in folders, zips, LMDBs, parquet and idx files, or arrays."""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from numpy.lib.format import open_memmap
from numpy.typing import NDArray
from torch import Tensor

from ganbench.data.arrow import ArrowFolder, is_saved
from ganbench.data.decoding import header, pixels
from ganbench.data.fingerprints import FileStamp, Stamp
from ganbench.data.folder import Folder
from ganbench.data.idx import is_idx, labels_beside, read_idx
from ganbench.data.image_files import Container, labels_of, notes_on
from ganbench.data.labels import MAX_BYTES, read_labels
from ganbench.data.lmdb_images import FILE, Lmdb
from ganbench.data.npz import DAMAGE, IMAGES, Npz, is_npz
from ganbench.data.nvlabs_zip import Zip
from ganbench.data.opening import existing_path
from ganbench.data.parquet import Parquet, parquet_files
from ganbench.errors import BadInputError

LABELS = ("labels", "label", "arr_1")
MAX_IMAGES = 2**24  # in an array, because a name is made for each


class RawImages(Protocol):
    """Images of any size, in a fixed order.

    Attributes:
        path: of the file or folder.
        names: of the images, for messages; below a folder with forward slashes.
        notes: sentences, without a full stop, on what may surprise the user.
    """

    path: Path
    notes: tuple[str, ...]

    @property
    def names(self) -> Sequence[str]:
        """Names of the images, for messages."""
        ...

    @property
    def labels(self) -> Tensor | None:
        """``[N]`` int64 class numbers or ``[N, label_dim]`` float32, in the order of the images; None if there are "
        "none."""
        ...

    def image(self, index: int) -> Tensor:
        """Return ``[C, H, W]`` uint8, 0..255, with C of 1 or 3; may be called by several threads at once."""
        ...

    def stamp(self) -> Stamp:
        """Return names, sizes and times of all files."""
        ...


class EncodedImages:
    """The image files of a container; see ``RawImages``."""

    def __init__(self, container: Container) -> None:
        self._container = container
        self.path, self.names, self.notes = container.path, container.names, notes_on(container)

    @cached_property
    def labels(self) -> Tensor | None:
        """The labels of ``dataset.json``, or of the column of classes."""
        return labels_of(self._container)

    def image(self, index: int) -> Tensor:
        """Return ``[C, H, W]`` uint8, 0..255."""
        name = self.names[index]
        where = f"{self.path}/{name}"
        try:
            with self._container.open(name) as file:
                found = header(file, where)
                file.seek(0)
                return pixels(file, where, found)
        except OSError as error:
            raise BadInputError(f"{where} cannot be read ({error.strerror or error}): check that it exists.") from error

    def stamp(self) -> Stamp:
        """Return the stamp of all files."""
        return self._container.stamp()


class ArrayImages:
    """An array of images; see ``RawImages``.

    Args:
        path: of the file.
        images: ``[N, H, W]``, ``[N, H, W, 1]`` or ``[N, H, W, 3]`` uint8.
        labels: see ``labels_in``; None for none.
    """

    notes: tuple[str, ...] = ()

    def __init__(self, path: Path, images: NDArray[Any], labels: NDArray[Any] | None) -> None:
        self.path = path
        if (
            images.dtype != np.uint8
            or images.ndim not in (3, 4)
            or (images.ndim == 4 and images.shape[3] not in (1, 3))
        ):
            raise BadInputError(
                f"expected images [N, H, W, C] uint8 with 1 or 3 channels, found {list(images.shape)} {images.dtype}: "
                f"{path}; convert them."
            )
        if not 0 < len(images) <= MAX_IMAGES or 0 in images.shape:
            raise BadInputError(
                f"expected 1 to {MAX_IMAGES:,} images of some size, found {list(images.shape)}: {path}; give others."
            )
        self._images = images if images.ndim == 4 else images[..., None]
        self.names = [f"image {index}" for index in range(len(images))]
        self.labels = None if labels is None else labels_in(labels, str(path))

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """Number, height, width and channels."""
        count, height, width, channels = self._images.shape
        return count, height, width, channels

    def image(self, index: int) -> Tensor:
        """Return ``[C, H, W]`` uint8, 0..255."""
        return torch.from_numpy(np.array(self._images[index]).transpose(2, 0, 1).copy())

    def stamp(self) -> Stamp:
        """Return the stamp of the file."""
        return Stamp(str(self.path.resolve()), (FileStamp.of(self.path.name, self.path.stat()),))


def labels_in(array: NDArray[Any], where: str) -> Tensor:
    """Return the labels in an array: class numbers ``[N]`` or ``[N, 1]``, or vectors ``[N, label_dim]``.

    Raises:
        BadInputError: the array holds something else.
    """
    array = array[:, 0] if array.ndim == 2 and array.shape[1] == 1 else array
    if array.ndim == 1 and array.dtype.kind in "iu" and len(array) and array.min() >= 0 and array.max() < 2**16:
        return torch.from_numpy(array.astype(np.int64))
    if array.ndim == 2 and array.dtype.kind in "iufb" and array.shape[1]:
        with np.errstate(over="ignore"):  # a number beyond float32 becomes an infinity, which is refused
            vectors = array.astype(np.float32)
        if bool(np.isfinite(vectors).all()):
            return torch.from_numpy(vectors)
    raise BadInputError(
        f"expected class numbers [N] from 0 to 65535 or finite vectors [N, label_dim] in float32, found "
        f"{list(array.shape)} {array.dtype}: {where}; give other labels."
    )


def class_folders(images: RawImages) -> Tensor:
    """Return class numbers ``[N]`` int64 from each image's outermost folder, in the order of the folders' names.

    Raises:
        BadInputError: an image is not in a folder.
    """
    outside = next((name for name in images.names if "/" not in name), None)
    if outside is not None:
        raise BadInputError(
            f"expected each image in the folder of its class, found {outside}: {images.path}; move it, or name other "
            "labels."
        )
    folders = [name.partition("/")[0] for name in images.names]
    number = {folder: place for place, folder in enumerate(sorted(set(folders)))}
    return torch.tensor([number[folder] for folder in folders])


def read_label_file(images: RawImages, path: Path) -> Tensor:
    """Return the labels of a ``dataset.json``, matched by name, or of an idx or npy file, matched by order.

    Raises:
        BadInputError: the file does not exist or cannot be used.
    """
    found = existing_path(str(path))
    if found is None or not found.is_file():
        raise BadInputError(
            f"expected labels (auto, none, folders, or a file), found no file {str(path)[:200]!r}: check the path."
        )
    if found.suffix == ".json":
        with found.open("rb") as file:
            labels = read_labels(file.read(MAX_BYTES + 1), images.names, str(found))
        if labels is None:
            raise BadInputError(f"expected labels, found none: {found}; write none for no labels.")
        return labels
    if is_idx(found):
        return labels_in(read_idx(found), str(found))
    return labels_in(_npy(found), str(found))


def _npy(found: Path) -> NDArray[Any]:
    """Return the array of an npy file, which stays on disk."""
    try:
        with np.errstate(over="raise"):  # numpy multiplies what the header announces in 64 bits
            return open_memmap(found, mode="r")
    except DAMAGE as error:
        reason = " ".join(str(error).split())[:100]
        raise BadInputError(
            f"expected labels as dataset.json, idx or npy, found another file ({reason}): {found}; convert it."
        ) from error


def open_raw(spec: str | Path) -> RawImages:
    """Return the images of a folder, zip, LMDB, parquet or Arrow folder (``PATH:SPLIT``), npz or idx file.

    Raises:
        BadInputError: the path does not exist, is damaged, or has no images.
    """
    path, split = existing_path(str(spec)), ""
    if path is None:
        before, _, split = str(spec).rpartition(":")
        path = existing_path(before) if before else None
        if path is None or not (is_saved(path) or parquet_files(path)):
            raise BadInputError(
                f"expected a folder or file of images, found none at {str(spec)[:200]!r}: check the path."
            )
    found = _raw(path, split)
    if not len(found.names):
        raise BadInputError(f"expected images, found none: {path}; name another folder or file.")
    return found


def _raw(path: Path, split: str) -> RawImages:
    if (path / FILE).is_file() or path.suffix in (".mdb", ".lmdb"):
        return EncodedImages(Lmdb(path))
    if is_saved(path):
        return EncodedImages(ArrowFolder(path, split))
    if path.is_dir():
        folder = Folder(path)
        return EncodedImages(Parquet(path, split) if not folder.names and parquet_files(path) else folder)
    if not path.is_file():
        raise BadInputError(f"expected a folder or a regular file of images, found neither: {path}; name another.")
    if parquet_files(path):
        return EncodedImages(Parquet(path, split))
    if is_npz(path):
        return open_array(Npz(path))
    if is_idx(path):
        beside = labels_beside(path)
        return ArrayImages(path, read_idx(path), None if beside is None else read_idx(beside))
    return EncodedImages(Zip(path))


def open_array(arrays: Npz) -> ArrayImages:
    """Return the images of an npz file.

    Raises:
        BadInputError: the file is damaged, or has no array of images.
    """
    path = arrays.path
    images, labels = (next((name for name in names if name in arrays), "") for names in (IMAGES, LABELS))
    if not images:
        raise BadInputError(
            f"expected an array {' or '.join(IMAGES)}, found {', '.join(arrays.names)[:200]}: {path}; give another."
        )
    found = ArrayImages(path, arrays.mapped(images), arrays.read(labels) if labels else None)
    arrays.check(images)
    return found
