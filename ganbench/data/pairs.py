"""Images in pairs, source and ground truth, in folders: pix2pix's side-by-side files, or two folders of equal names.

Files may be of any size and colour mode, as those of other domains (see ``ganbench.data.domains``), but the two images
of a pair have one size.
"""

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import ClassVar, Literal

from ganbench.data.decoding import Header
from ganbench.data.domain_files import DomainFile, Half
from ganbench.data.domains import CYCLEGAN_SUFFIXES, DomainFolder, DomainSplit, Layout, subfolders
from ganbench.data.opening import existing_path
from ganbench.errors import BadInputError

NAME = "pairs"
DIRECTIONS = {"AtoB": ("A", "B"), "BtoA": ("B", "A")}
HALVES: Mapping[str, Half] = {"A": "left", "B": "right"}
SEPARATE = ("{split}{domain}", "{domain}/{split}", "{split}/{domain}")  # where images of a split and domain may lie
SPLITS = ("train", "test", "val")  # pix2pix's test program takes ``test`` where it is told nothing


def open_pairs(variant: str = "") -> "PairFolder":
    """Return the pairs of images in a folder: ``pairs:FOLDER``, or ``pairs:FOLDER:BtoA`` for B as the source.

    Raises:
        BadInputError: there is no such folder or it has no pairs, or an image lacks its partner.
    """
    folder, _, direction = variant.rpartition(":")
    if direction not in DIRECTIONS:
        folder, direction = variant, "AtoB"
    path = existing_path(folder)
    if path is None or not path.is_dir():
        raise BadInputError(f"expected a folder of pairs, found none at {folder[:200]!r}: write {NAME}:FOLDER.")
    return PairFolder(path, layout_of_pairs(path, DIRECTIONS[direction]))


def layout_of_pairs(path: Path, domains: Sequence[str]) -> Layout:
    """Return the layout of a folder of pairs, recognised by the names of its subfolders.

    Args:
        path: of the folder.
        domains: ``A`` and ``B``, the source first.

    Raises:
        BadInputError: it has another layout.

    Source: the data loader of pix2pix, and its program that joins folders A and B.
    """
    for pattern in SEPARATE:
        if layout := _splits(path, pattern, domains):
            return layout
    whole = _folders(path, "{domain}", "", domains)
    if whole:
        return _layout(whole, whole, domains)
    layout = _splits(path, "{split}", domains)
    if layout and not subfolders(path / "train"):
        return layout._replace(halves=HALVES)
    raise BadInputError(
        f"expected train and test (or val) with images of A and B side by side, or the folders trainA, trainB, testA "
        f"and testB, or A and B, with images of equal names, found neither: {path}; name the folder that has them."
    )


def _splits(path: Path, pattern: str, domains: Sequence[str]) -> Layout | None:
    train, test, val = (_folders(path, pattern, split, domains) for split in SPLITS)
    validation = test or val
    return _layout(train, validation, domains) if train and validation else None


def _folders(path: Path, pattern: str, split: str, domains: Sequence[str]) -> dict[str, Path]:
    """Return the folder of each domain in a split, or nothing where one is not there."""
    found = {domain: path / pattern.format(split=split, domain=domain) for domain in domains}
    return found if all(folder.is_dir() for folder in found.values()) else {}


def _layout(train: Mapping[str, Path], validation: Mapping[str, Path], domains: Sequence[str]) -> Layout:
    reading = f" as pairs of {' and '.join(domains)}"
    return Layout(train, validation, CYCLEGAN_SUFFIXES, "pil-bicubic", reading=reading)


class PairSplit(DomainSplit):
    """The pairs of one split: all sources, and after them, in the same order, all ground truth."""

    def partners(self, indices: Sequence[int]) -> list[int]:
        """Return the index of each image's partner; see ``WithPairs``."""
        return [(index + len(self) // 2) % len(self) for index in indices]

    @cached_property
    def headers(self) -> list[tuple[Header, str]]:
        """The size and colour of every file, as of ``DomainSplit``.

        Raises:
            BadInputError: one is not an image that can be read, or the images of a pair differ in size.
        """
        found = super().headers
        for source, truth in enumerate(self.partners(range(len(self) // 2))):
            (ours, _), (theirs, _) = found[source], found[truth]
            if ours[:2] != theirs[:2]:
                raise BadInputError(
                    f"expected pairs of one size, found {ours.width}x{ours.height} and {theirs.width}x{theirs.height}: "
                    f"{self.files[source]} and {self.files[truth]}; resize one of them."
                )
        return found


class PairFolder(PairSplit, DomainFolder):
    """The training pairs of a folder, with its validation pairs; see ``WithPairs``.

    Raises:
        BadInputError: an image has no partner.
    """

    split_class: ClassVar[type[DomainSplit]] = PairSplit

    def __init__(
        self, path: Path, layout: Layout, size: int | None = None, channels: Literal[1, 3] | None = None
    ) -> None:
        super().__init__(path, layout, size, channels)
        for split in self.splits:
            split.files.sort(key=lambda file: (file.domain, _stem(file).split("/")))  # whatever the suffixes
            _check_partners(split)

    @cached_property
    def notes(self) -> tuple[str, ...]:
        """Notes of ``DomainFolder``, and one where all pairs are of both splits."""
        same = self._layout.train == self._layout.validation
        told = (f"{self.name} has no splits: its pairs were taken for training and for validation images alike",)
        return (*super().notes, *(told if same else ()))


def _stem(file: DomainFile) -> str:
    return os.path.splitext(file.name)[0]


def _check_partners(split: DomainSplit) -> None:
    """Raise where an image of one domain has no image of its name, whatever the suffix, in the other."""
    counts = [Counter(_stem(file) for file in split.files if file.domain == domain) for domain in range(2)]
    for file in split.files:
        if counts[file.domain][_stem(file)] > counts[1 - file.domain][_stem(file)]:
            raise BadInputError(
                f"expected images of equal names in both domains, found no partner in {split.domains[1 - file.domain]} "
                f"of {file}: add it, or remove this one."
            )
