"""Images of domains in folders: StarGAN v2's ``train/DOMAIN`` and ``val/DOMAIN``, CycleGAN's ``trainA`` to ``testB``.

Files may be of any size and colour mode: the official programs convert every image to RGB, and resize it to the size of
the network, whatever its aspect ratio. If all images are greyscale, they may also be used with one channel.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, ClassVar, Literal, NamedTuple, Self

import torch
from torch import Tensor

from ganbench.data import fingerprints
from ganbench.data.decoding import GREY, Header, conversions, described
from ganbench.data.domain_files import DomainFile, Half
from ganbench.data.folder import Folder
from ganbench.errors import BadInputError
from ganbench.images import ResizeMethod, resize

_REMEMBERED = 2**28  # bytes of decoded images kept in memory
_COLOURS = {1: "greyscale", 3: "RGB"}


class Layout(NamedTuple):
    """The layout of folders of one paper's official programs, and how these read images.

    Attributes:
        train: folder of each domain's training images.
        validation: folder of each domain's validation images.
        suffixes: of image files, in the case as given.
        method: that resizes images.
        halves: which half of a file an image of each domain is; empty where files are whole images.
        reading: what the data are read as besides; of pairs, where the same files may be read otherwise.
    """

    train: Mapping[str, Path]
    validation: Mapping[str, Path]
    suffixes: tuple[str, ...]
    method: ResizeMethod
    halves: Mapping[str, Half] = {}
    reading: str = ""


PLAIN = (".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".tif", ".tiff")
CYCLEGAN_SUFFIXES = (*PLAIN, *(suffix.upper() for suffix in PLAIN))


def layout_of(path: Path) -> Layout | None:
    """Return the layout of a folder of domains, recognised by the names of its subfolders; None if it has neither.

    Source: the data loaders of StarGAN v2 and of CycleGAN; AFHQ v2 has ``test`` in place of ``val``.
    """
    parts = {f"{split}{domain}": path / f"{split}{domain}" for split in ("train", "test") for domain in "AB"}
    if any(part.is_dir() for part in parts.values()):
        missing = next((name for name, part in parts.items() if not part.is_dir()), None)
        if missing:
            raise BadInputError(
                f"expected the folders trainA, trainB, testA and testB, found no {missing}: {path}; add it."
            )
        train, test = ({domain: parts[f"{split}{domain}"] for domain in "AB"} for split in ("train", "test"))
        return Layout(train, test, CYCLEGAN_SUFFIXES, "pil-bicubic")
    validation = next((path / name for name in ("val", "test") if (path / name).is_dir()), None)
    if validation is None or not subfolders(path / "train"):
        return None
    suffixes = (".png", ".jpg", ".jpeg", ".JPG")
    return Layout(subfolders(path / "train"), subfolders(validation), suffixes, "pil-bilinear")


def subfolders(path: Path) -> dict[str, Path]:
    """Return the folders in a folder by name, sorted, but for hidden ones; none where there is no such folder.

    Raises:
        BadInputError: the folder cannot be read.
    """
    try:
        found = sorted(path.iterdir()) if path.is_dir() else []
        return {folder.name: folder for folder in found if folder.is_dir() and folder.name[0] != "."}
    except OSError as error:
        raise BadInputError(f"the folder {path} cannot be read ({error.strerror}): check its permissions.") from error


class DomainSplit:
    """The images of one split, domain after domain, each sorted by path; read from disk on demand.

    Attributes:
        name: of the whole data set.
        domains: in the order of their names.
        size: width and height to resize images to; None to keep them as they are, if all have one size.
        splits: all splits of the data set; their images get the same number of channels.
    """

    def __init__(
        self, path: Path, folders: Mapping[str, Path], layout: Layout, size: int | None, channels: int | None
    ) -> None:
        self.name = path.resolve().name
        self._path = path
        self.domains = tuple(folders)
        self.label_dim = len(folders)
        self.size = size
        self._wanted = channels
        self.splits: tuple[DomainSplit, ...] = (self,)
        self._method, self._reading = layout.method, layout.reading
        self._folders = [_folder(domain, folder, layout.suffixes) for domain, folder in folders.items()]
        halves = [layout.halves.get(domain) for domain in folders]
        self.files = [
            DomainFile(place, found, name, halves[place])
            for place, found in enumerate(self._folders)
            for name in found.names
        ]
        self._stamp = self._stamped()
        self._remembered = fingerprints.recall(self._stamp)

    def _stamped(self) -> fingerprints.Stamp:
        """Return the stamp of the files and of how they are resized."""
        files = tuple(
            file._replace(name=f"{folder.path.relative_to(self._path)}/{file.name}")
            for folder in self._folders
            for file in folder.stamp().files
        )
        where = f"{self._path.resolve()}{self._reading} by {self._method} at {self.size} in {self._wanted}"
        return fingerprints.Stamp(where, files)

    def __len__(self) -> int:
        return len(self.files)

    @cached_property
    def names(self) -> list[str]:
        """The paths of the files below the folder, with forward slashes, in the order of the images."""
        return [f"{file.folder.path.relative_to(self._path).as_posix()}/{file.name}" for file in self.files]

    def __getstate__(self) -> dict[str, Any]:
        """Return what another process needs: everything but the images in memory."""
        return {name: value for name, value in self.__dict__.items() if name != "_recent"}

    @cached_property
    def headers(self) -> list[tuple[Header, str]]:
        """The size and colour of every file.

        Raises:
            BadInputError: one is not an image that can be read.
        """
        with ThreadPoolExecutor(fingerprints.THREADS) as pool:
            return list(pool.map(DomainFile.header, self.files))

    @cached_property
    def colours(self) -> Mapping[str, int]:
        """Number of files of each colour, such as ``{"RGB": 1186, "greyscale": 1}``."""
        return dict(self._remembered.colours) if self._remembered else Counter(colour for _, colour in self.headers)

    @cached_property
    def channels(self) -> int:
        """1 if all files of all splits are greyscale and 3 is not requested, else 3."""
        colours = {colour for split in self.splits for colour in split.colours}  # of every file, whatever is wanted
        return self._wanted or (1 if colours <= set(GREY) else 3)

    @cached_property
    def converted(self) -> Mapping[str, int]:
        """Number of files of each colour that are converted to RGB."""
        return {} if self.channels == 1 else {name: n for name, n in sorted(self.colours.items()) if name != "RGB"}

    @cached_property
    def _known(self) -> fingerprints.Known | None:
        """What the cache knows, if it has the same number of channels; a change in another split can alter that."""
        return self._fitting(self._remembered)

    def _fitting(self, known: fingerprints.Known | None) -> fingerprints.Known | None:
        return known if known and known.header.channels == self.channels else None

    @cached_property
    def resolution(self) -> int:
        """Width and height of the images that this data set gives.

        Raises:
            BadInputError: no size was given and the files differ in size or are not square.
        """
        if self.size is not None:
            return self.size
        if self._known:
            return self._known.header.width
        first = self.headers[0][0]
        for file, (each, _) in zip(self.files, self.headers, strict=True):
            size = f"{each.width}x{each.height}"
            if each.width != each.height:
                raise BadInputError(f"expected square images, found {size}: {file}; crop or resize them.")
            if each[:2] != first[:2]:
                raise BadInputError(
                    f"expected images of one size, found {size} beside {first.width}x{first.height}: {file}; "
                    "resize them."
                )
        return first.width

    def images(self, indices: Sequence[int]) -> Tensor:
        """Return ``[N, C, H, W]`` uint8, 0..255.

        Raises:
            BadInputError: an image cannot be decoded.
        """
        return torch.stack([self._recent(self.files[index]) for index in indices])

    def labels(self, indices: Sequence[int]) -> Tensor:
        """Return one-hot domains, ``[N, label_dim]`` float32."""
        return torch.nn.functional.one_hot(self._labels[list(indices)], self.label_dim).float()

    @cached_property
    def fingerprint(self) -> str:
        """The sha256 over pixels, as resized, and labels; the first time, every image is decoded."""
        if self._known:
            return self._known.fingerprint
        with fingerprints.alone(self._stamp):
            known = self._fitting(fingerprints.recall(self._stamp))  # if another process was faster
            return known.fingerprint if known else self._computed()

    def _computed(self) -> str:
        shape = Header(self.resolution, self.resolution, self.channels)
        found = fingerprints.of((len(self), shape.channels, *shape[:2]), self._decoded(), self._labels)
        if self._stamped() == self._stamp:
            colours = tuple(sorted(self.colours.items()))
            fingerprints.remember(self._stamp, fingerprints.Known(found, shape, colours))
        return found

    def changed(self) -> str:
        """Return "" or a sentence; see ``WatchedDataset``."""
        return fingerprints.changed(self._stamp, self._stamped, self._path)

    @cached_property
    def _recent(self) -> Callable[[DomainFile], Tensor]:
        """The decoder, with a cache of recent images: each validation image is read many times."""
        return lru_cache(_REMEMBERED // (self.channels * self.resolution**2))(self._decode)

    @cached_property
    def _labels(self) -> Tensor:
        return torch.tensor([file.domain for file in self.files])

    def _decode(self, file: DomainFile) -> Tensor:
        stored = file.pixels(self.channels)
        if len(stored) != self.channels:
            raise BadInputError(
                f"expected {file} to be {_COLOURS[self.channels]}, as when it was opened, found "
                f"{_COLOURS[len(stored)]}: do not change data during a run."
            )
        size = self.resolution
        return stored if stored.shape[1:] == (size, size) else resize(stored[None], size, self._method)[0]

    def _decoded(self) -> Iterator[Tensor]:
        largest = max(each.width * each.height for each, _ in self.headers)
        return fingerprints.few_at_once(self._decode, self.files, largest)


def _folder(domain: str, path: Path, suffixes: tuple[str, ...]) -> Folder:
    """Return the images of a domain, in the order of the official programs."""
    found = Folder(path)
    found.names = sorted((name for name in found.names if name.endswith(suffixes)), key=lambda name: name.split("/"))
    found.has_labels = False  # the folders are the labels
    if not found.names:
        raise BadInputError(
            f"expected images of the domain {domain!r}, found none: {path}; put PNG or JPEG files there."
        )
    return found


class DomainFolder(DomainSplit):
    """The training images of a folder of domains, with its validation images.

    Attributes:
        split_class: class of the validation images.

    Raises:
        BadInputError: there is only one domain, or one lacks a split or images.
    """

    split_class: ClassVar[type[DomainSplit]] = DomainSplit

    def __init__(
        self, path: Path, layout: Layout, size: int | None = None, channels: Literal[1, 3] | None = None
    ) -> None:
        _check_domains(path, layout)
        super().__init__(path, layout.train, layout, size, channels)
        self._layout = layout
        self.validation = self.split_class(path, layout.validation, layout, size, channels)
        self.splits = self.validation.splits = (self, self.validation)

    def at(self, resolution: int | None = None, channels: int | None = None) -> Self:
        """Return the data set with its images resized; the aspect ratio is not kept, as in the official programs.

        Args:
            resolution: width and height; None for the size that all files share.
            channels: 3 to convert every image to RGB, 1 to take greyscale images as they are; None for 1 if all
                are greyscale, else 3.

        Raises:
            BadInputError: ``channels`` is 1 and a file is not greyscale; or no size is given and there are several.
        """
        sized = type(self)(self._path, self._layout, resolution, 3 if channels == 3 else None)
        if sized.channels != (channels or sized.channels):
            file, colour = next(
                (file, colour)
                for split in sized.splits
                for file, (_, colour) in zip(split.files, split.headers, strict=True)
                if colour not in GREY
            )
            raise BadInputError(
                f"expected greyscale images for this model, found {file} ({described(colour)}): convert all images, "
                "or choose others."
            )
        if sized.resolution != sized.validation.resolution:
            raise BadInputError(
                f"expected training and validation images of one size in {sized.name}, found {sized.resolution} and "
                f"{sized.validation.resolution} pixels: resize them."
            )
        return sized

    def changed(self) -> str:
        """Return "" or a sentence about either split; see ``WatchedDataset``."""
        return super().changed() or self.validation.changed()

    @cached_property
    def notes(self) -> tuple[str, ...]:
        """A note on converted images; see ``NotedDataset``."""
        counts = sum((Counter(split.converted) for split in self.splits), Counter[str]())
        note = conversions(counts, sum(map(len, self.splits)), self.name)
        return (note,) if note else ()

    @cached_property
    def fingerprint(self) -> str:
        """The sha256 over the fingerprints of both splits."""
        return hashlib.sha256(f"{super().fingerprint} {self.validation.fingerprint}".encode()).hexdigest()


def _check_domains(path: Path, layout: Layout) -> None:
    splits = {"train": layout.train, "validation": layout.validation}
    for split, other in (("train", "validation"), ("validation", "train")):
        lacking = next((domain for domain in splits[split] if domain not in splits[other]), None)
        if lacking is not None:
            raise BadInputError(
                f"expected training and validation images of every domain, found no {other} images of {lacking!r}: "
                f"{path}; add some."
            )
    if len(layout.train) < 2:
        raise BadInputError(
            f"expected two or more domains, found only {next(iter(layout.train))!r}: {path}; add another."
        )
