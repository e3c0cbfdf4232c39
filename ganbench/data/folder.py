"""A folder of images, of any depth."""

import os
import stat
from functools import cached_property
from pathlib import Path
from typing import IO

from ganbench.data.decoding import SUFFIXES
from ganbench.data.fingerprints import FileStamp, Stamp
from ganbench.data.image_files import ImageFiles
from ganbench.data.labels import FILE, misplaced
from ganbench.errors import BadInputError


class Folder:
    """The images below a folder, found by suffix and sorted by path; hidden files and folders are ignored."""

    def __init__(self, path: Path) -> None:
        self.path = path
        found = _relative_files(path)
        self.names = sorted(name for name in found if os.path.splitext(name)[1].lower() in SUFFIXES)
        self.has_labels = FILE in found
        self.misplaced_labels = misplaced(found)

    @cached_property
    def opened(self) -> Stamp:
        """The stamp when it was first taken."""
        return self.stamp()

    def open(self, name: str) -> IO[bytes]:
        """Return an open file."""
        return (self.path / name).open("rb")

    def stamp(self) -> Stamp:
        """Return names, sizes and times of all images and of ``dataset.json``."""
        files = []
        for name in [*self.names, *([FILE] if self.has_labels else [])]:
            try:
                found = (self.path / name).stat()
            except OSError as error:
                raise BadInputError(
                    f"{self.path}/{name} cannot be read ({error.strerror}): check that it exists and can be read."
                ) from error
            if not stat.S_ISREG(found.st_mode):  # reading a pipe would wait for ever
                raise BadInputError(
                    f"expected a regular file, found a pipe or device: {self.path}/{name}; remove it, or change its "
                    "suffix."
                )
            files.append(FileStamp.of(name, found))
        return Stamp(str(self.path.resolve()), tuple(files))


def open_folder(path: Path) -> ImageFiles:
    """Return the images of a folder, with the labels of its ``dataset.json`` if there is one.

    Raises:
        BadInputError: the folder cannot be read, has no images, or has some that cannot be used.
    """
    return ImageFiles(Folder(path))


def _relative_files(path: Path) -> set[str]:
    found = set()
    for folder, subfolders, names in os.walk(path, onerror=_refuse):
        subfolders[:] = [name for name in subfolders if not name.startswith(".")]
        _refuse_links(Path(folder), subfolders)
        below = Path(folder).relative_to(path)
        found |= {(below / name).as_posix() for name in names if not name.startswith(".")}
    return found


def _refuse_links(folder: Path, subfolders: list[str]) -> None:
    """Raise for a subfolder that is a link: following it could loop, and skipping it would silently lose images."""
    for name in subfolders:
        if (folder / name).is_symlink():
            raise BadInputError(
                f"expected folders, found a link to one: {folder / name}; put the folder itself there, or name it."
            )


def _refuse(error: OSError) -> None:
    raise BadInputError(
        f"the folder {error.filename} cannot be read ({error.strerror}): check its permissions."
    ) from error
