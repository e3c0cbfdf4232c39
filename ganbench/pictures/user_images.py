"""The images that a user gives as sources or references: a file, a folder, a zip or a data set, of any size."""

import os
import re
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import IO

from torch import Tensor

from ganbench import registry
from ganbench.data import open_data
from ganbench.data.decoding import colour_header, pixels, rgb_pixels
from ganbench.data.domains import layout_of
from ganbench.data.folder import Folder
from ganbench.data.image_files import Container
from ganbench.data.labels import classes_of
from ganbench.data.nvlabs_zip import Zip
from ganbench.data.opening import existing_path
from ganbench.errors import BadInputError
from ganbench.images import to_rgb
from ganbench.types import Dataset, WithDomains, WithPairs

COLOURS = {1: "greyscale", 3: "RGB"}


@dataclass(frozen=True, eq=False)
class UserImage:
    """One image.

    Attributes:
        name: unique, and usable as part of a file name.
        domain: that it belongs to; None if unknown.
        pixels: returns ``[C, H, W]`` uint8, read from disk on each call.
        converted: colour of the file, such as ``"greyscale"``, if it is converted to RGB; else "".
    """

    name: str
    domain: str | None
    pixels: Callable[[], Tensor]
    converted: str = ""


def open_user_images(spec: str, domains: Sequence[str], channels: int) -> list[UserImage]:
    """Return the images of a registered data set, a file, a folder of any depth or a zip, in their order.

    For a data set or folder of domains, these are the validation images. In other folders, the outermost subfolder of a
    file is its domain, if it has the name of one. For a model of RGB images, files of any colour mode are converted to
    RGB, as the official programs do.

    Args:
        spec: name or path; a name takes precedence.
        domains: of the model.
        channels: of the images that the model takes.

    Raises:
        BadInputError: there are no images, or one, which is named, cannot be read or has other channels.
    """
    path = None if is_registered(spec) else existing_path(spec)
    if path is None:
        return _of_data(open_data(spec), domains, channels)
    if path.is_dir() and (layout := layout_of(path)):
        return [
            replace(image, name=safe(f"{domain}_{image.name}"), domain=domain)
            for domain, folder in layout.validation.items()
            for image in open_user_images(str(folder), (), channels)
        ]
    container = Folder(path) if path.is_dir() else Zip(path) if zipfile.is_zipfile(path) else _OneFile(path)
    if not container.names:
        raise BadInputError(
            f"expected images, found none: {path}; put PNG, JPEG, WebP, BMP, PPM or TIFF files there, in any depth."
        )
    container.stamp()  # raises for a file that is not regular
    names = _distinct(os.path.splitext(name)[0] for name in container.names)
    return [
        _of_file(short, _domain(name, domains), container, name, channels)
        for name, short in zip(container.names, names, strict=True)
    ]


def is_registered(spec: str) -> bool:
    """Return whether a text is the name of a data set, with or without a variant."""
    return spec.partition(":")[0] in registry.names("data")


def evenly(found: Sequence[UserImage], limit: int | None) -> list[UserImage]:
    """Return at most ``limit`` images, as evenly from all domains as possible, in their order."""
    seen: dict[str | None, int] = {}
    turns = []
    for image in found:
        seen[image.domain] = seen.get(image.domain, 0) + 1
        turns.append(seen[image.domain])
    kept = sorted(range(len(found)), key=lambda index: turns[index])[:limit]
    return [found[index] for index in sorted(kept)]


class _OneFile(Folder):
    """One file of a folder, whatever its suffix."""

    def __init__(self, path: Path) -> None:
        self.path, self.names = path.parent, [path.name]
        self.has_labels, self.misplaced_labels = False, ""


def _names_in(data: Dataset, domains: Sequence[str]) -> Sequence[str]:
    """Return the names of the data's domains; of pairs, those of a model that has other names for source and target."""
    if not isinstance(data, WithDomains):
        return ()
    others = len(domains) == len(data.domains) and not set(data.domains) <= set(domains)
    return domains if others and isinstance(data, WithPairs) else data.domains


def _of_data(data: Dataset, names: Sequence[str], channels: int) -> list[UserImage]:
    if channels == 1:
        _check_channels(data.name, data.channels, channels)
    domains = _names_in(data, names)
    shown = data.validation if isinstance(data, WithDomains) else data
    numbers = classes_of(shown).tolist() if domains else []

    def one(index: int) -> UserImage:
        domain = domains[numbers[index]] if domains else None
        return UserImage(safe(f"{domain or data.name}-{index:04d}"), domain, lambda: pixels_of(index))

    def pixels_of(index: int) -> Tensor:
        images = shown.images([index])
        return (images if channels == 1 else to_rgb(images))[0]

    return [one(index) for index in range(len(shown))]


def _domain(name: str, domains: Sequence[str]) -> str | None:
    outermost, *below = PurePosixPath(name).parts
    return outermost if below and outermost in domains else None


def _of_file(short: str, domain: str | None, container: Container, name: str, channels: int) -> UserImage:
    """Return the image in a file, after checking its header."""
    where = str(container.path / name)
    with _open(container, name, where) as file:
        found, colour = colour_header(file, where)
    if channels == 1:
        _check_channels(where, found.channels, channels)

    def read() -> Tensor:
        with _open(container, name, where) as file:
            return pixels(file, where, found) if channels == 1 else rgb_pixels(file, where)

    return UserImage(short, domain, read, "" if channels == 1 or colour == "RGB" else colour)


def _open(container: Container, name: str, where: str) -> IO[bytes]:
    try:
        return container.open(name)
    except OSError as error:
        raise BadInputError(
            f"{where} cannot be read ({error.strerror}): check that it exists and can be read."
        ) from error


def _check_channels(where: str, found: int, wanted: int) -> None:
    if found != wanted:
        theirs, ours = COLOURS[found], COLOURS[wanted]
        raise BadInputError(f"expected {ours} images for this model, found {theirs}: {where}; convert it to {ours}.")


def _distinct(names: Iterator[str]) -> Iterator[str]:
    """Yield names that are usable in a file name, numbering those that would be the same."""
    taken: set[str] = set()
    for name in names:
        plain = safe(name)
        numbered = (f"{plain}-{number}" for number in range(2, len(taken) + 3))
        chosen = plain if plain not in taken else next(each for each in numbered if each not in taken)
        taken.add(chosen)
        yield chosen


def safe(name: str) -> str:
    """Return a name in a form usable as part of a file name, of at most 80 bytes."""
    return re.sub(r"[^\w.@+-]+", "_", name).encode()[-80:].decode(errors="ignore")
