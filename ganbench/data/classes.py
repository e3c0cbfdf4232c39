"""Class folders: images whose label is the folder that they lie in."""

import hashlib
import re
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import torch

from ganbench.data import opening
from ganbench.data.image_files import Container, ImageFiles
from ganbench.data.labels import FILE, MAX_CLASSES
from ganbench.errors import BadInputError
from ganbench.types import Dataset, WithDomains

NAME = "classes"
_NUMBERED = re.compile(r"(\d{5})/img\1\d{3,}\.png")  # thousands of images, in prepared data


class ClassFolders(ImageFiles):
    """Image files labelled by their topmost folder, in the order of the folders' names.

    Attributes:
        classes: the names of the folders, sorted.

    Raises:
        BadInputError: an image lies beside the folders, a folder has no images, there is only one, or they only number
            the images.
    """

    def __init__(self, container: Container, rectangles: bool = False) -> None:
        super().__init__(container, rectangles)
        tops = [name.partition("/")[0] for name in container.names]
        _check_folders(container, tops)
        self.classes = tuple(sorted(set(tops)))
        place = {name: index for index, name in enumerate(self.classes)}
        self._labels = torch.tensor([place[top] for top in tops])
        self.label_dim = len(self.classes)

    @cached_property
    def fingerprint(self) -> str:
        """The sha256 over that of the images alone and the labels."""
        assert self._labels is not None
        content = hashlib.sha256(super().fingerprint.encode())
        content.update(self._labels.numpy().astype("<i8").tobytes())
        return content.hexdigest()


def open_classes(variant: str = "") -> ClassFolders:
    """Return the images of ``classes:PATH``, a folder or zip with a folder of images for each class.

    Raises:
        BadInputError: there is no such folder or zip, or its images do not lie in class folders.
    """
    path = opening.existing_path(variant)
    if path is None:
        raise BadInputError(
            f"expected a folder of class folders, found none at {variant[:200]!r}: write {NAME}:FOLDER."
        )
    data = opening.open_data(path)
    if not isinstance(data, ImageFiles):
        raise BadInputError(f"expected images in class folders, found other data in {path}: leave out {NAME}:.")
    return data.by_folder()


def by_folders(data: Dataset) -> Dataset:
    """Return a data set without labels as one labelled by its class folders, if there are any; any other as it is.

    Raises:
        BadInputError: some of the images lie in class folders and some do not, a folder has none, or there is only one.
    """
    if not data.label_dim and isinstance(data, ImageFiles) and any("/" in name for name in data.names):
        return data.by_folder()
    return data


def with_classes(data: Dataset) -> Dataset:
    """Return a data set with labels for a conditional model: as it is, or else labelled by class folders.

    Raises:
        BadInputError: it has neither labels nor class folders, or all its images have the same label.
    """
    data = by_folders(data)
    if not data.label_dim:
        raise BadInputError(
            f"expected labels for a conditional model, found none in {data.name}: put the images of each class into a "
            f"folder, add a {FILE}, or leave out conditional."
        )
    if data.label_dim == 1 and bool((data.labels(range(len(data))) == 1).all()):
        raise BadInputError(
            f"expected several classes for a conditional model, found one in {data.name}: leave out conditional."
        )
    return data


def names_of(data: Dataset) -> tuple[str, ...]:
    """Return the names of the classes of a data set; empty if they have none."""
    if isinstance(data, ClassFolders):
        return data.classes
    return data.domains if isinstance(data, WithDomains) else ()


def _check_folders(container: Container, tops: Sequence[str]) -> None:
    """Raise ``BadInputError`` unless each image is in one of several folders, all of which have images."""
    if all(_NUMBERED.fullmatch(name) for name in container.names):
        raise BadInputError(
            f"expected folders that are classes, found prepared images without labels: {container.path}; "
            "prepare them with --labels folders."
        )
    beside = next((name for name in container.names if "/" not in name), None)
    where = container.path
    if beside is not None:
        raise BadInputError(
            f"expected every image in the folder of its class, found {beside} beside the folders of {where}: move it."
        )
    empty = sorted(_folders(where) - set(tops))
    if empty:
        raise BadInputError(
            f"expected images in every class folder, found none in {where / empty[0]}: add some, or remove the folder."
        )
    if len(set(tops)) == 1:
        raise BadInputError(
            f"expected a folder of images for each of several classes, found only {tops[0]} in {where}: add the others."
        )
    if len(set(tops)) > MAX_CLASSES:
        raise BadInputError(f"expected at most {MAX_CLASSES:,} class folders, found {len(set(tops)):,} in {where}.")


def _folders(path: Path) -> set[str]:
    """Return the names of the visible folders in a folder; none for a file."""
    found = path.iterdir() if path.is_dir() else ()
    return {child.name for child in found if child.is_dir() and not child.name.startswith(".")}
